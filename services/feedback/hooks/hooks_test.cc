// Hooks against a real HTTP server that checks every signature.
#include <atomic>
#include <fstream>
#include <functional>
#include <thread>

#include <httplib.h>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/time/clock.h"
#include "common/codec/json.h"
#include "common/process/process.h"
#include "common/sync/mutex.h"
#include "common/webhook/signer.h"
#include "services/feedback/testing/feedback_fixture.h"
#include "tests/support/free_port.h"

namespace cognate::feedback {
namespace {

using test_support::Eventually;
using test_support::HasReason;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

using Events = v1::EventService::Stub;

constexpr char kSecret[] = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

// What one request brought.
struct Received {
  std::string id;
  std::vector<std::string> event_ids;
  std::vector<int64_t> versions;
  std::vector<std::string> sentences;
};

const v1::Value& Member(const v1::Value& object, const std::string& name) {
  static const v1::Value kNone;
  for (const v1::Field& field : object.map_value().fields()) {
    if (field.name() == name) return field.value();
  }
  return kNone;
}

class Endpoint {
 public:
  Endpoint() {
    server_.Post("/hook", [this](const httplib::Request& request, httplib::Response& response) {
      Take(request, response);
    });
    server_.set_keep_alive_max_count(1);
    port_ = server_.bind_to_any_port("127.0.0.1");
    thread_ = std::thread([this] { server_.listen_after_bind(); });
    EXPECT_TRUE(Eventually([this] { return server_.is_running(); }));
  }
  ~Endpoint() {
    server_.stop();
    thread_.join();
  }

  std::string url() const { return absl::StrCat("http://127.0.0.1:", port_, "/hook"); }
  void Answer(int status) { status_ = status; }
  void RetryAfter(int seconds) { retry_after_ = seconds; }
  void OnRequest(std::function<void()> hook) {
    MutexLock lock(&mutex_);
    hook_ = std::move(hook);
  }
  std::vector<Received> received() {
    MutexLock lock(&mutex_);
    return received_;
  }
  size_t requests() { return received().size(); }

 private:
  void Take(const httplib::Request& request, httplib::Response& response) {
    const std::string id = request.get_header_value("webhook-id");
    const std::string secrets[] = {kSecret};
    const auto signer = webhook::Signer::Create(secrets);
    EXPECT_EQ(request.get_header_value("webhook-signature"),
              signer->Sign(id, std::stoll(request.get_header_value("webhook-timestamp")), request.body));
    Received received;
    received.id = id;
    const auto body = codec::ReadJson(request.body);
    EXPECT_OK(body);
    for (const v1::Value& event : Member(Member(*body, "data"), "events").list_value().values()) {
      received.event_ids.push_back(Member(event, "event_id").text_value());
      received.sentences.push_back(Member(event, "sentence").text_value());
      const std::string version = Member(event, "version").text_value();
      received.versions.push_back(version.empty() ? 0 : std::stoll(version));
    }
    std::function<void()> hook;
    {
      MutexLock lock(&mutex_);
      received_.push_back(std::move(received));
      hook = hook_;
    }
    if (hook) hook();
    response.status = status_;
    if (retry_after_ > 0) response.set_header("Retry-After", std::to_string(retry_after_.load()));
    response.set_content("thank you", "text/plain");
  }

  httplib::Server server_;
  int port_ = 0;
  std::thread thread_;
  std::atomic<int> status_ = 200;
  std::atomic<int> retry_after_ = 0;
  Mutex mutex_;
  std::vector<Received> received_ ABSL_GUARDED_BY(mutex_);
  std::function<void()> hook_ ABSL_GUARDED_BY(mutex_);
};

class HooksTest : public FeedbackTest {
 protected:
  HooksTest() : secret_file_(absl::StrCat(testing::TempDir(), "/hook-secret-", RandomHex(8))) {
    std::ofstream(secret_file_) << kSecret << "\n";
  }
  ~HooksTest() override { unlink(secret_file_.c_str()); }

  v1::EventHook Hook(const std::string& id, const std::string& url) const {
    v1::EventHook hook;
    hook.set_name("eventHooks/" + id);
    hook.mutable_endpoint()->set_url(url);
    hook.mutable_endpoint()->add_secrets()->set_file(secret_file_);
    hook.mutable_endpoint()->set_allow_private_addresses(true);
    return hook;
  }
  absl::StatusOr<v1::CreateEventHookResponse> Create(const v1::EventHook& hook) {
    v1::CreateEventHookRequest request;
    *request.mutable_event_hook() = hook;
    return feedback_->Call(&Events::CreateEventHook, request);
  }
  v1::EventHook Get(const std::string& id) {
    v1::GetEventHookRequest request;
    request.set_name("eventHooks/" + id);
    const auto response = feedback_->Call(&Events::GetEventHook, request);
    EXPECT_OK(response);
    return response.ok() ? response->event_hook() : v1::EventHook();
  }
  absl::StatusOr<v1::UpdateEventHookResponse> Update(const v1::EventHook& hook, const std::string& path) {
    v1::UpdateEventHookRequest request;
    *request.mutable_event_hook() = hook;
    request.mutable_update_mask()->add_paths(path);
    return feedback_->Call(&Events::UpdateEventHook, request);
  }
  // As time goes by until the sender takes up what waits.
  bool Comes(const std::function<bool()>& condition, absl::Duration step = absl::Seconds(1)) {
    return Eventually([&] {
      clock_.Advance(step);
      return condition();
    });
  }
  static std::vector<int64_t> Versions(Endpoint& endpoint) {
    std::vector<int64_t> versions;
    for (const Received& received : endpoint.received())
      versions.insert(versions.end(), received.versions.begin(), received.versions.end());
    return versions;
  }
  void ReportOne(int64_t version) {
    EXPECT_OK(Report({Applied(Plan(std::to_string(version), version), version)}));
  }

  const std::string secret_file_;
};

TEST_F(HooksTest, SendsEachEventInOrderAndSigned) {
  Endpoint endpoint;
  Start();
  ReportOne(1);  // before there was a hook
  EXPECT_OK(Create(Hook("site", endpoint.url())));
  for (int64_t version = 2; version <= 30; ++version) ReportOne(version);
  EXPECT_TRUE(Comes([&] { return Versions(endpoint).size() >= 29; }));
  std::vector<int64_t> all;
  for (int64_t version = 2; version <= 30; ++version) all.push_back(version);
  EXPECT_EQ(Versions(endpoint), all);
  EXPECT_TRUE(Comes([&] { return Get("site").has_last_sent_time(); }));
  EXPECT_EQ(Get("site").last_error(), "");
}

TEST_F(HooksTest, ARequestWhoseAnswerWasLostComesAgainAsItWas) {
  Endpoint endpoint;
  Start();
  EXPECT_OK(Create(Hook("site", endpoint.url())));
  std::atomic<bool> holds = true;
  endpoint.OnRequest([&] {
    while (holds) std::this_thread::yield();
  });
  ReportOne(1);
  ReportOne(2);
  EXPECT_TRUE(Comes([&] { return endpoint.requests() == 1; }));
  ReportOne(3);
  // It ends while the endpoint has the request and no answer came.
  Stop();
  holds = false;
  Start();
  EXPECT_TRUE(Comes([&] { return endpoint.requests() >= 3; }));
  const std::vector<Received> received = endpoint.received();
  EXPECT_EQ(received[0].id, received[1].id);
  EXPECT_EQ(received[0].event_ids, received[1].event_ids);
  EXPECT_EQ(received[2].versions, std::vector<int64_t>{3});
}

TEST_F(HooksTest, OneOfTwoServersSends) {
  Endpoint endpoint;
  Start();
  RunningFeedback second(config_, clock_);
  EXPECT_OK(Create(Hook("site", endpoint.url())));
  for (int64_t version = 1; version <= 50; ++version) ReportOne(version);
  EXPECT_TRUE(Comes([&] { return Versions(endpoint).size() >= 50; }));
  absl::flat_hash_set<std::string> ids;
  for (const Received& received : endpoint.received())
    EXPECT_TRUE(ids.insert(received.id).second) << "sent twice";
}

TEST_F(HooksTest, AStormBecomesOneDigest) {
  Endpoint endpoint;
  Start();
  v1::EventHook hook = Hook("site", endpoint.url());
  hook.mutable_digest()->mutable_interval()->set_seconds(60);
  hook.mutable_digest()->set_max_events(3);
  hook.mutable_filter()->add_kinds(v1::EVENT_KIND_RETRY);
  EXPECT_OK(Create(hook));
  EXPECT_TRUE(Comes([&] { return true; }));
  std::vector<v1::Outcome> failed;
  for (int i = 1; i <= 400; ++i) failed.push_back(Failed(Plan(std::to_string(i), i), i));
  EXPECT_OK(Report(failed));
  EXPECT_TRUE(Eventually([&] { return Versions(endpoint).size() >= 3; }) ||
              Comes([&] { return Versions(endpoint).size() >= 3; }));
  EXPECT_TRUE(Comes([&] { return endpoint.requests() >= 2; }));
  const std::vector<Received> received = endpoint.received();
  EXPECT_EQ(received[0].event_ids.size(), 3u);
  ASSERT_EQ(received[1].event_ids.size(), 1u);
  EXPECT_THAT(received[1].sentences[0],
              HasSubstr("397 more deliveries to shop failed within a minute: the message of BUSY."));
}

TEST_F(HooksTest, AnEndpointThatFailsIsTriedAgainAndDelaysNoOther) {
  Endpoint bad;
  Endpoint good;
  bad.Answer(500);
  Start();
  EXPECT_OK(Create(Hook("bad", bad.url())));
  EXPECT_OK(Create(Hook("good", good.url())));
  ReportOne(1);
  EXPECT_TRUE(Comes([&] { return bad.requests() >= 3 && good.requests() == 1; }));
  ReportOne(2);
  EXPECT_TRUE(Comes([&] { return good.requests() == 2; }));
  EXPECT_THAT(Get("bad").last_error(), HasSubstr("the endpoint answered 500: thank you"));
  EXPECT_GT(Get("bad").lag().seconds(), 0);
  bad.Answer(204);
  EXPECT_TRUE(Comes([&] { return Versions(bad).back() == 2; }, absl::Minutes(1)));
  const std::vector<Received> received = bad.received();
  EXPECT_EQ(received.front().id, received[1].id);
  EXPECT_TRUE(Eventually([&] { return Get("bad").last_error().empty(); }));
}

TEST_F(HooksTest, LeavesAnEndpointAloneForAsLongAsItAsks) {
  Endpoint endpoint;
  endpoint.Answer(429);
  endpoint.RetryAfter(3600);
  Start();
  EXPECT_OK(Create(Hook("site", endpoint.url())));
  ReportOne(1);
  EXPECT_TRUE(Comes([&] { return !Get("site").last_error().empty(); }));
  const absl::Time refused = clock_.Now();
  endpoint.Answer(200);
  EXPECT_TRUE(Comes([&] { return endpoint.requests() == 2; }, absl::Seconds(30)));
  EXPECT_GE(clock_.Now() - refused, absl::Minutes(55));
}

TEST_F(HooksTest, AnEndpointThatIsGoneGetsNothingUntilItsHookIsChanged) {
  Endpoint endpoint;
  endpoint.Answer(410);
  Start();
  EXPECT_OK(Create(Hook("site", endpoint.url())));
  ReportOne(1);
  EXPECT_TRUE(Comes([&] { return !Get("site").broken().empty(); }));
  EXPECT_THAT(Get("site").broken(), HasSubstr("410"));
  endpoint.Answer(200);
  EXPECT_OK(Update(Hook("site", endpoint.url()), "endpoint"));
  EXPECT_EQ(Get("site").broken(), "");
  EXPECT_TRUE(Comes([&] { return endpoint.requests() == 2; }));
  EXPECT_EQ(endpoint.received()[0].id, endpoint.received()[1].id);
}

TEST_F(HooksTest, ANewEndpointGetsNoRequestThatWasMadeForTheOldOne) {
  Endpoint before;
  Endpoint after;
  before.Answer(500);
  Start();
  v1::EventHook hook = Hook("site", before.url());
  hook.mutable_endpoint()->set_max_deliveries(1);
  EXPECT_OK(Create(hook));
  ReportOne(1);
  EXPECT_TRUE(Comes([&] { return before.requests() >= 1; }));
  ReportOne(2);
  EXPECT_OK(Update(Hook("site", after.url()), "endpoint"));
  EXPECT_TRUE(Comes([&] { return after.requests() >= 1; }));
  EXPECT_EQ(after.received()[0].versions, (std::vector<int64_t>{1, 2})) << "by what the hook asks for now";
}

TEST_F(HooksTest, SaysWhenEventsWereGoneBeforeTheyWereSent) {
  Endpoint endpoint;
  Start();
  v1::EventHook hook = Hook("site", endpoint.url());
  EXPECT_OK(Create(hook));
  hook.set_is_paused(true);
  EXPECT_OK(Update(hook, "is_paused"));
  ReportOne(1);
  ReportOne(2);
  Stop();
  clock_.Advance(absl::Hours(24 * 8));
  Start();  // Housekeeping deletes what is older than a week.
  EXPECT_TRUE(Eventually([&] { return Get("site").lag().seconds() == 0; }));
  ReportOne(3);
  hook.set_is_paused(false);
  EXPECT_OK(Update(hook, "is_paused"));
  EXPECT_TRUE(Comes([&] { return !Get("site").broken().empty(); }));
  EXPECT_THAT(Get("site").broken(), HasSubstr("deleted before they could be sent"));
  ReportOne(4);
  EXPECT_TRUE(Comes([&] { return endpoint.requests() == 1; }));
  EXPECT_EQ(Versions(endpoint), std::vector<int64_t>{4});
}

TEST_F(HooksTest, IsCreatedListedChangedAndDeleted) {
  Start();
  v1::EventHook hook = Hook("site", "https://example.org/hook");
  hook.mutable_endpoint()->set_allow_private_addresses(false);
  EXPECT_OK(Create(hook));
  EXPECT_THAT(Create(hook), HasReason("EVENT_HOOK_ALREADY_EXISTS"));
  const auto listed = feedback_->Call(&Events::ListEventHooks, v1::ListEventHooksRequest());
  ASSERT_OK(listed);
  EXPECT_EQ(listed->event_hooks_size(), 1);
  hook.set_etag("99");
  EXPECT_THAT(Update(hook, "endpoint"), HasReason("ETAG_MISMATCH"));
  EXPECT_THAT(Update(hook, "broken"), HasReason("ETAG_MISMATCH"));
  hook.clear_etag();
  EXPECT_THAT(Update(hook, "broken"), HasReason("INVALID_FIELD"));
  v1::DeleteEventHookRequest deleted;
  deleted.set_name(hook.name());
  EXPECT_OK(feedback_->Call(&Events::DeleteEventHook, deleted));
  EXPECT_THAT(feedback_->Call(&Events::DeleteEventHook, deleted), HasReason("EVENT_HOOK_NOT_FOUND"));
}

TEST_F(HooksTest, RefusesWhatIsNotFit) {
  Start();
  EXPECT_THAT(Create(Hook("No", "https://example.org")), HasReason("INVALID_FIELD"));
  v1::EventHook plain = Hook("site", "http://example.org");
  plain.mutable_endpoint()->set_allow_private_addresses(false);
  EXPECT_THAT(Create(plain), HasReason("INVALID_FIELD"));
  v1::EventHook open = Hook("site", "https://example.org");
  open.mutable_endpoint()->mutable_secrets(0)->set_value(kSecret);
  EXPECT_THAT(Create(open), HasReason("INVALID_FIELD"));
  v1::EventHook digest = Hook("site", "https://example.org");
  digest.mutable_digest()->mutable_interval()->set_seconds(7200);
  EXPECT_THAT(Create(digest), HasReason("INVALID_FIELD"));
}

TEST_F(HooksTest, ReachesNoPrivateAddressUnlessItMay) {
  Endpoint endpoint;
  Start();
  v1::EventHook hook = Hook("site", absl::StrCat("https", endpoint.url().substr(4)));
  hook.mutable_endpoint()->set_allow_private_addresses(false);
  EXPECT_OK(Create(hook));
  ReportOne(1);
  EXPECT_TRUE(Comes([&] { return !Get("site").last_error().empty(); }));
  EXPECT_THAT(Get("site").last_error(), HasSubstr("ADDRESS_NOT_ALLOWED"));
  EXPECT_EQ(endpoint.requests(), 0u);
}

std::string Contents(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST_F(HooksTest, TheReceiverOfThePageWorks) {
  const std::string page = Contents("docs/events.md");
  const size_t begin = page.find("```python\n");
  ASSERT_NE(begin, std::string::npos);
  const size_t code = begin + std::string("```python\n").size();
  const int port = test_support::FreePort();
  const std::string script = absl::StrCat(secret_file_, ".py");
  std::ofstream(script) << absl::StrReplaceAll(page.substr(code, page.find("```", code) - code),
                                               {{"site.secret", secret_file_}, {"8080", absl::StrCat(port)}});
  process::Command command;
  command.argv = {"python3", script};
  command.log_file = absl::StrCat(script, ".log");
  ASSERT_OK_AND_ASSIGN(process::Process receiver, process::Process::Spawn(command));
  clock_.Set(absl::Now());
  Start();
  EXPECT_OK(Create(Hook("site", absl::StrCat("http://127.0.0.1:", port, "/"))));
  ReportOne(7);
  EXPECT_TRUE(Comes([&] { return Get("site").has_last_sent_time(); })) << Get("site").last_error();
  EXPECT_THAT(Contents(command.log_file), HasSubstr("1.0 public.nations l7 on shop has version 7."));
  receiver.Kill();
  unlink(script.c_str());
  unlink(command.log_file.c_str());
}

}  // namespace
}  // namespace cognate::feedback

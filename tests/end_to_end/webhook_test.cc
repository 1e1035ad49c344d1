// A target that only takes webhooks: records of a real database arrive at a real HTTP endpoint, with ids,
// references and deletes; it fails, is locked, and recovers.
#include <fstream>
#include <map>
#include <set>

#include "services/delivery/webhook_channel/test_endpoint.h"
#include "tests/end_to_end/magazine_and_site.h"

namespace cognate {
namespace {

using delivery::TestEndpoint;
using test_support::Eventually;
using ::testing::HasSubstr;
using Json = TestEndpoint::Json;
using Seen = TestEndpoint::Seen;

// A site that keeps what it is sent, with ids of its own, and counts what it makes twice.
class Site {
 public:
  void Take(const Seen& seen, httplib::Response& response) {
    MutexLock lock(&mutex_);
    TestEndpoint::Reply(seen, response,
                        [&](const Json& delivery) ABSL_NO_THREAD_SAFETY_ANALYSIS { return Apply(delivery); });
  }
  std::string Records(const std::string& model) const {
    MutexLock lock(&mutex_);
    std::string all;
    for (const auto& [id, record] : records_) {
      if (record["model"] == model)
        absl::StrAppend(&all, all.empty() ? "" : "; ", id, " ", record["fields"].dump());
    }
    return all;
  }
  int made() const {
    MutexLock lock(&mutex_);
    return next_ - 1;
  }
  int size() const {
    MutexLock lock(&mutex_);
    return static_cast<int>(records_.size());
  }
  int went_back() const {
    MutexLock lock(&mutex_);
    return went_back_;
  }

 private:
  // It knows its records by their local ids alone, as a simple site does: what comes twice without one is
  // made twice.
  Json Apply(const Json& delivery) {
    std::string id = delivery["local_id"].is_null() ? "" : delivery["local_id"].get<std::string>();
    if (delivery["operation"] == "delete") {
      records_.erase(id);
      return {{"status", "applied"}};
    }
    if (id.empty()) id = absl::StrCat(delivery["model"].get<std::string>().substr(0, 1), next_++);
    const auto known = records_.find(id);
    if (known != records_.end() && known->second["version"] > delivery["version"]) ++went_back_;
    records_[id] = delivery;
    return {{"status", "applied"}, {"local_id", id}};
  }

  mutable Mutex mutex_;
  std::map<std::string, Json> records_;
  int next_ = 1;
  int went_back_ = 0;
};

class WebhookTest : public MagazineAndSite {
 protected:
  WebhookTest() : MagazineAndSite("news", "FIELD_TYPE_TEXT") {}
  void SetUp() override {
    AddMagazine();
    std::ofstream(secret()) << delivery::kTestSecret;
    endpoint_.AnswerWith(
        [this](const Seen& seen, httplib::Response& response) { site_.Take(seen, response); });
  }
  std::string secret() const { return cluster_.directory() + "/news.secret"; }

  void AddSite(const std::vector<std::string>& more = {"--allow-private-addresses"}) {
    std::vector<std::string> words = {"platform",  "create",        "news",
                                      "--agent",   "--capture",     "none",
                                      "--webhook", endpoint_.url(), "--webhook-secret-file",
                                      secret()};
    words.insert(words.end(), more.begin(), more.end());
    const cluster::Cluster::Ran ran = cluster_.Run(words);
    ASSERT_EQ(ran.code, 0) << ran.output;
    PutModels();
  }
  void ExpectSite(const std::string& model, const std::string& wanted) {
    EXPECT_TRUE(Eventually([&] { return site_.Records(model) == wanted; }))
        << "got:  " << site_.Records(model) << "\nwant: " << wanted;
  }
  bool Says(const std::vector<std::string>& words, const std::string& wanted) {
    return Eventually([&] { return absl::StrContains(Cli(words), wanted); });
  }

  TestEndpoint endpoint_;
  Site site_;
};

TEST_F(WebhookTest, RecordsArriveSignedWithReferencesAndDeletes) {
  AddSite();
  AddSyncs();
  Run("INSERT INTO writer (name) VALUES ('Ada'); INSERT INTO article (title, writer_id) VALUES ('On "
      "engines', 1)");
  ExpectSite("person", R"(p1 {"name":"Ada"})");
  ExpectSite("story", R"(s2 {"headline":"On engines","author":"p1"})");
  Run("UPDATE article SET title = 'Notes'");
  ExpectSite("story", R"(s2 {"headline":"Notes","author":"p1"})");
  Run("DELETE FROM article");
  ExpectSite("story", "");
  for (const Seen& seen : endpoint_.seen()) EXPECT_TRUE(seen.is_signed);
}

TEST_F(WebhookTest, AnEndpointInsideIsNotReachedUnlessThatIsAllowed) {
  const cluster::Cluster::Ran plain = cluster_.Run({"platform", "create", "news", "--agent", "--webhook",
                                                    endpoint_.url(), "--webhook-secret-file", secret()});
  EXPECT_NE(plain.code, 0);
  EXPECT_THAT(plain.output, HasSubstr("got http://, want https://"));
  AddSite();
  // A name that is resolved to loopback, after the platform was checked. Nothing is sent before there are
  // syncs.
  const std::string port = endpoint_.url().substr(endpoint_.url().rfind(':'));
  ASSERT_THAT(Cli({"platform", "update", "news", "--webhook", absl::StrCat("https://localhost", port),
                   "--no-private-addresses"}),
              HasSubstr("https://localhost"));
  AddSyncs();
  Run("INSERT INTO writer (name) VALUES ('Ada')");
  EXPECT_TRUE(Says({"status"}, "ADDRESS_NOT_ALLOWED"));
  EXPECT_TRUE(endpoint_.seen().empty());
}

TEST_F(WebhookTest, OneThatIsDownGetsEverythingOnceItIsBack) {
  AddSite();
  AddSyncs();
  Run("INSERT INTO writer (name) VALUES ('Ada')");
  ExpectSite("person", R"(p1 {"name":"Ada"})");
  endpoint_.AnswerWith([](const Seen&, httplib::Response& response) { response.status = 500; });
  Run("UPDATE writer SET name = name || '.'; INSERT INTO writer (name) SELECT 'w' || n FROM "
      "generate_series(1, 50) n");
  EXPECT_TRUE(Says({"status"}, "ENDPOINT_FAILED"));
  for (int i = 0; i < 5; ++i) Run("UPDATE writer SET name = name || '!'");
  endpoint_.AnswerWith([this](const Seen& seen, httplib::Response& response) { site_.Take(seen, response); });
  EXPECT_TRUE(Eventually([&] { return site_.size() == 51; })) << site_.size();
  EXPECT_TRUE(
      Eventually([&] { return absl::StrContains(site_.Records("person"), R"(p1 {"name":"Ada.!!!!!"})"); }));
  EXPECT_EQ(site_.made(), 51) << "a record was made twice";
  EXPECT_EQ(site_.went_back(), 0);
}

TEST_F(WebhookTest, ABadRecordHoldsUpNoOther) {
  AddSite();
  AddSyncs();
  endpoint_.AnswerWith([this](const Seen& seen, httplib::Response& response) {
    for (const Json& delivery : seen.deliveries()) {
      if (delivery["fields"].value("name", "") != "Mallory") continue;
      response.status = 422;
      return response.set_content("no such person", "text/plain");
    }
    site_.Take(seen, response);
  });
  Run("INSERT INTO writer (name) SELECT 'w' || n FROM generate_series(1, 30) n; INSERT INTO writer (name) "
      "VALUES ('Mallory'); "
      "INSERT INTO writer (name) SELECT 'v' || n FROM generate_series(1, 30) n");
  EXPECT_TRUE(Eventually([&] { return site_.size() == 60; })) << site_.size();
  EXPECT_TRUE(Says({"explain", "magazine", "public.writer", "31"}, "no such person"));
}

TEST_F(WebhookTest, NothingGoesToALockedPlatformAndAllOfItAfterwards) {
  AddSite();
  AddSyncs();
  Run("INSERT INTO writer (name) VALUES ('Ada')");
  ExpectSite("person", R"(p1 {"name":"Ada"})");
  EXPECT_THAT(Cli({"platform", "lock", "news", "--reason", "it is being moved"}),
              HasSubstr("it is being moved"));
  EXPECT_TRUE(Says({"status"}, "PLATFORM_LOCKED: it is being moved"));
  endpoint_.Forget();
  Run("INSERT INTO writer (name) VALUES ('Bob'); UPDATE writer SET name = 'Ada L.' WHERE id = 1");
  EXPECT_TRUE(Says({"status"}, "PAUSED"));
  EXPECT_TRUE(endpoint_.seen().empty());
  Cli({"platform", "unlock", "news"});
  ExpectSite("person", R"(p1 {"name":"Ada L."}; p2 {"name":"Bob"})");
}

TEST_F(WebhookTest, NoMoreGoesOutInASecondThanThePlatformTakes) {
  AddSite({"--allow-private-addresses", "--max-rate", "20", "--webhook-records", "5"});
  AddSyncs();
  Run("INSERT INTO writer (name) SELECT 'w' || n FROM generate_series(1, 100) n");
  const absl::Time begin = absl::Now();
  EXPECT_TRUE(Eventually([&] { return site_.size() == 100; })) << site_.size();
  // A second's worth at once, then 80 at 20 a second; what is allowed for is the time before `begin`.
  EXPECT_GT(absl::Now() - begin, absl::Seconds(3));
}

TEST_F(WebhookTest, ASecretIsChangedWithoutALostDelivery) {
  AddSite();
  AddSyncs();
  std::ofstream(cluster_.directory() + "/new.secret") << "whsec_bmV3IHNlY3JldCBvZiB0aGUgbmV3cyBzaXRl";
  Run("INSERT INTO writer (name) VALUES ('Ada')");
  ExpectSite("person", R"(p1 {"name":"Ada"})");
  const std::string shown = Cli({"platform", "update", "news", "--webhook-secret-file",
                                 cluster_.directory() + "/new.secret", "--webhook-secret-file", secret()});
  EXPECT_THAT(shown, HasSubstr("signed with 2 secrets"));
  Run("UPDATE writer SET name = 'Ada L.'");
  ExpectSite("person", R"(p1 {"name":"Ada L."})");
  for (const Seen& seen : endpoint_.seen()) EXPECT_TRUE(seen.is_signed) << "with the old one";
}

}  // namespace
}  // namespace cognate

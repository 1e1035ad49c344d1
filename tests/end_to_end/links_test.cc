// Addresses of the gateway in targets' fields: they lead to the source while that answers, and else to what
// is stored of it.
#include "services/file_transfer/links.h"

#include <cstdio>
#include <cstdlib>
#include <regex>
#include <thread>

#include "cognate/v1/change_capture_service.grpc.pb.h"
#include "common/files/digest.h"
#include "tests/end_to_end/files_fixture.h"
#include "tests/end_to_end/gateway_process.h"

namespace cognate {
namespace {

using test_support::Eventually;
using test_support::HttpAnswer;
using test_support::HttpCall;
using test_support::IsOk;
using test_support::kPatience;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr char kLinkKey[] = "the-key-of-the-links-of-a-test-cluster";
constexpr char kPublicUrl[] = "https://cognate.example";
constexpr char kFallback[] = "mode: FILE_MODE_LINK link_fallback: true";

// As every setting: by the environment.
cluster::Shape WithLinks() {
  setenv("COGNATE_LINK_KEY", kLinkKey, /*replace=*/1);      // NOLINT(concurrency-mt-unsafe)
  setenv("COGNATE_PUBLIC_URL", kPublicUrl, /*replace=*/1);  // NOLINT(concurrency-mt-unsafe)
  return cluster::Shape::kOneEach;
}

// A web server of somebody else's making, in a directory.
class WebServer {
 public:
  WebServer(std::string directory, std::string log) : directory_(std::move(directory)), log_(std::move(log)) {
    Start();
    EXPECT_TRUE(Eventually([&] {
      const std::string text = contract::ReadFile(log_);
      std::smatch found;
      if (!std::regex_search(text, found, std::regex(R"re(port ([0-9]+))re"))) return false;
      port_ = found[1];
      return true;
    })) << contract::ReadFile(log_);
  }

  std::string url() const { return absl::StrCat("http://127.0.0.1:", port_); }
  // At the port where it was.
  void Start() {
    process_ = test_support::ValueOrDie(
        process::Process::Spawn({.argv = {"python3", "-u", "-m", "http.server", "--bind", "127.0.0.1",
                                          "--directory", directory_, port_.empty() ? "0" : port_},
                                 .log_file = log_}));
  }
  void Kill() { process_.Kill(); }
  // It takes connections, and says nothing.
  void Pause() { process_.Signal(SIGSTOP); }
  void Resume() { process_.Signal(SIGCONT); }
  // What it was asked so far.
  int CountOf(const std::string& method) const {
    const std::string text = contract::ReadFile(log_);
    int count = 0;
    for (size_t at = text.find("\"" + method); at != std::string::npos; at = text.find("\"" + method, at + 1))
      ++count;
    return count;
  }

 private:
  const std::string directory_;
  const std::string log_;
  std::string port_;
  process::Process process_;
};

class LinksTest : public FilesTest {
 protected:
  LinksTest() : FilesTest(WithLinks()) {}

  void SetUp() override {
    FilesTest::SetUp();
    web_ = std::make_unique<WebServer>(Site("magazine"), directory_.File("web.log"));
    SetFiles("magazine", absl::StrCat("url: '", web_->url(), "' allow_private_addresses: true"));
    gateway_ = std::make_unique<GatewayProcess>(directory_, Peers(cluster_));
  }

  HttpAnswer Ask(const std::string& address, std::vector<std::string> headers = {},
                 const std::string& method = "GET") const {
    HttpCall call;
    call.url = absl::StrReplaceAll(address, {{kPublicUrl, "http://" + gateway_->address()}});
    call.method = method;
    call.headers = std::move(headers);
    return test_support::HttpClient().Call(call);
  }
  void ExpectStatus(const std::string& address, int status) {
    EXPECT_TRUE(Eventually([&] { return Ask(address).status == status; }))
        << "want " << status << ", got " << Ask(address).status << " " << Ask(address).body.substr(0, 300);
  }
  // Until it is asked for no more.
  void AwaitStored(const std::string& path) {
    auto store = *postgres::Connection::Open(cluster_.postgres().Uri("cognate"));
    EXPECT_TRUE(Eventually([&] {
      return TwoDatabases::Ask(*store,
                               absl::StrCat("SELECT count(*) FROM file_transfer.links WHERE next_look_at IS "
                                            "NULL AND sha256 IS NOT NULL AND path = '",
                                            path, "'")) == "1";
    })) << path;
  }

  test_support::TempDir directory_{"links"};
  std::unique_ptr<WebServer> web_;
  std::unique_ptr<GatewayProcess> gateway_;
};

TEST_F(LinksTest, LeadToTheSourceWhileItAnswersAndElseToWhatIsStored) {
  SyncAuthors(kFallback);
  Put("magazine", "people/ada l.png", Png("ada"));
  Run("INSERT INTO author VALUES (1, 'Ada', 'people/ada l.png')");
  const std::string address = AwaitPictureOf("Ada");
  EXPECT_THAT(address, StartsWith(absl::StrCat(kPublicUrl, "/files/link/")));
  EXPECT_THAT(FilesOf("blog"), ::testing::IsEmpty());
  AwaitStored("people/ada l.png");
  const HttpAnswer there = Ask(address);
  EXPECT_EQ(there.status, 302) << there.body;
  EXPECT_EQ(there.Header("location"), web_->url() + "/people/ada%20l.png");
  EXPECT_THAT(there.Header("cache-control"), HasSubstr("max-age=10"));
  EXPECT_EQ(Ask(there.Header("location")).body, Png("ada"));
  EXPECT_EQ(Ask(address, {}, "HEAD").status, 302);
  EXPECT_EQ(Ask(address, {}, "POST").status, 405);

  web_->Kill();
  ExpectStatus(address, 200);
  const HttpAnswer stored = Ask(address);
  EXPECT_EQ(stored.body, Png("ada"));
  EXPECT_EQ(stored.Header("content-type"), "image/png");
  EXPECT_EQ(stored.Header("content-disposition"), "inline");
  EXPECT_EQ(stored.Header("x-content-type-options"), "nosniff");
  EXPECT_THAT(stored.Header("content-security-policy"), HasSubstr("sandbox"));
  EXPECT_EQ(Ask(address, {"if-none-match: " + stored.Header("etag")}).status, 304);
  EXPECT_EQ(Ask(address, {"range: bytes=1-3"}).body, Png("ada").substr(1, 3));
  EXPECT_EQ(Ask(address, {}, "HEAD").Header("content-length"), absl::StrCat(Png("ada").size()));

  web_->Start();
  ExpectStatus(address, 302);
  Put("magazine", "people/ada l.png", Png("ada, anew"));
  Run("UPDATE author SET name = 'Ada L.' WHERE id = 1");
  EXPECT_EQ(AwaitPictureOf("Ada L."), address) << "the address follows the path";
  EXPECT_EQ(Ask(Ask(address).Header("location")).body, Png("ada, anew"));
  web_->Kill();
  EXPECT_TRUE(Eventually([&] { return Ask(address).body == Png("ada, anew"); }));
}

TEST_F(LinksTest, AFileThatIsGoneAtItsSourceIsStillThere) {
  SyncAuthors(kFallback);
  Put("magazine", "ada.png", Png());
  Run("INSERT INTO author VALUES (1, 'Ada', 'ada.png'), (2, 'Eve', 'none.png')");
  const std::string address = AwaitPictureOf("Ada");
  AwaitStored("ada.png");
  ExpectStatus(address, 302);
  std::filesystem::remove(Site("magazine") + "/ada.png");
  EXPECT_TRUE(Eventually([&] { return Ask(address).body == Png(); }));
  // What never was there: the address is good, and leads to nothing yet.
  const HttpAnswer none = Ask(AwaitPictureOf("Eve"));
  EXPECT_EQ(none.status, 503);
  EXPECT_EQ(cognate::ReasonOf(none), "LINK_NOT_STORED_YET");
  EXPECT_EQ(none.Header("retry-after"), "30");
}

TEST_F(LinksTest, NobodyWaitsForADeadSourceAndManyAskOnce) {
  SyncAuthors(kFallback);
  Put("magazine", "ada.png", Png());
  Run("INSERT INTO author VALUES (1, 'Ada', 'ada.png')");
  const std::string address = AwaitPictureOf("Ada");
  AwaitStored("ada.png");
  const int before = web_->CountOf("HEAD");
  std::vector<std::thread> readers;
  for (int reader = 0; reader < 20; ++reader) {
    readers.emplace_back([&] {
      for (int i = 0; i < 50; ++i) EXPECT_EQ(Ask(address).status, 302);
    });
  }
  for (std::thread& reader : readers) reader.join();
  const int checks = web_->CountOf("HEAD") - before;
  web_->Pause();
  absl::Duration longest;
  EXPECT_TRUE(Eventually([&] {
    const absl::Time begin = absl::Now();
    const int status = Ask(address).status;
    longest = std::max(longest, absl::Now() - begin);
    return status == 200;
  }));
  web_->Resume();
  std::printf("figure links.checks requests=1000 checks=%d longest_ms=%ld\n", checks,
              absl::ToInt64Milliseconds(longest));
  EXPECT_LT(checks, 50);
}

TEST_F(LinksTest, WhatIsForgedOrNotMeantToBeStoredOpensNothing) {
  SyncAuthors(kFallback);
  Put("magazine", "page.svg", "<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>");
  Put("magazine", "plain.svg", "<svg xmlns='http://www.w3.org/2000/svg'/>");
  Run("INSERT INTO author VALUES (1, 'Bad', 'page.svg'), (2, 'Good', 'plain.svg')");
  const std::string bad = AwaitPictureOf("Bad");
  const std::string good = AwaitPictureOf("Good");
  AwaitStored("plain.svg");
  EXPECT_EQ(cognate::ReasonOf(Ask(good + "A")), "LINK_REFUSED");
  EXPECT_EQ(Ask(absl::StrCat(kPublicUrl, "/files/link/")).status, 404);
  EXPECT_EQ(Ask(absl::StrCat(kPublicUrl, "/files/link/../../etc/passwd")).status, 404);
  // Neither kind is taken for the other.
  const file_transfer::Links ours({kLinkKey});
  const std::string token = good.substr(good.rfind('/') + 1);
  EXPECT_EQ(cognate::ReasonOf(Ask(absl::StrCat(kPublicUrl, "/files/", token))), "LINK_REFUSED");
  const std::string expiring = ours.Sign({files::Sha256(Png()), "a", absl::Now() + absl::Hours(1)});
  EXPECT_EQ(cognate::ReasonOf(Ask(absl::StrCat(kPublicUrl, "/files/link/", expiring))), "LINK_REFUSED");
  // Signed, and given to nobody.
  const std::string unknown = ours.SignLasting({"magazine", "secret/plan.pdf"});
  const HttpAnswer secret = Ask(absl::StrCat(kPublicUrl, "/files/link/", unknown));
  EXPECT_EQ(cognate::ReasonOf(secret), "FILE_NOT_FOUND");
  EXPECT_THAT(secret.body, ::testing::Not(HasSubstr("plan")));
  web_->Kill();
  EXPECT_TRUE(Eventually([&] { return cognate::ReasonOf(Ask(bad)) == "LINK_HAS_NO_COPY"; })) << Ask(bad).body;
  ExpectStatus(good, 200);
  EXPECT_EQ(Ask(good).Header("content-type"), "image/svg+xml");
  EXPECT_THAT(Ask(good).Header("content-disposition"), StartsWith("attachment;"));
  // The platform is gone, and its links with it.
  ASSERT_THAT(Do(*registry_, &RegistryStub::DeleteSync, "name: 'syncs/authors'"), IsOk());
  const auto deleted = Do(*registry_, &RegistryStub::DeletePlatform, "name: 'platforms/magazine'");
  if (deleted.ok()) EXPECT_TRUE(Eventually([&] { return cognate::ReasonOf(Ask(good)) == "FILE_NOT_FOUND"; }));
}

TEST_F(LinksTest, ComeBackAsTheSourcesOwnFile) {
  SyncAuthors(kFallback);
  ASSERT_THAT(Do(*registry_, &RegistryStub::CreateSync,
                 "sync { name: 'syncs/back' source_platform: 'blog' source_model: 'public.writer' "
                 "target_platform: 'magazine' target_model: 'public.author' fields { source: 'title' target: "
                 "'name' } fields { source: 'picture' target: 'avatar' file { directory: 'returned' } } }"),
              IsOk());
  Put("magazine", "ada.png", Png("ada"));
  Run("INSERT INTO author VALUES (1, 'Ada', 'ada.png')");
  const std::string address = AwaitPictureOf("Ada");
  ASSERT_THAT(target_->Execute("UPDATE writer SET title = 'Ada Byron'"), IsOk());
  Expect(*source_, "SELECT avatar FROM author WHERE name = 'Ada Byron'", "ada.png");
  Run("UPDATE author SET name = 'Ada King' WHERE name = 'Ada Byron'");
  ExpectTarget("SELECT picture FROM writer WHERE title = 'Ada King'", address);
  EXPECT_THAT(FilesOf("magazine"), ::testing::ElementsAre("ada.png"));
  // A picture of the blog's own comes as a file.
  Put("blog", "uploads/new.png", Png("new"));
  ASSERT_THAT(target_->Execute("UPDATE writer SET picture = 'uploads/new.png'"), IsOk());
  EXPECT_TRUE(Eventually([&] {
    return Has("magazine", TwoDatabases::Ask(*source_, "SELECT avatar FROM author"), Png("new"));
  })) << TwoDatabases::Ask(*source_, "SELECT avatar FROM author");
}

TEST_F(LinksTest, AnAgentsFileIsAlwaysGivenFromTheStore) {
  ASSERT_THAT(Do(*registry_, &RegistryStub::CreatePlatform,
                 "platform { name: 'platforms/till' kind: PLATFORM_KIND_AGENT channel: CHANNEL_AGENT }"),
              IsOk());
  ASSERT_THAT(Do(*registry_, &RegistryStub::PutModels,
                 "platform: 'platforms/till' models { name: 'platforms/till/models/person' model: 'person' "
                 "key_fields: 'id' fields { name: 'id' type: FIELD_TYPE_INTEGER has_default: true } "
                 "fields { name: 'name' type: FIELD_TYPE_TEXT } "
                 "fields { name: 'photo' type: FIELD_TYPE_TEXT nullable: true } }"),
              IsOk());
  ASSERT_THAT(Do(*registry_, &RegistryStub::CreateSync,
                 absl::StrCat("sync { name: 'syncs/till' source_platform: 'till' source_model: 'person' "
                              "target_platform: 'blog' target_model: 'public.writer' fields { source: 'name' "
                              "target: 'title' } fields { source: 'photo' target: 'picture' file { ",
                              kFallback, " } } }")),
              IsOk());
  const auto capture = v1::ChangeCaptureService::NewStub(cluster_.ChannelTo("change-capture"));
  v1::CaptureRequest request = test_support::ParseProto<v1::CaptureRequest>(
      "platform: 'till' changes { change_id: 'c1' model: 'person' local_id: '7' operation: OPERATION_UPDATE "
      "fields { name: 'id' value { int64_value: 7 } } fields { name: 'name' value { text_value: 'Ada' } } }");
  v1::Field& photo = *request.mutable_changes(0)->add_fields();
  photo.set_name("photo");
  photo.mutable_value()->mutable_file_value()->set_sha256(files::Sha256(Png("till")));
  photo.mutable_value()->mutable_file_value()->set_size_bytes(static_cast<int64_t>(Png("till").size()));
  photo.mutable_value()->mutable_file_value()->set_name("Ada.png");
  photo.mutable_value()->mutable_file_value()->set_path("/var/till/7.png");
  ASSERT_THAT(
      grpc_support::Call(*capture, &v1::ChangeCaptureService::Stub::Capture, request, {.timeout = kPatience}),
      IsOk());
  const std::string address = AwaitPictureOf("Ada");
  const HttpAnswer early = Ask(address);
  EXPECT_EQ(early.status, 503);
  EXPECT_EQ(cognate::ReasonOf(early), "LINK_NOT_STORED_YET");
  v1::BatchWriteRequest write;
  write.set_platform("till");
  write.add_files()->set_sha256(files::Sha256(Png("till")));
  write.mutable_files(0)->set_data(Png("till"));
  ASSERT_THAT(grpc_support::Call(*files_, &FilesStub::BatchWrite, write, {.timeout = kPatience}), IsOk());
  ExpectStatus(address, 200);
  EXPECT_EQ(Ask(address).body, Png("till"));
  EXPECT_EQ(Ask(address).Header("content-disposition"), "inline");
}

}  // namespace
}  // namespace cognate

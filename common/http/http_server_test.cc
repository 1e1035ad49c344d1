// The server through its sockets: by bytes of our own, and by libcurl.
#include "common/http/http_server.h"

#include <atomic>
#include <filesystem>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/certificates.h"
#include "tests/support/eventually.h"
#include "tests/support/http_client.h"
#include "tests/support/raw_client.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace cognate::http {
namespace {

using test_support::Eventually;
using test_support::HttpAnswer;
using test_support::HttpCall;
using test_support::HttpClient;
using test_support::RawClient;
using test_support::ValueOrDie;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class HttpServerTest : public ::testing::Test {
 protected:
  // Answers with what it was asked; /wait never, /stream until the test says so.
  void Start(HttpServerOptions options = {}) {
    if (options.addresses.empty()) options.addresses = {"127.0.0.1:0"};
    options.sweep_interval = absl::Milliseconds(10);
    server_ = ValueOrDie(HttpServer::Start(std::move(options), metrics_,
                                           [this](const ExchangePtr& exchange) { Answer(exchange); }));
  }

  void Answer(const ExchangePtr& exchange) {
    const Request& request = exchange->request();
    if (request.path == "/wait") {
      ++waiting_;
      exchange->OnGone([this] { ++gone_; });
      return;
    }
    if (request.path == "/stream") return Stream(exchange, 0);
    exchange->Respond({200,
                       {{"content-type", "text/plain"}, {"x-bad", "a\nb"}},
                       absl::StrCat(request.method, " ", request.path, " ", request.query, " ",
                                    request.body.size(), " ", request.address, " v", request.version)});
  }

  // 64 KiB at a time, each when the one before was taken.
  void Stream(const ExchangePtr& exchange, int sent) {
    if (sent == 0) exchange->Begin(200, {{"content-type", "text/plain"}});
    if (sent == 1000) return exchange->End();
    ++written_;
    exchange->Write(std::string(64 << 10, 'x'), [this, exchange, sent] { Stream(exchange, sent + 1); });
  }

  std::string Url(const std::string& path) const {
    return absl::StrCat("http://127.0.0.1:", server_->port(), path);
  }
  HttpAnswer Call(const std::string& path, const std::string& body, bool http2) {
    HttpCall call;
    call.url = Url(path);
    call.body = body;
    call.http2 = http2;
    return HttpClient().Call(call);
  }

  metrics::Registry metrics_;
  std::atomic<int> waiting_ = 0;
  std::atomic<int> gone_ = 0;
  std::atomic<int> written_ = 0;
  std::unique_ptr<HttpServer> server_;
};

TEST_F(HttpServerTest, AnswersHttp1AndHttp2OnOnePort) {
  Start();
  for (const bool http2 : {false, true}) {
    const HttpAnswer answer = Call("/a?b=c", "body", http2);
    EXPECT_EQ(answer.status, 200) << answer.error;
    EXPECT_EQ(answer.version, http2 ? 2 : 1);
    EXPECT_EQ(answer.body, absl::StrCat("POST /a b=c 4 127.0.0.1 v", http2 ? 2 : 1));
    EXPECT_EQ(answer.Header("content-type"), "text/plain");
    EXPECT_EQ(answer.Header("x-bad"), "") << "a header with a line feed in it";
  }
}

TEST_F(HttpServerTest, CarriesLargeBodiesBothWays) {
  Start();
  for (const bool http2 : {false, true}) {
    EXPECT_THAT(Call("/a", std::string(5 << 20, 'x'), http2).body,
                HasSubstr(absl::StrCat(" ", 5 << 20, " ")));
    EXPECT_EQ(Call("/stream", "", http2).body.size(), size_t{1000} * (64 << 10));
  }
}

TEST_F(HttpServerTest, RefusesALargeBodyInWordsBeforeItHasCome) {
  Start({.max_body_bytes = 1000});
  for (const bool http2 : {false, true}) {
    const HttpAnswer answer = Call("/a", std::string(3 << 20, 'x'), http2);
    EXPECT_EQ(answer.status, 413) << answer.error;
    EXPECT_EQ(answer.body, "the body is too large\n");
  }
  EXPECT_THAT(metrics_.Text(), HasSubstr("cognate_http_refused_total{why=\"body_too_large\"} 2"));
}

TEST_F(HttpServerTest, RefusesLongHeaders) {
  Start({.max_head_bytes = 1000});
  for (const bool http2 : {false, true}) {
    HttpCall call;
    call.url = Url("/a");
    call.http2 = http2;
    call.headers = {absl::StrCat("x: ", std::string(2000, 'x'))};
    EXPECT_EQ(HttpClient().Call(call).status, 431);
  }
}

TEST_F(HttpServerTest, BoundsTheMemoryOfAllBodiesTogether) {
  Start({.max_buffered_bytes = 1 << 20});
  for (const bool http2 : {false, true}) {
    EXPECT_EQ(Call("/a", std::string(2 << 20, 'x'), http2).status, 503);
    EXPECT_EQ(Call("/a", std::string(1 << 19, 'x'), http2).status, 200) << "it is given back";
    EXPECT_EQ(Call("/a", std::string(1 << 19, 'x'), http2).status, 200);
    EXPECT_EQ(Call("/a", std::string(1 << 19, 'x'), http2).status, 200);
  }
}

TEST_F(HttpServerTest, RefusesARequestThatTakesTooLong) {
  Start({.request_timeout = absl::Milliseconds(200)});
  RawClient client(server_->port());
  client.Send("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n12345");
  EXPECT_THAT(client.ReadAll(), AllOf(StartsWith("HTTP/1.1 408 "), HasSubstr("connection: close")));
}

TEST_F(HttpServerTest, ClosesWhatIsIdle) {
  Start({.idle_timeout = absl::Milliseconds(200)});
  RawClient silent(server_->port());
  RawClient served(server_->port());
  served.Send("GET /a HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(silent.ReadAll(), "");
  EXPECT_THAT(served.ReadAll(), StartsWith("HTTP/1.1 200 OK\r\n"));
}

TEST_F(HttpServerTest, AnswersRequestsOfOneConnectionInTheirOrder) {
  Start();
  RawClient client(server_->port());
  client.Send(
      "GET /1 HTTP/1.1\r\nHost: a\r\n\r\nPOST /2 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: "
      "chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\nHEAD /3 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  const std::string answers = client.ReadAll();
  const size_t second = answers.find("POST /2  3 ");
  EXPECT_LT(answers.find("GET /1 "), second);
  EXPECT_NE(second, std::string::npos);
  EXPECT_THAT(answers, EndsWith("\r\n\r\n")) << "a HEAD has no body";
}

TEST_F(HttpServerTest, TellsAClientToGoOnBeforeItsBody) {
  Start();
  RawClient client(server_->port());
  client.Send("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.ReadUntil("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  client.Send("ab");
  EXPECT_THAT(client.ReadUntil("v1"), HasSubstr("POST /a  2 "));
}

TEST_F(HttpServerTest, SpeaksHttp10) {
  Start();
  RawClient client(server_->port());
  client.Send("GET /a HTTP/1.0\r\n\r\n");
  EXPECT_THAT(client.ReadAll(), AllOf(HasSubstr("connection: close"), EndsWith("GET /a  0 127.0.0.1 v1")));
}

TEST_F(HttpServerTest, SaysWhatIsNoHttp) {
  Start();
  RawClient client(server_->port());
  client.Send("hello\r\n\r\n");
  EXPECT_THAT(client.ReadAll(), StartsWith("HTTP/1.1 400 Bad Request\r\n"));
  RawClient broken(server_->port());
  broken.Send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nnot a frame at all, not at all");
  broken.ReadAll();  // GOAWAY, and the end.
  EXPECT_EQ(Call("/a", "", false).status, 200);
}

TEST_F(HttpServerTest, HearsThatAClientHasGone) {
  Start();
  {
    RawClient client(server_->port());
    client.Send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_TRUE(Eventually([&] { return waiting_ == 1; }));
  }
  EXPECT_TRUE(Eventually([&] { return gone_ == 1; }));
  HttpCall call;
  call.url = Url("/wait");
  call.http2 = true;
  call.timeout = absl::Milliseconds(300);
  HttpClient().Call(call);
  EXPECT_TRUE(Eventually([&] { return gone_ == 2; }));
}

TEST_F(HttpServerTest, WritesNoFasterThanTheClientReads) {
  Start();
  RawClient client(server_->port());
  client.Send("GET /stream HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  // What the kernel's buffers take, and then nothing more.
  int before = -1;
  EXPECT_TRUE(Eventually([&] {
    const int now = written_;
    absl::SleepFor(absl::Milliseconds(100));
    return std::exchange(before, now) == now && now > 0;
  }));
  EXPECT_LT(written_, 500);
  client.ReadAll();
  EXPECT_TRUE(Eventually([&] { return written_ == 1000; }));
}

TEST_F(HttpServerTest, EndsAClientThatReadsNothing) {
  Start({.unread_timeout = absl::Milliseconds(200)});
  RawClient client(server_->port());
  client.Send("GET /stream HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(Eventually([&] { return written_ > 0; }));
  EXPECT_TRUE(Eventually([&] { return absl::StrContains(metrics_.Text(), "cognate_http_connections 0"); }));
  EXPECT_LT(written_, 1000);
}

TEST_F(HttpServerTest, BoundsConnectionsInAllAndOfOneAddress) {
  Start({.max_connections = 3, .max_connections_of_address = 2});
  const auto open = [&] {
    auto client = std::make_unique<RawClient>(server_->port());
    client->Send("GET /a HTTP/1.1\r\nHost: a\r\n\r\n");
    return client;
  };
  const auto first = open();
  const auto second = open();
  EXPECT_THAT(first->ReadUntil("\r\n"), HasSubstr("200"));
  EXPECT_THAT(second->ReadUntil("\r\n"), HasSubstr("200"));
  const auto third = open();
  EXPECT_THAT(third->ReadUntil("\r\n"), HasSubstr("429"));
  HttpCall call;
  call.url = Url("/a");
  call.from = "127.0.0.2";
  call.http2 = true;
  EXPECT_THAT(HttpClient().Call(call).status, ::testing::AnyOf(200, 503));
}

TEST_F(HttpServerTest, EndsAConnectionThatOpensRequestsAndDropsThem) {
  Start();
  RawClient client(server_->port());
  std::string flood = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
  flood.append("\0\0\0\4\0\0\0\0\0", 9);
  const auto id = [](uint32_t number) {
    return std::string{static_cast<char>(number >> 24), static_cast<char>(number >> 16),
                       static_cast<char>(number >> 8), static_cast<char>(number)};
  };
  for (uint32_t i = 0; i < 20'000; ++i) {
    flood.append(std::string("\0\0\x0c\1\5", 5) + id(2 * i + 1) +
                 "\x82\x86\x44\x05/wait\x41\x01"
                 "a");
    flood.append(std::string("\0\0\4\3\0", 5) + id(2 * i + 1) + id(8));
  }
  client.Send(flood);
  client.ReadAll();
  EXPECT_TRUE(Eventually([&] { return absl::StrContains(metrics_.Text(), "cognate_http_connections 0"); }));
  EXPECT_LT(waiting_, 5'000);
  EXPECT_EQ(waiting_, gone_);
}

TEST_F(HttpServerTest, AnswersWithTlsAndTakesANewCertificate) {
  test_support::TempDir directory("http");
  const test_support::Authority authority;
  test_support::ReplaceFile(directory.File("ca.pem"), authority.Certificate());
  authority.IssueInto(directory.File("node"));
  Start({.tls = {directory.File("node.pem"), directory.File("node.key"), ""}});
  const auto call = [&](const std::string& ca) {
    HttpCall wanted;
    wanted.url = absl::StrCat("https://127.0.0.1:", server_->port(), "/a");
    wanted.ca_file = ca;
    wanted.http2 = true;
    return HttpClient().Call(wanted);
  };
  EXPECT_EQ(call(directory.File("ca.pem")).version, 2);
  EXPECT_EQ(call(directory.File("ca.pem")).status, 200);
  const test_support::Authority other;
  test_support::ReplaceFile(directory.File("other.pem"), other.Certificate());
  other.IssueInto(directory.File("node"));
  EXPECT_TRUE(Eventually([&] { return call(directory.File("other.pem")).status == 200; }));
  test_support::ReplaceFile(directory.File("node.pem"), "cut off");
  EXPECT_TRUE(Eventually([&] { return call(directory.File("other.pem")).status == 200; }));
}

TEST_F(HttpServerTest, ListensOnASocketOfItsUserAlone) {
  test_support::TempDir directory("http");
  Start({.addresses = {absl::StrCat("unix:", directory.File("http.sock"))}});
  HttpCall call;
  call.url = "http://here/a";
  call.unix_socket = directory.File("http.sock");
  EXPECT_EQ(HttpClient().Call(call).body, "POST /a  0 local v1");
  EXPECT_EQ(std::filesystem::status(call.unix_socket).permissions() & std::filesystem::perms::others_all,
            std::filesystem::perms::none);
}

TEST_F(HttpServerTest, EndsInOrder) {
  Start();
  RawClient idle(server_->port());
  RawClient busy(server_->port());
  busy.Send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(Eventually([&] { return waiting_ == 1; }));
  server_->Drain();
  EXPECT_EQ(idle.ReadAll(), "");
  EXPECT_EQ(gone_, 0) << "what is under way goes on";
  server_->Shutdown();
  EXPECT_EQ(gone_, 1);
  EXPECT_EQ(busy.ReadAll(), "");
}

TEST_F(HttpServerTest, NamesAnAddressThatCannotBeBound) {
  Start();
  const auto second = HttpServer::Start({.addresses = server_->addresses()}, metrics_, [](const auto&) {});
  EXPECT_THAT(std::string(second.status().message()), HasSubstr(server_->addresses().front()));
}

}  // namespace
}  // namespace cognate::http

// Bodies that come in pieces, and answers that wait for their client.
#include <atomic>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/http/body_pace.h"
#include "common/http/http_server.h"
#include "common/sync/mutex.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/eventually.h"
#include "tests/support/http_client.h"
#include "tests/support/raw_client.h"
#include "tests/support/status_matchers.h"

namespace cognate::http {
namespace {

using test_support::Eventually;
using test_support::HttpAnswer;
using test_support::HttpCall;
using test_support::HttpClient;
using test_support::RawClient;
using test_support::ValueOrDie;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class PiecesTest : public ::testing::Test {
 protected:
  // /sum counts the body, /held takes a piece each time that the test lets it, /no answers before the body;
  // /large answers so many MiB.
  void Start(HttpServerOptions options = {}) {
    options.addresses = {"127.0.0.1:0"};
    options.sweep_interval = absl::Milliseconds(10);
    options.is_piecewise = [](const Request& request) { return request.method == "PATCH"; };
    server_ = ValueOrDie(HttpServer::Start(std::move(options), metrics_,
                                           [this](const ExchangePtr& exchange) { Answer(exchange); }));
  }

  void Answer(const ExchangePtr& exchange) {
    const Request& request = exchange->request();
    exchange->OnGone([this] { ++gone_; });
    if (request.path == "/sum") return Sum(exchange, 0, 0);
    if (request.path == "/large") return exchange->Respond({200, {}, std::string(size_t{16} << 20, 'x')});
    if (request.path == "/download") return Download(exchange);
    if (request.path == "/no") return exchange->Respond({409, {}, "no\n"});
    if (request.path == "/cut") Download(exchange);
    MutexLock lock(&mutex_);
    held_ = exchange;
  }

  // With a memory of its own.
  void Download(const ExchangePtr& exchange) {
    const size_t size = size_t{16} << 20;
    exchange->CountIn(downloads_);
    exchange->Begin(200, {{"content-length", absl::StrCat(size)}});
    exchange->Write(std::string(size, 'x'), [exchange] { exchange->End(); });
  }

  void Sum(const ExchangePtr& exchange, size_t bytes, int pieces) {
    exchange->Read([this, exchange, bytes, pieces](const std::string& piece, bool is_last) {
      largest_ = std::max(largest_.load(), piece.size());
      if (!is_last) return Sum(exchange, bytes + piece.size(), pieces + 1);
      exchange->Respond({200, {}, absl::StrCat(bytes + piece.size(), " bytes\n")});
    });
  }

  // What one piece has.
  std::string Take() {
    ExchangePtr exchange;
    EXPECT_TRUE(Eventually([&] {
      MutexLock lock(&mutex_);
      exchange = held_;
      return exchange != nullptr;
    }));
    std::atomic<bool> is_taken = false;
    std::string taken;
    exchange->Read([&](std::string piece, bool is_last) {
      taken = absl::StrCat(piece, is_last ? "." : "");
      is_taken = true;
    });
    EXPECT_TRUE(Eventually([&] { return is_taken.load(); }));
    return taken;
  }
  void RespondHeld() {
    MutexLock lock(&mutex_);
    held_->Respond({200, {}, "done\n"});
  }

  HttpAnswer Call(const std::string& path, const std::string& body, bool http2) {
    HttpCall call;
    call.url = absl::StrCat("http://127.0.0.1:", server_->port(), path);
    call.method = "PATCH";
    call.body = body;
    call.http2 = http2;
    return HttpClient().Call(call);
  }

  metrics::Registry metrics_;
  std::atomic<size_t> largest_ = 0;
  std::atomic<int> gone_ = 0;
  const std::shared_ptr<Memory> downloads_ = std::make_shared<Memory>(size_t{64} << 20);
  Mutex mutex_;
  ExchangePtr held_ ABSL_GUARDED_BY(mutex_);
  std::unique_ptr<HttpServer> server_;
};

constexpr char kHead[] = "PATCH /held HTTP/1.1\r\nHost: a\r\n";

TEST_F(PiecesTest, GivesALargeBodyInSmallPieces) {
  Start({.max_body_bytes = 1000, .max_buffered_bytes = 4 << 20});
  for (const bool http2 : {false, true}) {
    for (const size_t bytes : {size_t{0}, size_t{1}, size_t{100'000}, size_t{20} << 20}) {
      const HttpAnswer answer = Call("/sum", std::string(bytes, 'x'), http2);
      EXPECT_EQ(answer.body, absl::StrCat(bytes, " bytes\n")) << answer.status << " " << answer.error;
    }
  }
  EXPECT_LE(largest_, size_t{1} << 20);
}

TEST_F(PiecesTest, AReaderWhoIsCutOffKeepsNothing) {
  Start({.unread_timeout = absl::Hours(1)});
  RawClient reader(server_->port());
  reader.Send("GET /cut HTTP/1.1\r\nHost: a\r\n\r\n");
  reader.ReadUntil("\r\n\r\n");
  ExchangePtr exchange;
  {
    MutexLock lock(&mutex_);
    exchange = held_;
  }
  EXPECT_GT(downloads_->taken(), 0U);
  exchange->Abort();
  EXPECT_TRUE(Eventually([&] { return downloads_->taken() == 0; }));
  EXPECT_TRUE(Eventually([&] { return absl::StrContains(metrics_.Text(), "cognate_http_connections 0\n"); }));
  EXPECT_LT(reader.ReadAll().size(), size_t{16} << 20);
  EXPECT_EQ(gone_, 0) << "whoever cuts it off knows";
}

TEST_F(PiecesTest, ReadsChunksAndTheNextRequestBehindThem) {
  Start();
  RawClient client(server_->port());
  client.Send("PATCH /sum HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
  client.Send("4\r\ndefg\r\n0\r\n\r\nPATCH /sum HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi");
  EXPECT_THAT(client.ReadUntil("bytes\n"), HasSubstr("7 bytes"));
  EXPECT_THAT(client.ReadUntil("bytes\n"), AllOf(HasSubstr("2 bytes"), Not(HasSubstr("close"))));
}

TEST_F(PiecesTest, GivesWhatHasComeWhenItIsAskedFor) {
  Start();
  RawClient client(server_->port());
  client.Send(absl::StrCat(kHead, "Content-Length: 6\r\nExpect: 100-continue\r\n\r\n"));
  Eventually([&] {
    MutexLock lock(&mutex_);
    return held_ != nullptr;
  });
  client.Send("ab");
  EXPECT_EQ(Take(), "ab");
  EXPECT_THAT(client.ReadUntil("\r\n\r\n"), StartsWith("HTTP/1.1 100 ")) << "when somebody wants the body";
  client.Send("cdef");
  EXPECT_EQ(Take(), "cdef.");
  RespondHeld();
  EXPECT_THAT(client.ReadUntil("done"), StartsWith("HTTP/1.1 200 "));
}

TEST_F(PiecesTest, TakesNoMoreOfAClientThanItGives) {
  Start();
  RawClient client(server_->port());
  client.Send(absl::StrCat(kHead, "Content-Length: 1000000000\r\n\r\n"));
  const int64_t sent = client.SendWhatGoes(std::string(size_t{64} << 20, 'x'));
  EXPECT_LT(sent, int64_t{32} << 20) << "what the kernel's buffers take, and then nothing more";
  EXPECT_EQ(Take().size(), size_t{64} << 10);
}

TEST_F(PiecesTest, AnswersBeforeTheBodyHasCome) {
  Start();
  for (const bool http2 : {false, true}) {
    const HttpAnswer answer = Call("/no", std::string(8 << 20, 'x'), http2);
    EXPECT_EQ(answer.status, 409) << answer.error;
    EXPECT_EQ(answer.body, "no\n");
  }
  RawClient client(server_->port());
  client.Send("PATCH /no HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nab");
  EXPECT_THAT(client.ReadAll(), AllOf(StartsWith("HTTP/1.1 409 "), HasSubstr("connection: close")))
      << "nobody knows where the next request begins";
}

TEST_F(PiecesTest, BoundsABodyThatDoesNotSayHowLongItIs) {
  Start({.max_piecewise_bytes = 100'000});
  for (const bool http2 : {false, true})
    EXPECT_EQ(Call("/sum", std::string(200'000, 'x'), http2).status, 413);
  RawClient client(server_->port());
  client.Send("PATCH /sum HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (int i = 0; i < 20; ++i) client.Send(absl::StrCat("2000\r\n", std::string(0x2000, 'x'), "\r\n"));
  EXPECT_THAT(client.ReadAll(), StartsWith("HTTP/1.1 413 "));
  EXPECT_TRUE(Eventually([&] { return gone_ == 1; })) << "whoever takes the body is told";
}

TEST_F(PiecesTest, EndsABodyThatDrips) {
  Start({.request_timeout = absl::Milliseconds(300)});
  RawClient client(server_->port());
  client.Send("PATCH /sum HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n");
  while (client.Send("x") && !client.HasAnswer()) absl::SleepFor(absl::Milliseconds(20));
  EXPECT_THAT(client.ReadAll(), StartsWith("HTTP/1.1 408 "));
  EXPECT_TRUE(Eventually([&] { return gone_ == 1; }));
}

TEST(BodyPaceTest, CountsTheTimeAloneInWhichTheClientIsWaitedFor) {
  constexpr absl::Duration kPatience = absl::Seconds(60);
  BodyPace pace;
  EXPECT_FALSE(pace.IsTooSlow(absl::Hours(1), kPatience)) << "nobody has asked";
  pace.Ask(absl::Hours(1));
  EXPECT_FALSE(pace.IsTooSlow(absl::Hours(1) + absl::Seconds(59), kPatience));
  EXPECT_TRUE(pace.IsTooSlow(absl::Hours(1) + absl::Seconds(61), kPatience));
  pace.Take(absl::Hours(1) + absl::Seconds(40), 1);
  EXPECT_FALSE(pace.IsTooSlow(absl::Hours(2), kPatience)) << "what has come is being worked on";
  pace.Ask(absl::Hours(2));
  EXPECT_TRUE(pace.IsTooSlow(absl::Hours(2) + absl::Seconds(21), kPatience)) << "a byte is no body";
  pace.Take(absl::Hours(2) + absl::Seconds(10), 64 << 10);
  pace.Ask(absl::Hours(2) + absl::Seconds(10));
  EXPECT_FALSE(pace.IsTooSlow(absl::Hours(2) + absl::Seconds(69), kPatience));
}

TEST_F(PiecesTest, BoundsTheTimeOfABody) {
  Start({.longest_piecewise = absl::Milliseconds(300)});
  RawClient client(server_->port());
  client.Send("PATCH /sum HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000\r\n\r\n");
  const std::string piece(32 << 10, 'x');
  while (client.Send(piece) && !client.HasAnswer()) absl::SleepFor(absl::Milliseconds(20));
  EXPECT_TRUE(Eventually([&] { return gone_ == 1; }));
}

TEST_F(PiecesTest, HearsThatAClientHasGoneInTheMiddle) {
  Start();
  {
    RawClient client(server_->port());
    client.Send(absl::StrCat(kHead, "Content-Length: 10\r\n\r\nab"));
    EXPECT_EQ(Take(), "ab");
  }
  EXPECT_TRUE(Eventually([&] { return gone_ == 1; }));
  HttpCall call;
  call.url = absl::StrCat("http://127.0.0.1:", server_->port(), "/held");
  call.method = "PATCH";
  call.http2 = true;
  call.body = std::string(8 << 20, 'x');
  call.timeout = absl::Milliseconds(300);
  HttpClient().Call(call);
  EXPECT_TRUE(Eventually([&] { return gone_ == 2; }));
}

TEST_F(PiecesTest, CountsAnswersThatWaitForTheirClientsAmongWhatIsBuffered) {
  Start({.max_buffered_bytes = size_t{40} << 20});
  for (const bool http2 : {false, true}) {
    std::vector<std::unique_ptr<RawClient>> readers;
    for (int i = 0; i < 2; ++i) {
      readers.push_back(std::make_unique<RawClient>(server_->port()));
      readers.back()->Send("GET /large HTTP/1.1\r\nHost: a\r\n\r\n");
      EXPECT_THAT(readers.back()->ReadUntil("\r\n"), HasSubstr("200"));
    }
    const HttpAnswer refused = Call("/large", "", http2);
    EXPECT_EQ(refused.status, 503) << refused.body.size();
    readers.clear();
    EXPECT_TRUE(Eventually([&] { return Call("/large", "", http2).status == 200; }))
        << "what is not sent any more is given back";
  }
}

TEST_F(PiecesTest, ReadersOfWhatIsCountedApartKeepNoBodiesOut) {
  Start({.max_buffered_bytes = 4 << 20});
  std::vector<std::unique_ptr<RawClient>> readers;
  for (int i = 0; i < 4; ++i) {
    readers.push_back(std::make_unique<RawClient>(server_->port()));
    readers.back()->Send("GET /download HTTP/1.1\r\nHost: a\r\n\r\n");
  }
  EXPECT_TRUE(Eventually([&] { return downloads_->taken() == size_t{64} << 20; }));
  for (const bool http2 : {false, true}) {
    HttpCall call;
    call.url = absl::StrCat("http://127.0.0.1:", server_->port(), "/no");
    call.method = "POST";
    call.body = std::string(1 << 20, 'x');
    call.http2 = http2;
    EXPECT_EQ(HttpClient().Call(call).status, 409) << "as the handler answers";
  }
  readers.clear();
  EXPECT_TRUE(Eventually([&] { return downloads_->taken() == 0; }));
}

TEST_F(PiecesTest, AnAnswerLargerThanAllMayGoAlone) {
  Start({.max_buffered_bytes = 1 << 20});
  for (const bool http2 : {false, true}) EXPECT_EQ(Call("/large", "", http2).body.size(), size_t{16} << 20);
}

}  // namespace
}  // namespace cognate::http

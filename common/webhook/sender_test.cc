// Against real servers on loopback, good and bad ones.
#include "common/webhook/sender.h"

#include <algorithm>
#include <atomic>
#include <future>
#include <iostream>
#include <memory>
#include <thread>

#include <arpa/inet.h>
#include <httplib.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "tests/support/eventually.h"
#include "tests/support/status_matchers.h"

namespace cognate::webhook {
namespace {

using ::testing::HasSubstr;

class SenderTest : public ::testing::Test {
 protected:
  SenderTest() {
    server_.Post("/echo", [](const httplib::Request& request, httplib::Response& response) {
      response.set_header("x-seen", request.get_header_value("webhook-id"));
      response.set_content(request.body, "application/json");
    });
    server_.Post("/busy", [](const httplib::Request&, httplib::Response& response) {
      response.status = 429;
      response.set_header("Retry-After", "7");
    });
    server_.Post("/moved", [this](const httplib::Request&, httplib::Response& response) {
      response.set_redirect(absl::StrCat("http://127.0.0.1:", port_, "/echo"));
    });
    server_.Post("/long", [](const httplib::Request&, httplib::Response& response) {
      response.set_content(std::string(1 << 16, 'x'), "text/plain");
    });
    // A connection that is kept alive holds its thread.
    server_.set_keep_alive_max_count(1);
    server_.new_task_queue = [] { return new httplib::ThreadPool(32); };
    port_ = server_.bind_to_any_port("0.0.0.0");  // every address of loopback is one more endpoint
    thread_ = std::thread([this] { server_.listen_after_bind(); });
    EXPECT_TRUE(test_support::Eventually([this] { return server_.is_running(); }));
  }
  ~SenderTest() override {
    server_.stop();
    thread_.join();
    if (silent_ >= 0) close(silent_);
  }

  Request To(const std::string& path, std::string body = "{}") const {
    return {absl::StrCat("http://127.0.0.1:", port_, path),
            {{"webhook-id", "m1"}},
            std::move(body),
            absl::Seconds(20)};
  }
  // A port that takes connections and never says a word.
  int SilentPort() {
    silent_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(bind(silent_, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    EXPECT_EQ(listen(silent_, 512), 0);
    socklen_t size = sizeof(address);
    getsockname(silent_, reinterpret_cast<sockaddr*>(&address), &size);
    return ntohs(address.sin_port);
  }
  static absl::StatusOr<Answer> Wait(Sender& sender, Request request) {
    std::promise<absl::StatusOr<Answer>> answered;
    sender.Send(std::move(request),
                [&](absl::StatusOr<Answer> answer) { answered.set_value(std::move(answer)); });
    return answered.get_future().get();
  }

  httplib::Server server_;
  int port_ = 0;
  int silent_ = -1;
  std::thread thread_;
  Sender sender_{{.allow_private_addresses = true, .max_answer = 1'000}};
};

TEST_F(SenderTest, PostsTheBodyWithItsHeadersAndGivesTheAnswer) {
  const absl::StatusOr<Answer> answer = Wait(sender_, To("/echo", "{\"a\":1}"));
  ASSERT_OK(answer.status());
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->body, "{\"a\":1}");
  EXPECT_FALSE(answer->retry_after.has_value());
}

TEST_F(SenderTest, TellsRetryAfter) {
  const absl::StatusOr<Answer> answer = Wait(sender_, To("/busy"));
  ASSERT_OK(answer.status());
  EXPECT_EQ(answer->status, 429);
  EXPECT_EQ(answer->retry_after, absl::Seconds(7));
}

TEST_F(SenderTest, FollowsNoRedirectAndSaysWhereItLeads) {
  const absl::StatusOr<Answer> answer = Wait(sender_, To("/moved"));
  ASSERT_OK(answer.status());
  EXPECT_EQ(answer->status, 302);
  EXPECT_THAT(answer->location, HasSubstr("/echo"));
}

TEST_F(SenderTest, CutsAnAnswerThatIsTooLong) {
  const absl::StatusOr<Answer> answer = Wait(sender_, To("/long"));
  ASSERT_OK(answer.status());
  EXPECT_EQ(answer->status, 200);
  EXPECT_TRUE(answer->is_cut);
  EXPECT_EQ(answer->body.size(), 1'000u);
}

TEST_F(SenderTest, ReachesNoPrivateAddressWhateverItIsCalled) {
  Sender sender({.allow_private_addresses = false});
  for (const std::string host :
       {"127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "2130706433"}) {
    Request request = To("/echo");
    request.url = absl::StrCat("http://", host, ":", port_, "/echo");
    const absl::Status status = Wait(sender, request).status();
    EXPECT_EQ(ErrorReason(status), "ADDRESS_NOT_ALLOWED") << host << ": " << status;
  }
}

TEST_F(SenderTest, TellsApartWhyThereIsNoAnswer) {
  Request request = To("/echo");
  request.url = "http://no-such-host.invalid/";
  EXPECT_EQ(ErrorReason(Wait(sender_, request).status()), "NAME_NOT_RESOLVED");
  request.url = "http://127.0.0.1:1/";
  EXPECT_EQ(ErrorReason(Wait(sender_, request).status()), "CONNECTION_REFUSED");
  request.url = absl::StrCat("https://127.0.0.1:", port_, "/echo");
  EXPECT_EQ(ErrorReason(Wait(sender_, request).status()), "TLS_FAILED");
  request.url = absl::StrCat("http://127.0.0.1:", SilentPort(), "/");
  request.timeout = absl::Milliseconds(200);
  const absl::Status status = Wait(sender_, request).status();
  EXPECT_EQ(ErrorReason(status), "TIMED_OUT");
  EXPECT_THAT(status.message(), HasSubstr("did not answer within 200ms"));
  request.url = "file:///etc/passwd";
  EXPECT_FALSE(Wait(sender_, request).ok());
}

TEST_F(SenderTest, TheHangingOnesHoldNobodyUp) {
  constexpr int kHanging = 100;
  constexpr int kRounds = 40;
  const int silent = SilentPort();
  // They are answered when the sender ends, after this test's body.
  const auto answered = std::make_shared<std::atomic<int>>(0);
  for (int i = 0; i < kHanging; ++i) {
    Request request = To("/");
    request.url = absl::StrCat("http://127.0.0.1:", silent, "/");
    request.timeout = absl::Minutes(5);
    sender_.Send(request, [answered](const absl::StatusOr<Answer>&) { ++*answered; });
  }
  for (int round = 0; round < kRounds; ++round) {
    std::vector<std::promise<absl::StatusOr<Answer>>> answers(5);  // as many as the server's backlog holds
    for (auto& each : answers) {
      sender_.Send(To("/echo"), [&](absl::StatusOr<Answer> answer) { each.set_value(std::move(answer)); });
    }
    for (auto& each : answers) EXPECT_OK(each.get_future().get().status());
  }
  EXPECT_EQ(*answered, 0);
}

// Of requests to `endpoints` addresses of their own, some at a time; in milliseconds.
double P99(Sender& sender, int port, int endpoints, int rounds) {
  constexpr int kAtATime = 4;  // what the test's server takes
  Mutex mutex;
  CondVar answered;
  int under_way = 0;
  std::vector<double> latencies;
  const auto await = [&](int most) ABSL_NO_THREAD_SAFETY_ANALYSIS {
    while (under_way > most) answered.Wait(&mutex);
  };
  for (int i = 0; i < endpoints * rounds; ++i) {
    MutexLock lock(&mutex);
    await(kAtATime - 1);
    ++under_way;
    const int endpoint = i % endpoints;
    Request request{
        absl::StrCat("http://127.1.", endpoint / 250, ".", endpoint % 250 + 1, ":", port, "/echo"),
        {},
        "{}",
        absl::Seconds(20)};
    const absl::Time begin = absl::Now();
    sender.Send(std::move(request), [&, begin](const absl::StatusOr<Answer>& answer) {
      EXPECT_OK(answer.status());
      MutexLock in_answer(&mutex);
      latencies.push_back(absl::ToDoubleMilliseconds(absl::Now() - begin));
      --under_way;
      answered.Signal();
    });
  }
  MutexLock lock(&mutex);
  await(0);
  std::sort(latencies.begin(), latencies.end());
  return latencies[latencies.size() * 99 / 100];
}

TEST_F(SenderTest, AHundredOfFiveHundredEndpointsMayHang) {
  constexpr int kHanging = 100;
  constexpr int kWell = 400;
  constexpr int kRounds = 5;
  const int port = port_;
  const double alone = P99(sender_, port, kWell, kRounds);
  const int silent = SilentPort();
  // They are answered when the sender ends, after this test's body.
  const auto answered = std::make_shared<std::atomic<int>>(0);
  for (int i = 0; i < kHanging; ++i) {
    Request request{absl::StrCat("http://127.0.0.1:", silent, "/"), {}, "{}", absl::Minutes(5)};
    sender_.Send(request, [answered](const absl::StatusOr<Answer>&) { ++*answered; });
  }
  const double beside = P99(sender_, port, kWell, kRounds);
  EXPECT_EQ(*answered, 0);
  std::cout << "figure webhooks.hanging endpoints=" << kHanging + kWell << " hanging=" << kHanging
            << " p99_ratio=" << beside / alone << " p99_ms=" << beside << "\n";
}

TEST_F(SenderTest, ACancelledOneIsAnsweredSoon) {
  Request request = To("/");
  request.url = absl::StrCat("http://127.0.0.1:", SilentPort(), "/");
  request.timeout = absl::Minutes(5);
  std::promise<absl::StatusOr<Answer>> answered;
  const uint64_t id =
      sender_.Send(request, [&](absl::StatusOr<Answer> answer) { answered.set_value(std::move(answer)); });
  sender_.Cancel(id);
  EXPECT_TRUE(absl::IsCancelled(answered.get_future().get().status()));
}

TEST_F(SenderTest, WhatIsUnderWayIsCancelledWhenItEnds) {
  std::promise<absl::StatusOr<Answer>> answered;
  {
    Sender sender({.allow_private_addresses = true});
    Request request = To("/");
    request.url = absl::StrCat("http://127.0.0.1:", SilentPort(), "/");
    sender.Send(request, [&](absl::StatusOr<Answer> answer) { answered.set_value(std::move(answer)); });
  }
  EXPECT_TRUE(absl::IsCancelled(answered.get_future().get().status()));
}

}  // namespace
}  // namespace cognate::webhook

// Against a real server on loopback.
#include "services/gateway/files/source_watch.h"

#include <atomic>
#include <future>
#include <thread>

#include <httplib.h>

#include "absl/strings/str_cat.h"
#include "common/clock/fake_clock.h"
#include "gtest/gtest.h"
#include "tests/support/eventually.h"

namespace cognate::gateway {
namespace {

using test_support::Eventually;

class SourceWatchTest : public ::testing::Test {
 protected:
  SourceWatchTest() { Listen(0); }
  ~SourceWatchTest() override { Stop(); }

  void Listen(int port) {
    server_ = std::make_unique<httplib::Server>();
    server_->Get("/there.*", [this](const httplib::Request& request, httplib::Response&) {
      EXPECT_EQ(request.method, "HEAD");
      ++asked_;
    });
    for (const auto& [path, status] : {std::pair{"/closed", 403}, {"/broken", 502}}) {
      server_->Get(path, [status = status](const httplib::Request&, httplib::Response& response) {
        response.status = status;
      });
    }
    server_->set_keep_alive_max_count(1);
    if (port == 0) {
      port_ = server_->bind_to_any_port("127.0.0.1");
    } else {
      ASSERT_TRUE(server_->bind_to_port("127.0.0.1", port));
    }
    thread_ = std::thread([this] { server_->listen_after_bind(); });
    EXPECT_TRUE(Eventually([this] { return server_->is_running(); }));
  }
  void Stop() {
    server_->stop();
    if (thread_.joinable()) thread_.join();
  }

  std::string At(const std::string& path) const { return absl::StrCat("http://127.0.0.1:", port_, path); }
  bool Ask(const std::string& path, bool allow_private = true) {
    auto answer = std::make_shared<std::promise<bool>>();
    watch_.Ask(At(path), allow_private, [answer](bool answers) { answer->set_value(answers); });
    return answer->get_future().get();
  }

  FakeClock clock_;
  metrics::Registry metrics_;
  SourceWatch watch_{clock_, metrics_};
  std::atomic<int> asked_ = 0;
  int port_ = 0;
  std::unique_ptr<httplib::Server> server_;
  std::thread thread_;
};

TEST_F(SourceWatchTest, TellsWhatCanBeHad) {
  EXPECT_TRUE(Ask("/there"));
  EXPECT_FALSE(Ask("/none"));
  EXPECT_TRUE(Ask("/closed")) << "a browser may have what opens it";
  EXPECT_FALSE(Ask("/broken"));
}

TEST_F(SourceWatchTest, AsksOnceForMany) {
  std::vector<std::future<bool>> answers;
  for (int i = 0; i < 1'000; ++i) {
    auto answer = std::make_shared<std::promise<bool>>();
    answers.push_back(answer->get_future());
    watch_.Ask(At("/there"), true, [answer](bool is_there) { answer->set_value(is_there); });
  }
  for (std::future<bool>& answer : answers) EXPECT_TRUE(answer.get());
  EXPECT_EQ(asked_, 1);
}

TEST_F(SourceWatchTest, AsksAnewBesideWhoeverComes) {
  EXPECT_TRUE(Ask("/there"));
  Stop();
  EXPECT_TRUE(Ask("/there")) << "known a moment ago";
  clock_.Advance(absl::Seconds(30));
  EXPECT_TRUE(Eventually([&] { return !Ask("/there"); }));
  EXPECT_FALSE(Ask("/there, too")) << "the same source";
  Listen(port_);
  EXPECT_TRUE(Eventually([&] {
    clock_.Advance(absl::Seconds(5));
    return Ask("/there");
  }));
}

TEST_F(SourceWatchTest, ASourceThatIsNotThereIsAskedForOneFileAtATime) {
  Stop();
  EXPECT_FALSE(Ask("/there"));
  for (int i = 0; i < 1'000; ++i) EXPECT_FALSE(Ask(absl::StrCat("/there/", i)));
  Listen(port_);
  EXPECT_FALSE(Ask("/there")) << "known a moment ago";
  EXPECT_EQ(asked_, 0);
  clock_.Advance(absl::Seconds(5));
  EXPECT_TRUE(Eventually([&] {
    clock_.Advance(absl::Seconds(4));
    return Ask("/there");
  }));
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(Ask(absl::StrCat("/there/", i))) << i;
}

TEST_F(SourceWatchTest, GoesNowhereInsideUnlessThatIsMeant) {
  EXPECT_FALSE(Ask("/there", /*allow_private=*/false));
  EXPECT_EQ(asked_, 0);
}

TEST_F(SourceWatchTest, KeepsNobodyWaitingWhenItEnds) {
  EXPECT_TRUE(Ask("/there"));
  watch_.Shutdown();
  EXPECT_FALSE(Ask("/there"));
}

}  // namespace
}  // namespace cognate::gateway

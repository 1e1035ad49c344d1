// A name whose addresses change while calls go on, as those of pods do that are replaced. The names are those
// of /etc/hosts, which this program has for itself: it runs with mounts of its own.
#include <cstdio>
#include <fstream>
#include <set>

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "common/grpc/channel.h"
#include "common/grpc/fake_services.h"
#include "common/grpc/host.h"
#include "tests/support/eventually.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace cognate::grpc_support {
namespace {

using ::cognate::test_support::Eventually;
using ::cognate::test_support::ValueOrDie;
using Stub = v1::PlatformRegistryService::Stub;

// Less than the half a minute after which the library asks for a name again by itself: whoever waits for that
// has no replica meanwhile.
constexpr absl::Duration kSoon = absl::Seconds(20);

class Replica {
 public:
  // An address of this machine, and a port; 0 takes a free one.
  Replica(const std::string& host, int port) : host_name_(host), service_(metrics_) {
    service_.handler = [host](const Rpc&, const v1::GetPlatformRequest&) -> absl::StatusOr<v1::Platform> {
      v1::Platform platform;
      platform.set_name(host);
      return platform;
    };
    host_ = ValueOrDie(Host::Start({.addresses = {absl::StrCat(host, ":", port)}}, {&service_}));
  }
  ~Replica() { host_->Shutdown(absl::Seconds(1)); }

  const std::string& name() const { return host_name_; }
  int port() const { return host_->port(); }

 private:
  const std::string host_name_;
  metrics::Registry metrics_;
  FakeRegistry service_;
  std::unique_ptr<Host> host_;
};

class NamesTest : public ::testing::Test {
 protected:
  // Before the library has a thread: these have the mounts of who makes them.
  static void SetUpTestSuite() {
    // The machine's own way to names, which asks nobody beyond the file.
    setenv("GRPC_DNS_RESOLVER", "native", 1);
    directory_ = new test_support::TempDir;
    std::ofstream(directory_->File("hosts")) << "127.0.0.1 localhost\n";
    has_own_names_ = unshare(CLONE_NEWNS) == 0 &&
                     mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
                     mount(directory_->File("hosts").c_str(), "/etc/hosts", nullptr, MS_BIND, nullptr) == 0;
  }
  static void TearDownTestSuite() {
    if (has_own_names_) umount("/etc/hosts");
    delete directory_;
  }
  void SetUp() override {
    if (!has_own_names_) GTEST_SKIP() << "a mount namespace needs root";
  }

  // What is mounted is this file, so it is written where it lies.
  static void Name(const std::vector<const Replica*>& replicas) {
    std::string text = "127.0.0.1 localhost\n";
    for (const Replica* replica : replicas) {
      absl::StrAppend(&text, replica->name(), " replicas.test\n");
    }
    std::ofstream(directory_->File("hosts"), std::ios::trunc) << text;
  }

  static test_support::TempDir* directory_;
  static bool has_own_names_;
};

test_support::TempDir* NamesTest::directory_ = nullptr;
bool NamesTest::has_own_names_ = false;

TEST_F(NamesTest, ReplicasThatAreReplacedOneAfterTheOtherAreFoundAtTheirNewAddresses) {
  auto first = std::make_unique<Replica>("127.71.0.2", 0);
  const int port = first->port();
  auto second = std::make_unique<Replica>("127.71.0.3", port);
  Name({first.get(), second.get()});
  const auto channel = MakeChannel(absl::StrCat("dns:///replicas.test:", port));
  const auto stub = v1::PlatformRegistryService::NewStub(channel);
  const auto ask = [&]() -> std::string {
    auto answer = Call(*stub, &Stub::GetPlatform, v1::GetPlatformRequest(),
                       {.timeout = absl::Seconds(5), .idempotent = true});
    return answer.ok() ? answer->platform().name() : "";
  };
  const auto all_answer = [&](const std::set<std::string>& wanted) {
    std::set<std::string> answered;
    return Eventually(
        [&] {
          answered.insert(ask());
          answered.erase("");
          return answered == wanted;
        },
        kSoon);
  };
  ASSERT_TRUE(all_answer({first->name(), second->name()}));

  const absl::Time began = absl::Now();
  // Each new one is there, and its name known, before an old one goes; the second step comes soon after the
  // first, when the channel has just asked.
  auto third = std::make_unique<Replica>("127.71.0.4", port);
  Name({second.get(), third.get()});
  first.reset();
  EXPECT_TRUE(Eventually([&] { return !ask().empty(); }, kSoon));
  auto fourth = std::make_unique<Replica>("127.71.0.5", port);
  Name({third.get(), fourth.get()});
  second.reset();
  EXPECT_TRUE(all_answer({third->name(), fourth->name()}));
  std::printf("figure roll.names replicas=2 all_new_after_s=%.1f\n",
              absl::ToDoubleSeconds(absl::Now() - began));
}

}  // namespace
}  // namespace cognate::grpc_support

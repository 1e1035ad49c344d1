// Fifty platforms, five of which fail in five ways: the others notice nothing, and the five get everything
// once they are well again.
#include <algorithm>
#include <array>
#include <atomic>
#include <fstream>
#include <iostream>
#include <map>
#include <set>
#include <thread>

#include <httplib.h>
#include <nlohmann/json.hpp>

#include "absl/time/time.h"
#include "common/sync/mutex.h"
#include "tests/end_to_end/two_databases.h"

namespace cognate {
namespace {

using test_support::Eventually;
using test_support::IsOk;
using Json = nlohmann::json;

constexpr int kSites = 50;
constexpr int kItems = 20;  // of each site
constexpr int kChangesPerSecond = 200;
constexpr absl::Duration kRun = absl::Seconds(20);

enum class Fault { kNone, kHangs, kAnswers500, kIsDown, kTakesFiveSeconds, kRevokesTheKey };
constexpr Fault kFaults[] = {Fault::kHangs, Fault::kAnswers500, Fault::kIsDown, Fault::kTakesFiveSeconds,
                             Fault::kRevokesTheKey};
constexpr int kFaulty = std::size(kFaults);  // the first sites

// All sites behind one server, but for the one that is down at times.
class Sites {
 public:
  Sites() {
    port_ = Listen(server_, 0, &thread_);
    lonely_port_ = Listen(*(lonely_ = std::make_unique<httplib::Server>()), 0, &lonely_thread_);
  }
  ~Sites() {
    {
      MutexLock lock(&mutex_);
      faults_ = false;
      changed_.SignalAll();
    }
    if (lonely_ != nullptr) StopLonely();
    server_.stop();
    thread_.join();
  }

  std::string UrlOf(int site) const {
    const bool is_lonely = site < kFaulty && kFaults[site] == Fault::kIsDown;
    return absl::StrCat("http://127.0.0.1:", is_lonely ? lonely_port_ : port_, "/", site);
  }

  void SetFaults(bool faults) {
    {
      MutexLock lock(&mutex_);
      faults_ = faults;
      changed_.SignalAll();
    }
    if (faults == (lonely_ == nullptr)) return;
    if (faults) {
      StopLonely();
    } else {
      Listen(*(lonely_ = std::make_unique<httplib::Server>()), lonely_port_, &lonely_thread_);
    }
  }

  // Items that the site has in another revision than wanted, or not at all.
  int Differing(int site, const std::map<int, int64_t>& wanted) const {
    MutexLock lock(&mutex_);
    int differing = 0;
    for (const auto& [item, revision] : wanted) {
      const auto found = items_[static_cast<size_t>(site)].find(item);
      if (found == items_[static_cast<size_t>(site)].end() || found->second != revision) ++differing;
    }
    return differing;
  }
  // From capture to arrival at the sites that are always well, since the last call; in milliseconds.
  std::vector<double> TakeLatencies() {
    MutexLock lock(&mutex_);
    return std::exchange(latencies_, {});
  }

 private:
  void StopLonely() {
    lonely_->stop();
    lonely_thread_.join();
    lonely_.reset();
  }

  int Listen(httplib::Server& server, int port, std::thread* thread) {
    server.new_task_queue = [] { return new httplib::ThreadPool(80); };
    server.set_keep_alive_timeout(30);
    server.set_tcp_nodelay(true);
    server.Post(R"(/(\d+))", [this](const httplib::Request& request, httplib::Response& response) {
      Take(std::stoi(request.matches[1]), Json::parse(request.body), response);
    });
    if (port == 0)
      port = server.bind_to_any_port("127.0.0.1");
    else
      EXPECT_TRUE(server.bind_to_port("127.0.0.1", port));
    *thread = std::thread([&server] { server.listen_after_bind(); });
    EXPECT_TRUE(Eventually([&] { return server.is_running(); }));
    return port;
  }

  void Take(int site, const Json& body, httplib::Response& response) {
    MutexLock lock(&mutex_);
    switch (faults_ && site < kFaulty ? kFaults[site] : Fault::kNone) {
      case Fault::kHangs:
        while (faults_) changed_.Wait(&mutex_);
        break;
      case Fault::kAnswers500:
        response.status = 500;
        return;
      case Fault::kTakesFiveSeconds:
        for (const absl::Time end = absl::Now() + absl::Seconds(5); faults_ && absl::Now() < end;)
          changed_.WaitFor(&mutex_, end - absl::Now());
        break;
      case Fault::kRevokesTheKey:
        response.status = 401;
        return;
      default:
        break;
    }
    const absl::Time now = absl::Now();
    for (const Json& delivery : body["data"].value("deliveries", Json::array())) {
      int64_t& revision = items_[static_cast<size_t>(site)][delivery["fields"]["code"]];
      revision = std::max<int64_t>(revision, delivery["fields"]["rev"]);
      absl::Time captured;
      std::string error;
      if (site < kFaulty || !absl::ParseTime(absl::RFC3339_full, delivery["capture_time"].get<std::string>(),
                                             &captured, &error))
        continue;
      latencies_.push_back(absl::ToDoubleMilliseconds(now - captured));
    }
  }

  httplib::Server server_;
  std::unique_ptr<httplib::Server> lonely_;
  int port_ = 0, lonely_port_ = 0;
  std::thread thread_, lonely_thread_;
  mutable Mutex mutex_;
  CondVar changed_;
  bool faults_ ABSL_GUARDED_BY(mutex_) = false;
  std::array<std::map<int, int64_t>, kSites> items_ ABSL_GUARDED_BY(mutex_);
  std::vector<double> latencies_ ABSL_GUARDED_BY(mutex_);
};

class IsolationTest : public TwoDatabases {
 protected:
  void SetUp() override {
    ASSERT_TRUE(cluster_.WaitUntilServing());
    registry_ = v1::PlatformRegistryService::NewStub(cluster_.ChannelTo("platform-registry"));
    source_ = AddPlatform("magazine",
                          "CREATE TABLE item (id int PRIMARY KEY, site int NOT NULL, rev bigint NOT NULL)",
                          "capture_mode: CAPTURE_MODE_REPLICATION");
    std::ofstream(cluster_.directory() + "/secret") << "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    for (int site = 0; site < kSites; ++site) AddSite(site);
    // Now: what was captured before a sync was there is for a backfill to bring.
    Run(absl::StrCat("INSERT INTO item SELECT n, n % ", kSites, ", 0 FROM generate_series(0, ",
                     kSites * kItems - 1, ") n"));
  }

  void AddSite(int site) {
    const std::string id = absl::StrCat("site-", site);
    ASSERT_THAT(
        Do(*registry_, &RegistryStub::CreatePlatform,
           absl::StrCat("platform { name: 'platforms/", id,
                        "' kind: PLATFORM_KIND_AGENT capture_mode: CAPTURE_MODE_NONE webhook { url: '",
                        sites_.UrlOf(site), "' allow_private_addresses: true secrets { file: '",
                        cluster_.directory(), "/secret' } } }")),
        IsOk());
    ASSERT_THAT(Do(*registry_, &RegistryStub::PutModels,
                   absl::StrCat("platform: 'platforms/", id, "' models { name: 'platforms/", id,
                                "/models/thing' model: 'thing' key_fields: 'id' "
                                "fields { name: 'id' type: FIELD_TYPE_TEXT has_default: true } "
                                "fields { name: 'code' type: FIELD_TYPE_INTEGER size_bits: 64 } "
                                "fields { name: 'rev' type: FIELD_TYPE_INTEGER size_bits: 64 } }")),
                IsOk());
    ASSERT_THAT(
        Do(*registry_, &RegistryStub::CreateSync,
           absl::StrCat("sync { name: 'syncs/to-", id,
                        "' source_platform: 'magazine' source_model: 'public.item' target_platform: '", id,
                        "' target_model: 'thing' filter: 'site = ", site,
                        "' fields { source: 'id' target: 'code' } fields { source: 'rev' target: 'rev' } }")),
        IsOk());
  }

  // What each site is to have.
  std::map<int, int64_t> WantedAt(int site) {
    std::map<int, int64_t> wanted;
    const auto rows = source_->QueryText(absl::StrCat("SELECT id, rev FROM item WHERE site = ", site));
    for (int row = 0; row < rows->size(); ++row)
      wanted[std::stoi(std::string(rows->GetText(row, 0)))] = std::stoll(std::string(rows->GetText(row, 1)));
    return wanted;
  }
  int DifferingAt(int site) { return sites_.Differing(site, WantedAt(site)); }
  int Converged(int begin, int end, absl::Duration patience) {
    int converged = 0;
    const absl::Time until = absl::Now() + patience;
    for (int site = begin; site < end; ++site) {
      converged +=
          Eventually([&] { return DifferingAt(site) == 0; }, std::max(until - absl::Now(), absl::Seconds(1)));
    }
    return converged;
  }

  // The 99th percentile at the sites that are well, while changes come at their pace.
  double RunAndMeasure() {
    sites_.TakeLatencies();
    const absl::Time begin = absl::Now();
    int64_t written = 0;
    while (absl::Now() - begin < kRun) {
      const auto due = static_cast<int64_t>(absl::ToDoubleSeconds(absl::Now() - begin) * kChangesPerSecond);
      for (; written < due; ++written, ++next_)
        Run(absl::StrCat("UPDATE item SET rev = rev + 1 WHERE id = ", next_ * 7919 % (kSites * kItems)));
      absl::SleepFor(absl::Milliseconds(2));  // the pace
    }
    EXPECT_EQ(Converged(kFaulty, kSites, absl::Minutes(5)), kSites - kFaulty);
    std::vector<double> latencies = sites_.TakeLatencies();
    std::sort(latencies.begin(), latencies.end());
    EXPECT_FALSE(latencies.empty());
    return latencies.empty() ? 0 : latencies[latencies.size() * 99 / 100];
  }

  Sites sites_;
  int64_t next_ = 0;
};

TEST_F(IsolationTest, FiveOfFiftyFailAndTheOthersNoticeNothing) {
  ASSERT_EQ(Converged(0, kSites, absl::Minutes(5)), kSites);
  const double alone = RunAndMeasure();
  const int64_t resident_before = cluster_.ResidentBytes();
  sites_.SetFaults(true);
  const double beside = RunAndMeasure();
  const int64_t resident_after = cluster_.ResidentBytes();
  sites_.SetFaults(false);
  const int recovered = Converged(0, kFaulty, absl::Minutes(5));
  int lost = 0;
  for (int site = 0; site < kSites; ++site) lost += DifferingAt(site);
  std::cout << "figure isolation.fifty_platforms p99_ratio=" << beside / alone << " p99_ms=" << beside
            << " lost=" << lost << " recovered=" << recovered << " of=" << kFaulty
            << " rss_growth_mib=" << (resident_after - resident_before) / (1 << 20) << "\n";
  EXPECT_EQ(recovered, kFaulty);
  EXPECT_EQ(lost, 0);
}

}  // namespace
}  // namespace cognate

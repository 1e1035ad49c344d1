#include <algorithm>
#include <atomic>
#include <fstream>
#include <thread>

#include <unistd.h>

#include "absl/time/clock.h"
#include "services/change_capture/test_capture.h"
#include "tests/support/temp_dir.h"

namespace cognate::change_capture {
namespace {

// Ten fields, about 500 bytes.
v1::Change TenFields(int64_t number) {
  v1::Change change;
  change.set_change_id(absl::StrCat(number));
  change.set_model("item");
  change.set_local_id(absl::StrCat(number % 97));
  change.set_operation(v1::OPERATION_UPDATE);
  const std::string text(96, 'x');
  const v1::Fields more = value::Fields({{"id", value::Int(number % 97)},
                                         {"name", value::Text(absl::StrCat(number))},
                                         {"price", value::Decimal("1234.50")},
                                         {"made", value::Date("2026-02-28")},
                                         {"photo", value::Bytes("0123456789")},
                                         {"colour", value::Text(text)},
                                         {"maker", value::Text(text)},
                                         {"place", value::Text(text)},
                                         {"note", value::Text(text)},
                                         {"count", value::Int(7)}});
  for (const v1::Field& field : more.fields()) *change.add_fields() = field;
  return change;
}

// Seconds of CPU that a process has used.
double CpuSeconds(int64_t pid) {
  std::ifstream file(absl::StrCat("/proc/", pid, "/stat"));
  std::string word;
  int64_t user = 0;
  int64_t system = 0;
  for (int i = 0; i < 13; ++i) file >> word;
  file >> user >> system;
  return static_cast<double>(user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

// CPU of the service and of its connections' backends.
class CostTest : public ProgramFixture {
 protected:
  static constexpr int kRounds = 200;

  void SetUp() override {
    ProgramFixture::SetUp();
    capture_.reset();
    const std::string socket = folder_.File("capture.sock");
    program_ = StartProgram(socket);
    stub_ = v1::ChangeCaptureService::NewStub(grpc_support::MakeChannel("unix:" + socket));
    for (int round = 0; round < kRounds; ++round) {
      std::vector<v1::Change> changes;
      for (int i = 0; i < 100; ++i) changes.push_back(TenFields(round * 100 + i));
      requests_.push_back(Request(std::move(changes)));
    }
    ASSERT_TRUE(Eventually([&] { return Capture(requests_[0]).ok(); }));
    watcher_ = ValueOrDie(postgres::Connection::Open(database_));
    service_ = -CpuSeconds(program_.pid());
    backends_ = -BackendSeconds();
    start_ = absl::Now();
  }

  double BackendSeconds() {
    double seconds = 0;
    const auto rows = ValueOrDie(watcher_->QueryOnce(
        "SELECT pid::int8 FROM pg_stat_activity WHERE application_name = 'cognate-change-capture'",
        postgres::Params()));
    for (int row = 0; row < rows.size(); ++row) seconds += CpuSeconds(rows.GetInt64(row, 0));
    return seconds;
  }

  void Report(const char* name) {
    constexpr double kChanges = (kRounds - 1) * 100;
    const double elapsed = absl::ToDoubleSeconds(absl::Now() - start_);
    const double service = 1e6 * (service_ + CpuSeconds(program_.pid())) / kChanges;
    const double backends = 1e6 * (backends_ + BackendSeconds()) / kChanges;
    EXPECT_EQ(Number("SELECT count(*) FROM change_capture.changes"), kRounds * 100);
    std::printf(
        "figure %s batch=100 bytes=%zu service_us_per_change=%.1f postgres_us_per_change=%.1f "
        "changes_per_second=%.0f\n",
        name, requests_[0].changes(0).ByteSizeLong(), service, backends, kChanges / elapsed);
  }

  test_support::TempDir folder_{"cgc"};
  process::Process program_;
  std::vector<v1::CaptureRequest> requests_;
  std::unique_ptr<postgres::Connection> watcher_;
  double service_ = 0;
  double backends_ = 0;
  absl::Time start_;
};

TEST_F(CostTest, OfChangesInCalls) {
  std::atomic<size_t> next{1};
  std::vector<std::thread> callers;
  for (int caller = 0; caller < 4; ++caller) {
    callers.emplace_back([&] {
      for (size_t i = next++; i < requests_.size(); i = next++) EXPECT_OK(Capture(requests_[i]));
    });
  }
  for (std::thread& caller : callers) caller.join();
  Report("capture.cost_in_calls");
}

TEST_F(CostTest, OfASingleChangeInTime) {
  std::vector<double> milliseconds;
  for (int64_t i = 0; i < 300; ++i) {
    const absl::Time sent = absl::Now();
    ASSERT_OK(Capture({TenFields(1'000'000 + i)}));
    milliseconds.push_back(absl::ToDoubleMilliseconds(absl::Now() - sent));
  }
  std::sort(milliseconds.begin(), milliseconds.end());
  std::printf("figure capture.latency changes=300 p50_ms=%.2f p99_ms=%.2f\n", milliseconds[150],
              milliseconds[297]);
}

TEST_F(CostTest, OfChangesInAStream) {
  grpc::ClientContext context;
  auto stream = stub_->CaptureStream(&context);
  std::thread reader([&] {
    v1::CaptureStreamResponse response;
    while (stream->Read(&response)) EXPECT_EQ(response.refused_size(), 0);
  });
  v1::CaptureStreamRequest request;
  for (size_t i = 1; i < requests_.size(); ++i) {
    request.set_sequence(static_cast<int64_t>(i));
    request.set_platform("shop");
    request.mutable_changes()->Swap(requests_[i].mutable_changes());
    ASSERT_TRUE(stream->Write(request));
  }
  stream->WritesDone();
  reader.join();
  EXPECT_TRUE(stream->Finish().ok());
  Report("capture.cost_in_a_stream");
}

}  // namespace
}  // namespace cognate::change_capture

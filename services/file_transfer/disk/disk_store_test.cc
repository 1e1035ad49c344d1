#include "services/file_transfer/disk/disk_store.h"

#include <barrier>
#include <memory>
#include <vector>

#include "common/clock/clock.h"
#include "common/worker/worker.h"
#include "gmock/gmock.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace cognate::file_transfer {
namespace {

TEST(DiskStoreTest, ProcessesThatBeginAStoreAtTheSameMomentAllHaveIt) {
  constexpr int kProcesses = 8;
  for (int round = 0; round < 25; ++round) {
    const test_support::TempDir directory;
    const Uuid store_id = test_support::ValueOrDie(Uuid::Parse("018f3c2e-1111-7000-8000-000000000001"));
    std::barrier moment(kProcesses);
    std::vector<absl::Status> opened(kProcesses);
    std::vector<std::unique_ptr<Worker>> processes;
    for (absl::Status& status : opened) {
      processes.push_back(std::make_unique<Worker>("process", [&](StopToken&) {
        moment.arrive_and_wait();
        status = DiskStore::Open(directory.File("store"), store_id, /*is_new=*/true, Clock::Real()).status();
      }));
    }
    for (const auto& process : processes) process->Stop();
    EXPECT_THAT(opened, ::testing::Each(test_support::IsOk()));
    EXPECT_OK(DiskStore::Open(directory.File("store"), store_id, /*is_new=*/false, Clock::Real()).status());
  }
}

}  // namespace
}  // namespace cognate::file_transfer

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

class PacksTest : public ::testing::Test {
 protected:
  // As another process.
  std::unique_ptr<DiskStore> Open() {
    return test_support::ValueOrDie(
        DiskStore::Open(directory_.File("store"), store_id_, /*is_new=*/true, Clock::Real()));
  }
  int64_t PackOne(DiskStore& store) {
    return test_support::ValueOrDie(store.Pack({"a small content"})).places[0].pack;
  }

  const test_support::TempDir directory_;
  const Uuid store_id_ = test_support::ValueOrDie(Uuid::Parse("018f3c2e-1111-7000-8000-000000000001"));
};

TEST_F(PacksTest, NothingComesIntoAPackThatWasEmptied) {
  const int64_t pack = PackOne(*Open());
  EXPECT_EQ(PackOne(*Open()), pack);
  const absl::Time before = absl::Now() - absl::Minutes(1);
  ASSERT_OK(Open()->SetEmptied(pack));
  EXPECT_NE(PackOne(*Open()), pack);
  const auto packs = test_support::ValueOrDie(Open()->ListPacks());
  ASSERT_EQ(packs.size(), 2u);
  for (const BlobStore::PackFile& one : packs) {
    EXPECT_EQ(one.emptied_at.has_value(), one.number == pack);
    if (one.emptied_at) EXPECT_GT(*one.emptied_at, before);
  }
  ASSERT_OK(Open()->RemovePack(pack));
  EXPECT_EQ(test_support::ValueOrDie(Open()->ListPacks()).size(), 1u);
}

}  // namespace
}  // namespace cognate::file_transfer

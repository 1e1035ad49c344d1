#include "services/file_transfer/disk/disk_store.h"

#include <barrier>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include <fcntl.h>

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
  const auto packs = test_support::ValueOrDie(Open()->ListPacks([] { return false; }));
  ASSERT_EQ(packs.size(), 2u);
  for (const BlobStore::PackFile& one : packs) {
    EXPECT_EQ(one.emptied_at.has_value(), one.number == pack);
    if (one.emptied_at) EXPECT_GT(*one.emptied_at, before);
  }
  ASSERT_OK(Open()->RemovePack(pack));
  EXPECT_EQ(test_support::ValueOrDie(Open()->ListPacks([] { return false; })).size(), 1u);
}

// How this process has a file open that is not closed: O_RDONLY, O_WRONLY, O_RDWR; none: not at all.
std::vector<int> ModesOf(const std::string& path) {
  std::vector<int> modes;
  for (const auto& handle : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code gone;
    if (std::filesystem::read_symlink(handle.path(), gone) != path || gone) continue;
    const int flags = fcntl(std::stoi(handle.path().filename().string()), F_GETFL);
    modes.push_back(flags & O_ACCMODE);
  }
  return modes;
}

TEST_F(PacksTest, APackIsHeldByAHandleThatMayWriteAsNfsWantsIt) {
  const int64_t pack = PackOne(*Open());
  const auto store = Open();
  const auto hold = test_support::ValueOrDie(store->HoldPack(pack));
  ASSERT_NE(hold, nullptr);
  EXPECT_THAT(ModesOf(PackWriter::PathOf(directory_.File("store/packs"), pack)),
              ::testing::ElementsAre(O_RDWR));
  EXPECT_EQ(test_support::ValueOrDie(Open()->HoldPack(pack)), nullptr);
}

TEST_F(PacksTest, AFileThatCannotBeLockedIsNoneThatSomebodyElseHas) {
  const std::string path = directory_.File("file");
  std::ofstream(path) << "x";
  const File file = test_support::ValueOrDie(File::Open(path, O_RDWR));
  const File other = test_support::ValueOrDie(File::Open(path, O_RDWR));
  const File no_file = test_support::ValueOrDie(File::Open(path, O_PATH));
  EXPECT_THAT(file.TryLock(), test_support::IsOkAndHolds(true));
  EXPECT_THAT(other.TryLock(), test_support::IsOkAndHolds(false));
  EXPECT_THAT(no_file.TryLock(), test_support::HasReason("STORE_UNAVAILABLE"));
}

}  // namespace
}  // namespace cognate::file_transfer

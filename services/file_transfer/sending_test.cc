// What becomes of local files that change, or may not be read, while a client sends them.
#include <array>
#include <filesystem>
#include <fstream>
#include <map>

#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/files/upload_client.h"
#include "common/worker/worker.h"
#include "services/file_transfer/testing/files_fixture.h"

namespace cognate::file_transfer {
namespace {

using test_support::Eventually;
using test_support::HasReason;
using ::testing::ElementsAre;
using ::testing::SizeIs;

// This thread, and those that it begins, may read what anybody may, also where they are root's.
class WithoutRootsRights {
 public:
  WithoutRootsRights() {
    EXPECT_EQ(syscall(SYS_capget, &header_, was_.data()), 0);
    auto now = was_;
    now[0].effective &= ~((1U << CAP_DAC_OVERRIDE) | (1U << CAP_DAC_READ_SEARCH));
    EXPECT_EQ(syscall(SYS_capset, &header_, now.data()), 0);
  }
  ~WithoutRootsRights() { EXPECT_EQ(syscall(SYS_capset, &header_, was_.data()), 0); }

 private:
  __user_cap_header_struct header_ = {_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, 2> was_ = {};
};

class SendingTest : public FilesTest {};

TEST_F(SendingTest, FailsAFileThatIsWrittenToWhileItIsSentAndNoOther) {
  const std::string changing = directory_.File("changing"), calm = directory_.File("calm");
  std::ofstream(changing) << RandomContent(30'000'000, 13);
  std::ofstream(calm) << RandomContent(3'000'000, 14);
  files::UploadClient client(stub(), {.platform = "shop", .calls = 1, .probe_bytes = 1});
  Worker writer("writer", [&](StopToken& stop) {
    while (!stop.WaitFor(absl::Milliseconds(1))) std::ofstream(changing, std::ios::app) << "more";
  });
  std::vector<absl::Status> statuses;
  ASSERT_OK(client.PutAll({changing, calm}, [&](const files::UploadedFile& file) {
    statuses.push_back(file.status);
    return true;
  }));
  writer.Stop();
  ASSERT_THAT(statuses, SizeIs(2));
  EXPECT_THAT(statuses[0], HasReason("FILE_CHANGED"));
  EXPECT_OK(statuses[1]);
}

TEST_F(SendingTest, FailsAFileThatMayNotBeReadAndNoOther) {
  const std::string tree = directory_.File("tree");
  std::filesystem::create_directories(tree + "/closed");
  std::ofstream(tree + "/closed/inside") << "inside";
  for (const char* name : {"/a", "/b", "/c"}) std::ofstream(tree + name) << name;
  std::filesystem::permissions(tree + "/b", std::filesystem::perms::none);
  std::filesystem::permissions(tree + "/closed", std::filesystem::perms::none);
  const WithoutRootsRights as_anybody;
  std::vector<std::string> skipped;
  ASSERT_OK_AND_ASSIGN(const std::vector<std::string> paths,
                       files::FilesBelow(tree, [&](const std::string& directory, const absl::Status& why) {
                         EXPECT_THAT(why, HasReason("FILE_UNREADABLE"));
                         skipped.push_back(directory);
                       }));
  EXPECT_THAT(skipped, ElementsAre(tree + "/closed"));
  EXPECT_THAT(paths, ElementsAre(tree + "/a", tree + "/b", tree + "/c"));
  files::UploadClient client(stub(), {.platform = "shop", .calls = 1});
  std::map<std::string, absl::Status> statuses;
  EXPECT_OK(client.PutAll(paths, [&](const files::UploadedFile& file) {
    statuses[file.path] = file.status;
    return true;
  }));
  ASSERT_THAT(statuses, SizeIs(3));
  EXPECT_THAT(statuses[tree + "/b"], HasReason("FILE_UNREADABLE"));
  EXPECT_OK(statuses[tree + "/a"]);
  EXPECT_OK(statuses[tree + "/c"]);
  EXPECT_TRUE(Has("/c"));
}

TEST_F(SendingTest, FailsASmallFileThatIsWrittenToWhileItIsRead) {
  const std::string path = directory_.File("small"), begun = directory_.File("begun");
  std::ofstream(path) << RandomContent(300'000, 15);
  Worker writer("writer", [&](StopToken& stop) {
    while (!stop.stopping()) {
      std::ofstream file(begun);
      file << RandomContent(300'000, 15) << std::flush;
      std::filesystem::rename(begun, path);
      for (int i = 0; i < 100'000 && !stop.stopping(); ++i) file << "+" << std::flush;
    }
  });
  files::UploadClient client(stub(), {.platform = "shop"});
  absl::Status status;
  EXPECT_TRUE(Eventually([&] {
    EXPECT_OK(client.PutAll({path}, [&](const files::UploadedFile& file) {
      status = file.status;
      return true;
    }));
    return !status.ok();
  }));
  writer.Stop();
  EXPECT_THAT(status, HasReason("FILE_CHANGED"));
}

}  // namespace
}  // namespace cognate::file_transfer

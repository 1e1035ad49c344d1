// How little travels, and how little memory it takes.
#include <cstdio>
#include <fstream>

#include <fcntl.h>
#include <sys/stat.h>

#include "common/files/chunker.h"
#include "common/files/upload_client.h"
#include "common/sync/mutex.h"
#include "services/file_transfer/testing/files_fixture.h"
#include "services/file_transfer/testing/files_process.h"

namespace cognate::file_transfer {
namespace {

using test_support::Eventually;
using test_support::IsOkAndHolds;
using ::testing::Lt;

class TransferTest : public FilesTest {
 protected:
  files::UploadClient Client(int64_t probe_bytes = 64 << 20) {
    return files::UploadClient(stub(), {.platform = "shop", .calls = 3, .probe_bytes = probe_bytes});
  }

  static void Write(const std::string& path, const std::string& content) {
    std::ofstream(path, std::ios::binary) << content;
  }

  // Whether the chunks of all contents are known.
  bool AllAreCut() {
    postgres::ConnectionOptions options;
    options.uri = config_.postgres.uri;
    options.search_path = "file_transfer";
    auto connection = test_support::ValueOrDie(postgres::Connection::Open(options));
    const auto rows = connection->QueryText("SELECT count(*) FROM files WHERE NOT is_chunked");
    return rows.ok() && rows->GetText(0, 0) == "0";
  }
};

TEST_F(TransferTest, SendsAnUnchangedTreeAgainAsHashesAlone) {
  const std::string folder = directory_.File("tree/deep/deeper");
  std::filesystem::create_directories(folder);
  for (int i = 0; i < 1'500; ++i)
    Write(absl::StrCat(folder, "/", i), RandomContent(500 + i * 7, static_cast<uint64_t>(i)));
  Write(absl::StrCat(folder, "/large"), RandomContent(9'000'000, 1));
  Write(absl::StrCat(folder, "/huge"), RandomContent(30'000'000, 2));
  Write(absl::StrCat(folder, "/empty"), "");
  ASSERT_OK_AND_ASSIGN(const std::vector<std::string> paths, files::FilesBelow(directory_.File("tree")));
  ASSERT_EQ(paths.size(), 1'503U);
  const auto put = [&](files::UploadClient& client) {
    ASSERT_OK(client.PutAll(paths, [](const files::UploadedFile& file) {
      EXPECT_OK(file.status) << file.path;
      return true;
    }));
  };
  files::UploadClient first = Client(), again = Client();
  put(first);
  EXPECT_EQ(first.progress().file_count, 1'503);
  EXPECT_GT(first.progress().sent_bytes, 39'000'000);
  ASSERT_TRUE(Eventually([&] { return AllAreCut(); }));
  put(again);
  EXPECT_EQ(again.progress().known_count, 1'503);
  EXPECT_EQ(again.progress().sent_bytes, 0);
  EXPECT_EQ(again.progress().bytes, first.progress().bytes);
  std::printf("figure files.unchanged bytes=%ld files=1503\n", again.progress().sent_bytes.load());
}

TEST_F(TransferTest, SendsOfAContentThatChangedInTheMiddleOnlyWhatIsNew) {
  const int64_t mib = FromEnvironment("COGNATE_FILES_DELTA_MIB", 96);
  const std::string path = directory_.File("file"), other = directory_.File("inserted");
  {
    std::ofstream file(path, std::ios::binary);
    for (int64_t i = 0; i < mib; ++i) file << RandomContent(1 << 20, static_cast<uint64_t>(i));
  }
  files::UploadClient first = Client();
  ASSERT_OK(first.Put(path));
  ASSERT_TRUE(Eventually([&] { return AllAreCut(); }, absl::Minutes(10)));
  {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp((mib / 2) << 20);
    file << RandomContent(1 << 20, 999'999);
  }
  files::UploadClient second = Client();
  ASSERT_OK_AND_ASSIGN(const files::UploadedFile changed, second.Put(path));
  EXPECT_EQ(changed.sent_bytes + changed.copied_bytes, changed.size_bytes);
  EXPECT_THAT(changed.sent_bytes, Lt(4 << 20));
  // Bytes that are put in between move all that follow.
  {
    std::ifstream from(path, std::ios::binary);
    std::ofstream to(other, std::ios::binary);
    std::string piece(static_cast<size_t>(mib / 3) << 20, '\0');
    from.read(piece.data(), static_cast<std::streamsize>(piece.size()));
    to << piece << "put in between" << from.rdbuf();
  }
  files::UploadClient third = Client();
  ASSERT_OK_AND_ASSIGN(const files::UploadedFile inserted, third.Put(other));
  EXPECT_THAT(inserted.sent_bytes, Lt(8 << 20));
  std::printf("figure files.delta mib=%.2f of_mib=%ld inserted_mib=%.2f\n",
              static_cast<double>(changed.sent_bytes) / (1 << 20), mib,
              static_cast<double>(inserted.sent_bytes) / (1 << 20));
}

TEST_F(TransferTest, FindsWhatItKnowsOfALargeContentByALookAtParts) {
  const std::string path = directory_.File("file");
  Write(path, RandomContent(40'000'000, 5));
  files::UploadClient first = Client(1), again = Client(1);
  ASSERT_OK_AND_ASSIGN(const files::UploadedFile sent, first.Put(path));
  EXPECT_EQ(sent.sent_bytes, 40'000'000);
  ASSERT_TRUE(Eventually([&] { return AllAreCut(); }));
  ASSERT_OK_AND_ASSIGN(const files::UploadedFile known, again.Put(path));
  EXPECT_TRUE(known.is_known);
  EXPECT_EQ(known.sent_bytes, 0);
}

TEST_F(TransferTest, SendsAllOfItWhereWhatItWouldCopyFromHasRotted) {
  const std::string path = directory_.File("file");
  const std::string content = RandomContent(12'000'000, 6);
  Write(path, content);
  files::UploadClient client = Client();
  ASSERT_OK(client.Put(path));
  ASSERT_TRUE(Eventually([&] { return AllAreCut(); }));
  {
    std::fstream blob(FilesIn("blobs").front(), std::ios::in | std::ios::out | std::ios::binary);
    blob.seekp(2'000'000);
    blob << "rotten";
  }
  const std::string changed = content + "and more";
  Write(path, changed);
  ASSERT_OK(client.Put(path));
  EXPECT_THAT(Get(files::Sha256(changed)), IsOkAndHolds(changed));
}

TEST_F(TransferTest, SendsAFileAnewThatChangedWhileItsTimeDidNot) {
  const std::string path = directory_.File("disk.img");
  std::string content = RandomContent(3'000'000, 7);
  Write(path, content);
  struct stat before = {};
  ASSERT_EQ(stat(path.c_str(), &before), 0);
  files::UploadClient client = Client();
  ASSERT_OK(client.Put(path));
  content[1'500'000] = static_cast<char>(content[1'500'000] ^ 1);
  {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(1'500'000);
    file.put(content[1'500'000]);
  }
  const timespec times[] = {before.st_atim, before.st_mtim};
  ASSERT_EQ(utimensat(AT_FDCWD, path.c_str(), times, 0), 0);
  ASSERT_OK_AND_ASSIGN(const files::UploadedFile changed, client.Put(path));
  EXPECT_EQ(changed.sha256, files::Sha256(content));
  EXPECT_THAT(Get(changed.sha256), IsOkAndHolds(content));
}

}  // namespace
}  // namespace cognate::file_transfer

// How little travels, and how little memory it takes.
#include <cstdio>
#include <fstream>

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

TEST(Memory, OfTheServiceDoesNotGrowWithTheContent) {
  const int64_t mib = FromEnvironment("COGNATE_FILES_MEMORY_MIB", 512);
  FilesProcess service;
  const auto stub = v1::FileTransferService::NewStub(grpc_support::MakeChannel(service.address()));
  const std::string noise = RandomContent(8 << 20, 3);
  const auto put = [&](int64_t size_mib, uint64_t number) {
    files::Digest digest;
    WriteStream stream(*stub);
    v1::WriteRequest message;
    message.set_upload(absl::StrCat("upload-of-memory-test-", number));
    message.set_platform("shop");
    for (int64_t i = 0; i < size_mib; ++i) {
      message.set_data(absl::StrCat(number, " ", i));
      message.mutable_data()->append(noise, static_cast<size_t>(i % 7) << 20, 1 << 20);
      message.mutable_data()->resize(1 << 20);
      digest.Add(message.data());
      if (!stream.Send(message)) break;
      message.Clear();
    }
    message.set_finish_write(true);
    message.set_size_bytes(size_mib << 20);
    message.set_sha256(digest.Finish());
    stream.Send(message);
    EXPECT_OK(stream.End()) << service.Log();
  };
  // What a first call needs for good: connections, statements, libmagic's database.
  ASSERT_TRUE(Eventually([&] {
    grpc::ClientContext context;
    v1::ListFilesResponse response;
    return stub->ListFiles(&context, v1::ListFilesRequest(), &response).ok();
  }));
  put(6, 1);
  const int64_t before = service.Memory("VmRSS");
  put(mib, 2);
  const double growth = static_cast<double>(service.Memory("VmHWM") - before) / 1024;
  EXPECT_LT(growth, 64);
  std::printf("figure files.memory mib=%.1f upload_mib=%ld before_mib=%.1f\n", growth, mib,
              static_cast<double>(before) / 1024);
}

}  // namespace
}  // namespace cognate::file_transfer

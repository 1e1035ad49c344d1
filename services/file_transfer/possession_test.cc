// What one platform sent is no other platform's, whatever that one knows of it.
#include "absl/strings/escaping.h"
#include "common/files/chunker.h"
#include "services/file_transfer/testing/keys_fixture.h"

namespace cognate::file_transfer {
namespace {

using test_support::Eventually;
using test_support::HasReason;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class PossessionTest : public KeysTest {
 protected:
  absl::StatusOr<v1::CheckResponse> CheckChunks(const std::string& key, const std::string& platform,
                                                const std::string& content) {
    v1::CheckRequest request;
    request.set_platform(platform);
    files::Chunker chunker;
    const auto visit = [&](const files::Chunk& chunk) { request.add_chunk_sha256s(chunk.sha256); };
    chunker.Add(content, visit);
    chunker.Finish(visit);
    return CallAs(key, &Stub::Check, request);
  }
  static int Found(const absl::StatusOr<v1::CheckResponse>& response) {
    EXPECT_OK(response);
    int found = 0;
    if (!response.ok()) return -1;
    for (const v1::FileRange& chunk : response->chunks()) found += chunk.length() > 0 ? 1 : 0;
    return found;
  }
  absl::Status ReadAs(const std::string& key, const std::string& sha256) {
    v1::ReadRequest request;
    request.set_sha256(sha256);
    request.set_platform("blog");
    grpc::ClientContext context;
    context.AddMetadata("authorization", absl::StrCat("Bearer ", key));
    const auto reader = stub().Read(&context, request);
    v1::ReadResponse response;
    while (reader->Read(&response)) continue;
    return grpc_support::FromGrpcStatus(reader->Finish());
  }
};

TEST_F(PossessionTest, KnowingAHashOrAChunkIsNoRightToAContent) {
  const std::string content = RandomContent(9'000'000, 1), sha256 = files::Sha256(content);
  ASSERT_OK(PutAs(shop_, "shop", content));
  ASSERT_TRUE(Eventually([&] { return Found(CheckChunks(shop_, "shop", content)) > 3; }));
  EXPECT_TRUE(HasAs(shop_, "shop", content));

  EXPECT_FALSE(HasAs(blog_, "blog", content));
  EXPECT_EQ(Found(CheckChunks(blog_, "blog", content)), 0);
  EXPECT_THAT(ReadAs(blog_, sha256), HasReason("FILE_NOT_FOUND"));
  v1::GetFileRequest get;
  get.set_sha256(sha256);
  get.set_platform("blog");
  EXPECT_THAT(CallAs(blog_, &Stub::GetFile, get), HasReason("FILE_NOT_FOUND"));
  v1::BatchReadRequest batch;
  batch.add_sha256s(sha256);
  batch.set_platform("blog");
  ASSERT_OK_AND_ASSIGN(const v1::BatchReadResponse read, CallAs(blog_, &Stub::BatchRead, batch));
  EXPECT_THAT(read.files(), IsEmpty());

  // Nor is an upload that says the hash done with it, or with a part of it.
  v1::WriteRequest named = First(NewUpload());
  named.set_platform("blog");
  named.set_sha256(sha256);
  named.set_data(content.substr(0, 1'000));
  WriteStream saying(stub(), blog_);
  ASSERT_TRUE(saying.Send(named));
  ASSERT_OK_AND_ASSIGN(const v1::WriteResponse said, saying.End());
  EXPECT_FALSE(said.has_file());
  EXPECT_EQ(said.committed_bytes(), 1'000);
  v1::WriteRequest copied = First(NewUpload());
  copied.set_platform("blog");
  copied.mutable_copy()->set_sha256(sha256);
  copied.mutable_copy()->set_length(9'000'000);
  copied.set_finish_write(true);
  copied.set_size_bytes(9'000'000);
  copied.set_hash_here(true);
  WriteStream copying(stub(), blog_);
  ASSERT_TRUE(copying.Send(copied));
  EXPECT_THAT(copying.End(), HasReason("FILE_NOT_FOUND"));
  EXPECT_FALSE(HasAs(blog_, "blog", content));

  // Whoever sends all of it has it, and it is stored once.
  ASSERT_OK(PutAs(blog_, "blog", content));
  EXPECT_TRUE(HasAs(blog_, "blog", content));
  EXPECT_GT(Found(CheckChunks(blog_, "blog", content)), 3);
  EXPECT_OK(ReadAs(blog_, sha256));
  EXPECT_EQ(List()->total_count(), 1);
  EXPECT_THAT(FilesIn("blobs"), SizeIs(1));
}

TEST_F(PossessionTest, SmallContentsAreTheirSendersToo) {
  v1::BatchWriteRequest request;
  request.set_platform("shop");
  v1::SmallFile& file = *request.add_files();
  file.set_data("a contract");
  file.set_sha256(files::Sha256("a contract"));
  ASSERT_OK(CallAs(shop_, &Stub::BatchWrite, request));
  EXPECT_TRUE(HasAs(shop_, "shop", "a contract"));
  EXPECT_FALSE(HasAs(blog_, "blog", "a contract"));
  request.set_platform("blog");
  // The wrong bytes under the right hash show nothing.
  request.mutable_files(0)->set_data("another one");
  ASSERT_OK_AND_ASSIGN(const v1::BatchWriteResponse wrong, CallAs(blog_, &Stub::BatchWrite, request));
  EXPECT_EQ(wrong.errors(0).reason(), "FILE_DAMAGED");
  EXPECT_FALSE(HasAs(blog_, "blog", "a contract"));
  request.mutable_files(0)->set_data("a contract");
  ASSERT_OK(CallAs(blog_, &Stub::BatchWrite, request));
  EXPECT_TRUE(HasAs(blog_, "blog", "a contract"));
}

TEST_F(PossessionTest, AnOperatorsWordForAPlatformIsTaken) {
  const std::string content = RandomContent(2'000'000, 2);
  ASSERT_OK(PutAs(shop_, "shop", content));
  EXPECT_FALSE(HasAs(blog_, "blog", content));
  v1::CheckRequest request;
  request.set_platform("platforms/blog");
  request.add_sha256s(files::Sha256(content));
  ASSERT_OK_AND_ASSIGN(const v1::CheckResponse response, Call(&Stub::Check, request));
  EXPECT_TRUE(response.has(0));
  EXPECT_TRUE(HasAs(blog_, "blog", content));
}

TEST_F(PossessionTest, APlatformReadsWhatItIsToHave) {
  const std::string content = "a picture of the shop";
  ASSERT_OK(PutAs(shop_, "shop", content));
  const std::string sha256 = files::Sha256(content);
  EXPECT_THAT(ReadAs(blog_, sha256), HasReason("FILE_NOT_FOUND"));
  Execute(
      absl::StrCat("INSERT INTO placements (platform, path, sha256, size_bytes, media_type, name, state, "
                   "created_at, updated_at) "
                   "VALUES ('blog', 'a', '\\x",
                   absl::BytesToHexString(sha256), "', 21, '', '', 2, now(), now())"));
  EXPECT_OK(ReadAs(blog_, sha256));
}

}  // namespace
}  // namespace cognate::file_transfer

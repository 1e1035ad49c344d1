// Write and what belongs to it, through the front door.
#include <thread>

#include "services/file_transfer/testing/files_fixture.h"

namespace cognate::file_transfer {
namespace {

using test_support::Eventually;
using test_support::HasReason;
using test_support::IsOkAndHolds;
using test_support::StatusIs;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST_F(FilesTest, StoresContentsOfAnySizeOnceAndGivesThemBack) {
  for (const int64_t size : {0, 1, 127, 4'000, 65'536, 65'537, 300'000, 5'000'000, 20'000'001}) {
    const std::string content = RandomContent(size, 7);
    ASSERT_OK_AND_ASSIGN(const v1::WriteResponse response, Put(content));
    EXPECT_EQ(response.committed_bytes(), size);
    EXPECT_EQ(response.file().sha256(), files::Sha256(content));
    EXPECT_EQ(response.file().size_bytes(), size);
    EXPECT_THAT(Get(response.file().sha256()), IsOkAndHolds(content)) << size;
    EXPECT_OK(Put(content));
  }
  EXPECT_EQ(List()->total_count(), 9);
  EXPECT_THAT(FilesIn("uploads"), IsEmpty());
  EXPECT_THAT(FilesIn("blobs"), SizeIs(4));
  EXPECT_THAT(FilesIn("packs"), SizeIs(1));
}

TEST_F(FilesTest, SaysWhatAContentIs) {
  const std::string png("\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\x08\6\0\0\0", 29);
  EXPECT_EQ(Put(png)->file().media_type(), "image/png");
  EXPECT_EQ(Put(png + RandomContent(100'000, 1))->file().media_type(), "image/png");
  EXPECT_EQ(Put("")->file().media_type(), "application/x-empty");
  ASSERT_OK(PutBatch({"Good morning to all of you.\n"}));
  EXPECT_EQ(List()->files(0).media_type(), "text/plain");
}

TEST_F(FilesTest, GivesPartsOfAContent) {
  const std::string content = RandomContent(3'000'000, 3);
  const std::string sha256 = Put(content)->file().sha256();
  EXPECT_THAT(Get(sha256, 10, 20), IsOkAndHolds(content.substr(10, 20)));
  EXPECT_THAT(Get(sha256, 2'999'999), IsOkAndHolds(content.substr(2'999'999)));
  EXPECT_THAT(Get(sha256, 3'000'000), IsOkAndHolds(std::string()));
  EXPECT_THAT(Get(sha256, 3'000'001), StatusIs(absl::StatusCode::kOutOfRange));
  EXPECT_THAT(Get(files::Sha256("else")), HasReason("FILE_NOT_FOUND"));
}

TEST_F(FilesTest, GoesOnWhereABrokenCallWasCommitted) {
  const std::string content = RandomContent(40'000'000, 4);
  const std::string upload = NewUpload();
  WriteStream stream(stub());
  v1::WriteRequest message = First(upload);
  message.set_data(content.substr(0, 3'000'000));
  ASSERT_TRUE(stream.Send(message));
  stream.Cut();
  ASSERT_TRUE(Eventually([&] {
    const auto status = Status(upload);
    return status.ok() && status->committed_bytes() == 3'000'000;
  }));
  EXPECT_THAT(Put(content, upload, 0), HasReason("WRITE_OFFSET_MISMATCH"));
  EXPECT_EQ(ErrorMetadata(Put(content, upload, 0).status(), "committed_bytes"), "3000000");
  ASSERT_OK_AND_ASSIGN(const v1::WriteResponse response, Put(content, upload, 3'000'000));
  EXPECT_THAT(Get(response.file().sha256()), IsOkAndHolds(content));
  // The answer may have been lost: it is there to be asked for.
  EXPECT_EQ(Status(upload)->file().sha256(), response.file().sha256());
}

TEST_F(FilesTest, TakesACallThatSaysNothingMoreForTheEndOfTheCallAndNotOfTheContent) {
  const std::string content = RandomContent(2'000'000, 5);
  const std::string upload = NewUpload();
  WriteStream stream(stub());
  v1::WriteRequest message = First(upload);
  message.set_data(content.substr(0, 1'000'000));
  ASSERT_TRUE(stream.Send(message));
  ASSERT_OK_AND_ASSIGN(const v1::WriteResponse response, stream.End());
  EXPECT_EQ(response.committed_bytes(), 1'000'000);
  EXPECT_FALSE(response.has_file());
  EXPECT_OK(Put(content, upload, 1'000'000));
}

TEST_F(FilesTest, EndsAnUploadOfWhatIsStoredAtOnce) {
  const std::string content = RandomContent(9'000'000, 6);
  ASSERT_OK(Put(content));
  WriteStream stream(stub());
  v1::WriteRequest message = First(NewUpload());
  message.set_sha256(files::Sha256(content));
  message.set_data(content.substr(0, 1000));
  ASSERT_TRUE(stream.Send(message));
  ASSERT_OK_AND_ASSIGN(const v1::WriteResponse response, stream.End());
  EXPECT_EQ(response.file().size_bytes(), 9'000'000);
  EXPECT_THAT(FilesIn("uploads"), IsEmpty());
}

TEST_F(FilesTest, StoresTwoUploadsOfOneContentAtTheSameTimeOnce) {
  const std::string content = RandomContent(30'000'000, 8);
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, upload = NewUpload()] { EXPECT_OK(Put(content, upload)); });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(List()->total_count(), 1);
  EXPECT_THAT(FilesIn("blobs"), SizeIs(1));
  EXPECT_THAT(FilesIn("uploads"), IsEmpty());
  EXPECT_THAT(Get(files::Sha256(content)), IsOkAndHolds(content));
}

TEST_F(FilesTest, LetsOneCallAtATimeWriteToAnUploadAndNoDeadOneKeepIt) {
  const std::string content = RandomContent(2'000'000, 9);
  const std::string upload = NewUpload();
  WriteStream silent(stub());
  v1::WriteRequest message = First(upload);
  message.set_data(content.substr(0, 1'000'000));
  ASSERT_TRUE(silent.Send(message));
  ASSERT_TRUE(Eventually([&] { return Status(upload).ok(); }));
  EXPECT_THAT(Put(content, upload, 0), HasReason("UPLOAD_IN_USE"));
  // The connection of the first hangs: nothing more is heard of it, and the client comes again.
  ASSERT_TRUE(Eventually([&] {
    const auto status = Status(upload);
    return status.ok() && Put(content, upload, status->committed_bytes()).ok();
  }));
  EXPECT_FALSE(silent.End().ok());
  EXPECT_THAT(Get(files::Sha256(content)), IsOkAndHolds(content));
}

TEST_F(FilesTest, CopiesWhatIsStoredAndWhatOtherUploadsHave) {
  const std::string stored = RandomContent(6'000'000, 10);
  const std::string small = "a small one that lies in a pack";
  ASSERT_OK(Put(stored));
  ASSERT_OK(Put(small));
  const std::string other = NewUpload();
  {
    WriteStream stream(stub());
    v1::WriteRequest message = First(other);
    message.set_data("of another upload");
    ASSERT_TRUE(stream.Send(message));
    ASSERT_OK(stream.End());
  }
  const std::string content = stored.substr(1'000'000, 4'500'000) + "between" + small + "of another upload";
  WriteStream stream(stub());
  v1::WriteRequest message = First(NewUpload());
  message.mutable_copy()->set_sha256(files::Sha256(stored));
  message.mutable_copy()->set_offset(1'000'000);
  message.mutable_copy()->set_length(4'500'000);
  ASSERT_TRUE(stream.Send(message));
  message.Clear();
  message.set_data("between");
  ASSERT_TRUE(stream.Send(message));
  message.mutable_copy()->set_sha256(files::Sha256(small));
  message.mutable_copy()->set_length(static_cast<int64_t>(small.size()));
  ASSERT_TRUE(stream.Send(message));
  message.set_copy_upload(other);
  SetEnd(content, &message);
  ASSERT_TRUE(stream.Send(message));
  ASSERT_OK(stream.End());
  EXPECT_THAT(Get(files::Sha256(content)), IsOkAndHolds(content));
  // The other one stays, for another use of it.
  EXPECT_EQ(Status(other)->committed_bytes(), 17);
}

TEST_F(FilesTest, RefusesToCopyWhatIsNotThere) {
  WriteStream stream(stub());
  v1::WriteRequest message = First(NewUpload());
  message.mutable_copy()->set_sha256(files::Sha256("nowhere"));
  message.mutable_copy()->set_length(5);
  stream.Send(message);
  EXPECT_THAT(stream.End(), HasReason("FILE_NOT_FOUND"));
  WriteStream second(stub());
  message = First(NewUpload());
  message.set_copy_upload("no-such-upload-here");
  second.Send(message);
  EXPECT_THAT(second.End(), HasReason("UPLOAD_NOT_FOUND"));
  ASSERT_OK(Put("short"));
  WriteStream third(stub());
  message = First(NewUpload());
  message.mutable_copy()->set_sha256(files::Sha256("short"));
  message.mutable_copy()->set_offset(3);
  message.mutable_copy()->set_length(3);
  third.Send(message);
  EXPECT_THAT(third.End(), HasReason("INVALID_FIELD"));
}

TEST_F(FilesTest, ForgetsAnUploadThatIsCancelled) {
  const std::string upload = NewUpload();
  WriteStream stream(stub());
  v1::WriteRequest message = First(upload);
  message.set_data(RandomContent(100'000, 11));
  ASSERT_TRUE(stream.Send(message));
  ASSERT_TRUE(Eventually([&] { return Status(upload).ok(); }));
  v1::CancelWriteRequest request;
  request.set_upload(upload);
  request.set_platform("shop");
  ASSERT_OK(Call(&Stub::CancelWrite, request));
  ASSERT_OK(Call(&Stub::CancelWrite, request));
  EXPECT_THAT(Status(upload), HasReason("UPLOAD_NOT_FOUND"));
  EXPECT_THAT(FilesIn("uploads"), IsEmpty());
}

TEST_F(FilesTest, TakesManySmallFilesAtOnceAndRefusesTheWrongOneAlone) {
  std::vector<std::string> contents = {"", "one", "one", RandomContent(70'000, 12), std::string(9'000, 'x')};
  v1::BatchWriteRequest request;
  request.set_platform("shop");
  for (const std::string& content : contents) {
    v1::SmallFile& file = *request.add_files();
    file.set_sha256(files::Sha256(content));
    file.set_data(content);
  }
  v1::SmallFile& wrong = *request.add_files();
  wrong.set_sha256(files::Sha256("this"));
  wrong.set_data("that");
  ASSERT_OK_AND_ASSIGN(const v1::BatchWriteResponse response, Call(&Stub::BatchWrite, request));
  ASSERT_THAT(response.errors(), SizeIs(6));
  for (int i = 0; i < 5; ++i) EXPECT_EQ(response.errors(i).reason(), "") << i;
  EXPECT_EQ(response.errors(5).reason(), "FILE_DAMAGED");
  EXPECT_FALSE(Has("this"));
  EXPECT_FALSE(Has("that"));
  // What zstd makes a tenth smaller lies smaller.
  EXPECT_LT(List()->stored_bytes(), 75'000);
  v1::BatchReadRequest read;
  for (const std::string& content : contents) read.add_sha256s(files::Sha256(content));
  read.add_sha256s(files::Sha256("that"));
  ASSERT_OK_AND_ASSIGN(const v1::BatchReadResponse answer, Call(&Stub::BatchRead, read));
  EXPECT_EQ(answer.answered_count(), 6);
  ASSERT_THAT(answer.files(), SizeIs(5));
  for (int i = 0; i < 5; ++i) EXPECT_EQ(answer.files(i).data(), contents[static_cast<size_t>(i)]);
}

TEST_F(FilesTest, AnswersABatchOfReadsAsFarAsItFits) {
  std::vector<std::string> contents;
  for (uint64_t i = 0; i < 3; ++i) contents.push_back(RandomContent(1'900'000, i));
  contents.push_back(RandomContent(5'000'000, 3));
  v1::BatchReadRequest request;
  for (const std::string& content : contents) {
    ASSERT_OK(Put(content));
    request.add_sha256s(files::Sha256(content));
  }
  ASSERT_OK_AND_ASSIGN(v1::BatchReadResponse response, Call(&Stub::BatchRead, request));
  EXPECT_EQ(response.answered_count(), 2);
  EXPECT_THAT(response.files(), SizeIs(2));
  request.mutable_sha256s()->DeleteSubrange(0, 3);
  ASSERT_OK_AND_ASSIGN(response, Call(&Stub::BatchRead, request));
  EXPECT_EQ(response.answered_count(), 1);
  EXPECT_THAT(response.files(), IsEmpty());
}

TEST_F(FilesTest, HasEverythingAfterARestart) {
  const std::string small = "small", large = RandomContent(200'000, 13);
  ASSERT_OK(PutBatch({small}));
  ASSERT_OK(Put(large));
  Stop();
  Start();
  EXPECT_THAT(Get(files::Sha256(small)), IsOkAndHolds(small));
  EXPECT_THAT(Get(files::Sha256(large)), IsOkAndHolds(large));
  // The pack that is not full is gone on with.
  ASSERT_OK(PutBatch({"another"}));
  EXPECT_THAT(FilesIn("packs"), SizeIs(1));
}

// Transactions of this database so far. Nobody else is connected to it.
int64_t TransactionsIn(const std::string& uri) {
  postgres::ConnectionOptions options;
  options.uri = uri;
  auto connection = test_support::ValueOrDie(postgres::Connection::Open(options));
  const auto number = [&](const std::string& sql) {
    return std::stoll(std::string(test_support::ValueOrDie(connection->QueryText(sql)).GetText(0, 0)));
  };
  // A connection that has ended has told its numbers.
  EXPECT_TRUE(Eventually([&] {
    return number("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()") == 1;
  }));
  return number("SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()");
}

TEST_F(FilesTest, ABatchIsReadWithoutALookAtTheDatabaseForEachOfIt) {
  std::vector<std::string> contents;
  for (int i = 0; i < 1'000; ++i) contents.push_back(RandomContent(1'000 + i, static_cast<uint64_t>(i)));
  ASSERT_OK(PutBatch(contents));
  v1::BatchReadRequest request;
  for (const std::string& content : contents) request.add_sha256s(files::Sha256(content));
  Stop();
  const int64_t before = TransactionsIn(config_.postgres.uri);
  Start();
  ASSERT_OK_AND_ASSIGN(const v1::BatchReadResponse response, Call(&Stub::BatchRead, request));
  Stop();
  ASSERT_THAT(response.files(), SizeIs(1'000));
  for (int i = 0; i < 1'000; ++i) EXPECT_EQ(response.files(i).data(), contents[static_cast<size_t>(i)]);
  EXPECT_LT(TransactionsIn(config_.postgres.uri) - before, 500);
}

}  // namespace
}  // namespace cognate::file_transfer

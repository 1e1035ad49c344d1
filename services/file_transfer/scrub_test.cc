// Bytes that rot, contents that nothing refers to, and what crashes leave behind.
#include <chrono>
#include <cstdio>
#include <fstream>

#include "absl/strings/escaping.h"
#include "absl/strings/strip.h"
#include "common/grpc/fake_services.h"
#include "common/grpc/host.h"
#include "services/file_transfer/testing/files_fixture.h"

namespace cognate::file_transfer {
namespace {

using test_support::HasReason;
using test_support::IsOkAndHolds;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class ScrubTest : public FilesTest {
 protected:
  // With a registry whose platforms have their files below `platforms`.
  ScrubTest() : registry_(metrics_) {
    Stop();
    registry_.handler = [this](const grpc_support::Rpc&, const v1::GetPlatformRequest& request) {
      v1::Platform platform;
      platform.set_name(request.name());
      platform.mutable_files()->set_directory(
          directory_.File(absl::StrCat("platforms/", absl::StripPrefix(request.name(), "platforms/"))));
      return platform;
    };
    host_ = test_support::ValueOrDie(grpc_support::Host::Start(
        {.addresses = {absl::StrCat("unix:", directory_.File("registry.sock"))}}, {&registry_}));
    config_.peers.registry = host_->address();
    Start();
  }
  ~ScrubTest() override { Stop(); }

  // As placing remembers what it has read there.
  void HasIn(const std::string& platform, const std::string& path, const std::string& content) {
    const std::string file = directory_.File(absl::StrCat("platforms/", platform, "/", path));
    std::filesystem::create_directories(std::filesystem::path(file).parent_path());
    std::ofstream(file) << content;
    Execute(
        absl::StrCat("INSERT INTO seen_files (platform, path, inode, size_bytes, modify_time_ns, "
                     "change_time_ns, sha256) VALUES ('",
                     platform, "', '", path, "', 1, ", content.size(), ", 1, 1, '\\x",
                     absl::BytesToHexString(files::Sha256(content)), "')"));
  }

  struct Result {
    v1::ScrubResponse last;
    std::vector<v1::DamagedFile> damaged;
  };
  Result Scrub(bool repair = false) {
    v1::ScrubRequest request;
    request.set_repair(repair);
    grpc::ClientContext context;
    const auto reader = stub().Scrub(&context, request);
    Result result;
    v1::ScrubResponse response;
    while (reader->Read(&response)) {
      result.last = response;
      result.damaged.insert(result.damaged.end(), response.damaged().begin(), response.damaged().end());
    }
    EXPECT_OK(grpc_support::FromGrpcStatus(reader->Finish()));
    return result;
  }

  static void FlipByte(const std::string& path, int64_t offset) {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(offset);
    const char was = static_cast<char>(file.get());
    file.seekp(offset);
    file.put(static_cast<char>(was ^ 1));
    ASSERT_TRUE(file.good());
  }

  absl::StatusOr<v1::CollectResponse> Collect(bool dry_run = false) {
    v1::CollectRequest request;
    request.set_dry_run(dry_run);
    return Call(&Stub::Collect, request);
  }

  void MakeOld() { Execute("UPDATE files SET asked_at = asked_at - interval '2 days'"); }
  void Bind(const std::string& content) {
    Execute(absl::StrCat(
        "INSERT INTO bindings (platform, entity_id, model, field, position, sha256, path, updated_at) VALUES "
        "('shop', gen_random_uuid(), 'm', 'f', 0, '\\x",
        absl::BytesToHexString(files::Sha256(content)), "', 'p', now())"));
  }

  metrics::Registry metrics_;
  grpc_support::FakeRegistry registry_;
  std::unique_ptr<grpc_support::Host> host_;
};

TEST_F(ScrubTest, FindsEveryFlippedByteAndTakesTheContentsAnew) {
  std::vector<std::string> small, large;
  for (uint64_t i = 0; i < 200; ++i) small.push_back(RandomContent(500 + static_cast<int64_t>(i) * 100, i));
  for (uint64_t i = 0; i < 10; ++i) large.push_back(RandomContent(300'000, 1'000 + i));
  ASSERT_OK(PutBatch(small));
  for (const std::string& content : large) ASSERT_OK(Put(content));
  EXPECT_EQ(Scrub().last.damaged_count(), 0);
  // Contents lie in the pack one behind the other.
  const std::string pack = FilesIn("packs").front();
  std::vector<std::string> damaged;
  int64_t offset = 0;
  for (size_t i = 0; i < small.size(); ++i) {
    if (i % 7 == 3) {
      FlipByte(pack, offset + static_cast<int64_t>(i));
      damaged.push_back(small[i]);
    }
    offset += static_cast<int64_t>(small[i].size());
  }
  std::vector<std::string> blobs = FilesIn("blobs");
  FlipByte(blobs[0], 150'000);
  std::filesystem::resize_file(blobs[1], 200'000);
  std::filesystem::remove(blobs[2]);
  for (const std::string& content : large) {
    const std::string hex = absl::BytesToHexString(files::Sha256(content));
    for (int i = 0; i < 3; ++i) {
      if (blobs[static_cast<size_t>(i)].find(hex) != std::string::npos) damaged.push_back(content);
    }
  }
  ASSERT_THAT(damaged, SizeIs(32));
  EXPECT_THAT(Get(files::Sha256(damaged.front())), HasReason("FILE_DAMAGED"));
  const Result found = Scrub();
  EXPECT_EQ(found.last.file_count(), 210);
  EXPECT_EQ(found.last.read_bytes(), found.last.total_bytes());
  EXPECT_EQ(found.last.damaged_count(), 32);
  EXPECT_THAT(found.damaged, SizeIs(32));
  // Whoever has it and asks is told to send it.
  for (const std::string& content : damaged) {
    EXPECT_FALSE(Has(content));
    EXPECT_THAT(Get(files::Sha256(content)), HasReason("FILE_DAMAGED"));
    ASSERT_OK(Put(content));
    EXPECT_THAT(Get(files::Sha256(content)), IsOkAndHolds(content));
  }
  EXPECT_EQ(Scrub().last.damaged_count(), 0);
  EXPECT_EQ(List()->total_count(), 210);
}

TEST_F(ScrubTest, RepairsFromTheDirectoryOfAPlatform) {
  std::vector<std::string> contents;
  for (uint64_t i = 0; i < 150; ++i)
    contents.push_back(RandomContent(1'000 + static_cast<int64_t>(i) * 50, i));
  ASSERT_OK(PutBatch(contents));
  for (uint64_t i = 0; i < 10; ++i) {
    contents.push_back(RandomContent(400'000, 500 + i));
    ASSERT_OK(Put(contents.back()));
  }
  for (size_t i = 0; i < contents.size(); ++i) HasIn("shop", absl::StrCat("pictures/", i), contents[i]);
  const std::string pack = FilesIn("packs").front();
  int64_t damaged = 0, offset = 0;
  for (size_t i = 0; i < 150; ++i) {
    if (i % 3 == 1) {
      FlipByte(pack, offset + 999);
      ++damaged;
    }
    offset += static_cast<int64_t>(contents[i].size());
  }
  for (const std::string& blob : FilesIn("blobs")) {
    if (++damaged % 2 == 0) {
      FlipByte(blob, 399'999);
    } else {
      std::filesystem::remove(blob);
    }
  }
  const Result found = Scrub(true);
  EXPECT_EQ(found.last.damaged_count(), damaged);
  EXPECT_EQ(found.last.repaired_count(), damaged);
  EXPECT_THAT(found.damaged.front().sentence(), ::testing::HasSubstr("repaired from the directory of shop"));
  for (const std::string& content : contents) EXPECT_THAT(Get(files::Sha256(content)), IsOkAndHolds(content));
  EXPECT_EQ(Scrub().last.damaged_count(), 0);
  std::printf("figure files.scrub damaged=%ld found=%ld repaired=%ld\n", damaged, found.last.damaged_count(),
              found.last.repaired_count());
}

TEST_F(ScrubTest, RepairsFromNoFileThatHasAnotherContentByNow) {
  const std::string changed = RandomContent(300'000, 1), gone = RandomContent(300'000, 2);
  ASSERT_OK(Put(changed));
  ASSERT_OK(Put(gone));
  HasIn("shop", "changed", changed);
  HasIn("shop", "gone", gone);
  std::ofstream(directory_.File("platforms/shop/changed")) << "something else";
  std::filesystem::remove(directory_.File("platforms/shop/gone"));
  for (const std::string& blob : FilesIn("blobs")) FlipByte(blob, 1);
  const Result found = Scrub(true);
  EXPECT_EQ(found.last.damaged_count(), 2);
  EXPECT_EQ(found.last.repaired_count(), 0);
  for (const v1::DamagedFile& file : found.damaged)
    EXPECT_THAT(file.sentence(), ::testing::HasSubstr("not repaired"));
  EXPECT_EQ(List()->total_count(), 2);
}

TEST_F(ScrubTest, TakesBackWhatWasDamagedForAMomentOnly) {
  const std::string content = RandomContent(400'000, 1);
  ASSERT_OK(Put(content));
  const std::string blob = FilesIn("blobs").front();
  FlipByte(blob, 17);
  EXPECT_EQ(Scrub().last.damaged_count(), 1);
  EXPECT_FALSE(Has(content));
  FlipByte(blob, 17);
  EXPECT_EQ(Scrub().last.damaged_count(), 0);
  EXPECT_TRUE(Has(content));
}

TEST_F(ScrubTest, CollectsWhatNothingRefersToAndNobodyAskedFor) {
  const std::string bound = "bound", asked = "asked for", small = "unused", large = RandomContent(500'000, 2);
  ASSERT_OK(PutBatch({bound, asked, small}));
  ASSERT_OK(Put(large));
  EXPECT_EQ(Collect()->file_count(), 0);
  MakeOld();
  Bind(bound);
  EXPECT_TRUE(Has(asked));
  ASSERT_OK_AND_ASSIGN(const v1::CollectResponse counted, Collect(true));
  EXPECT_EQ(counted.file_count(), 2);
  EXPECT_TRUE(std::filesystem::exists(FilesIn("blobs").front()));
  ASSERT_OK_AND_ASSIGN(const v1::CollectResponse collected, Collect());
  EXPECT_EQ(collected.file_count(), 2);
  EXPECT_GE(collected.freed_bytes(), 500'000);
  EXPECT_THAT(FilesIn("blobs"), IsEmpty());
  EXPECT_THAT(Get(files::Sha256(bound)), IsOkAndHolds(bound));
  EXPECT_THAT(Get(files::Sha256(asked)), IsOkAndHolds(asked));
  EXPECT_FALSE(Has(small));
  EXPECT_FALSE(Has(large));
  // And it may come again.
  ASSERT_OK(Put(large));
  EXPECT_THAT(Get(files::Sha256(large)), IsOkAndHolds(large));
  v1::CollectRequest request;
  request.mutable_lease()->set_seconds(60);
  EXPECT_THAT(Call(&Stub::Collect, request), HasReason("INVALID_FIELD"));
}

TEST_F(ScrubTest, CollectsUploadsThatHaveExpired) {
  const std::string upload = NewUpload();
  WriteStream stream(stub());
  v1::WriteRequest message = First(upload);
  message.set_data(RandomContent(100'000, 3));
  ASSERT_TRUE(stream.Send(message));
  ASSERT_OK(stream.End());
  EXPECT_EQ(Collect()->upload_count(), 0);
  EXPECT_THAT(FilesIn("uploads"), SizeIs(1));
  Execute("UPDATE uploads SET expire_at = now() - interval '1 second'");
  EXPECT_THAT(Status(upload), HasReason("UPLOAD_NOT_FOUND"));
  ASSERT_OK_AND_ASSIGN(const v1::CollectResponse collected, Collect());
  EXPECT_EQ(collected.upload_count(), 1);
  EXPECT_EQ(collected.freed_bytes(), 100'000);
  EXPECT_THAT(FilesIn("uploads"), IsEmpty());
  EXPECT_OK(Put(RandomContent(100'000, 3), upload));
}

TEST_F(ScrubTest, EmptiesPacksThatAreMostlyUnused) {
  std::vector<std::string> kept, gone;
  for (uint64_t i = 0; i < 100; ++i) {
    (i % 5 == 0 ? kept : gone).push_back(RandomContent(20'000, 5'000 + i));
    ASSERT_OK(PutBatch({i % 5 == 0 ? kept.back() : gone.back()}));
  }
  kept.push_back("");
  ASSERT_OK(PutBatch({""}));
  for (const std::string& content : kept) Bind(content);
  MakeOld();
  // The pack that is written to is left alone; the next process begins another one.
  Stop();
  const std::string pack = FilesIn("packs").front();
  std::ofstream(pack, std::ios::app) << std::string(64 << 20, 'x');
  Start();
  Execute("CREATE TABLE of_backup AS SELECT * FROM files");
  EXPECT_EQ(Collect()->file_count(), 80);
  EXPECT_EQ(Collect()->file_count(), 0);
  const auto expect_kept = [&] {
    for (const std::string& content : kept) EXPECT_THAT(Get(files::Sha256(content)), IsOkAndHolds(content));
    EXPECT_EQ(Scrub().last.damaged_count(), 0);
  };
  expect_kept();
  for (const std::string& content : gone) EXPECT_FALSE(Has(content));
  // A backup of the database that was taken before, and one of the directory that was taken after.
  const std::string store = config_.file_store;
  config_.file_store = directory_.File("copy");
  std::filesystem::copy(store, config_.file_store, std::filesystem::copy_options::recursive);
  Stop();
  Execute("DELETE FROM files");
  Execute("INSERT INTO files OVERRIDING SYSTEM VALUE SELECT * FROM of_backup");
  Start();
  expect_kept();
  // The next collection empties it once more, and for another backup it stays once more.
  const std::string copied = absl::StrCat(config_.file_store, pack.substr(store.size()));
  const std::string mark = absl::StrCat(absl::StripSuffix(copied, ".pack"), ".emptied");
  const auto make_old = [&] {
    std::filesystem::last_write_time(mark,
                                     std::filesystem::file_time_type::clock::now() - std::chrono::hours(49));
  };
  make_old();
  EXPECT_EQ(Collect()->file_count(), 80);
  EXPECT_TRUE(std::filesystem::exists(copied));
  make_old();
  EXPECT_EQ(Collect()->file_count(), 0);
  EXPECT_FALSE(std::filesystem::exists(copied));
  EXPECT_FALSE(std::filesystem::exists(mark));
  expect_kept();
}

}  // namespace
}  // namespace cognate::file_transfer

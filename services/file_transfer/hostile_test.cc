// What clients, disks and networks do wrong: each is a clear error or a correct result, never a wrong or a
// partial file.
#include <cstdio>
#include <fstream>

#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/files/upload_client.h"
#include "common/worker/worker.h"
#include "services/file_transfer/testing/files_fixture.h"

namespace cognate::file_transfer {
namespace {

using test_support::Eventually;
using test_support::HasReason;
using test_support::IsOkAndHolds;
using test_support::StatusIs;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// A disk of this size where this process may mount one.
class SmallDisk {
 public:
  SmallDisk(std::string path, const char* size) : path_(std::move(path)) {
    std::filesystem::create_directories(path_);
    is_mounted_ = mount("tmpfs", path_.c_str(), "tmpfs", 0, size) == 0;
  }
  ~SmallDisk() {
    if (is_mounted_) umount2(path_.c_str(), MNT_DETACH);
  }
  bool is_mounted() const { return is_mounted_; }
  bool SetReadOnly(bool read_only) const {
    return mount("tmpfs", path_.c_str(), "tmpfs", MS_REMOUNT | (read_only ? MS_RDONLY : 0), nullptr) == 0;
  }

 private:
  const std::string path_;
  bool is_mounted_ = false;
};

class HostileTest : public FilesTest {
 protected:
  ~HostileTest() override {
    wrong_ += HasFailure() ? 1 : 0;
    std::printf("figure files.hostile cases=%d wrong=%d\n", cases_, wrong_);
  }

  // Ends with this reason, and nothing of it is left.
  template <typename Answer>
  void ExpectRefused(const Answer& answer, const char* reason) {
    ++cases_;
    EXPECT_THAT(answer, HasReason(reason));
    EXPECT_THAT(FilesIn("uploads"), IsEmpty()) << reason;
  }

  absl::StatusOr<v1::WriteResponse> SendOne(const v1::WriteRequest& message) {
    WriteStream stream(stub());
    stream.Send(message);
    return stream.End();
  }

  // The content in two messages, and the end as `end` says it.
  absl::StatusOr<v1::WriteResponse> PutSaying(const std::string& content, const v1::WriteRequest& end) {
    WriteStream stream(stub());
    v1::WriteRequest message = First(NewUpload());
    message.set_data(content.substr(0, content.size() / 2));
    stream.Send(message);
    message = end;
    message.set_data(content.substr(content.size() / 2));
    stream.Send(message);
    return stream.End();
  }

  static inline int cases_ = 0;
  static inline int wrong_ = 0;
};

TEST_F(HostileTest, RefusesAContentThatIsNotWhatWasSaid) {
  for (const int64_t size : {10, 60'000, 700'000, 6'000'000}) {
    const std::string content = RandomContent(size, 1);
    v1::WriteRequest end;
    SetEnd(content, &end);
    end.set_sha256(files::Sha256("another"));
    ExpectRefused(PutSaying(content, end), "FILE_DAMAGED");
    SetEnd(content, &end);
    end.set_size_bytes(size + 1);
    ExpectRefused(PutSaying(content, end), "FILE_DAMAGED");
    end.set_size_bytes(size - 1);
    ExpectRefused(PutSaying(content, end), "FILE_DAMAGED");
    // Cut off: the end is said where it is not.
    SetEnd(content, &end);
    ExpectRefused(PutSaying(content.substr(0, content.size() - 3), end), "FILE_DAMAGED");
    EXPECT_FALSE(Has(content));
    EXPECT_FALSE(Has("another"));
    v1::WriteRequest one = First(NewUpload());
    one.set_data(content.substr(0, std::min(content.size(), size_t{1'000'000})));
    SetEnd("another", &one);
    ExpectRefused(SendOne(one), "FILE_DAMAGED");
  }
  EXPECT_EQ(List()->total_count(), 0);
  EXPECT_THAT(FilesIn("blobs"), IsEmpty());
}

TEST_F(HostileTest, StopsAContentThatGrowsBeyondWhatWasSaid) {
  WriteStream stream(stub());
  v1::WriteRequest message = First(NewUpload());
  message.set_size_bytes(1'000'000);
  message.set_data(RandomContent(900'000, 2));
  int sent = 0;
  while (sent < 1'000 && stream.Send(message)) {
    message = v1::WriteRequest();
    message.set_data(RandomContent(900'000, 2));
    ++sent;
  }
  EXPECT_LT(sent, 1'000);
  ExpectRefused(stream.End(), "FILE_DAMAGED");
}

TEST_F(HostileTest, TakesNoNameForAPath) {
  for (const std::string name :
       {"../../../../../../etc/passwd", "/etc/passwd-and-so-on", "uploads/../../escape", "....//....//....//",
        "short", "", "sixteen-or-more\\..\\..\\x", "with a space in it-", "ночь-улица-фонарь",
        "nul\0nul-nul-nul-n"}) {
    v1::WriteRequest message = First(name);
    message.set_data("x");
    SetEnd("x", &message);
    ExpectRefused(SendOne(message), "INVALID_FIELD");
  }
  const std::string nul("sixteen-and-\0-more-than-it", 26);
  v1::WriteRequest message = First(nul);
  message.set_data("x");
  ExpectRefused(SendOne(message), "INVALID_FIELD");
  // Allowed, and none either.
  message = First("................");
  message.set_data(RandomContent(100'000, 3));
  SetEnd(message.data(), &message);
  ++cases_;
  EXPECT_OK(SendOne(message));
  message = First(NewUpload());
  message.set_platform("../../../../../../../tmp/cgt-escape");
  message.set_data(RandomContent(100'000, 4));
  SetEnd(message.data(), &message);
  ++cases_;
  EXPECT_OK(SendOne(message));
  for (const std::string& file : FilesIn("")) EXPECT_EQ(file.find("escape"), std::string::npos) << file;
  EXPECT_FALSE(std::filesystem::exists("/tmp/cgt-escape"));
}

TEST_F(HostileTest, RefusesMessagesThatMakeNoSense) {
  v1::WriteRequest message = First(NewUpload());
  message.set_data(std::string((4 << 20) + 1, 'x'));
  ExpectRefused(SendOne(message), "INVALID_FIELD");
  message = First(NewUpload());
  message.set_data("x");
  message.set_write_offset(-1);
  ExpectRefused(SendOne(message), "INVALID_FIELD");
  message.set_write_offset(5);
  ExpectRefused(SendOne(message), "WRITE_OFFSET_MISMATCH");
  message.set_write_offset(0);
  message.set_size_bytes(-2);
  ExpectRefused(SendOne(message), "INVALID_FIELD");
  message.clear_size_bytes();
  message.set_sha256("short");
  ExpectRefused(SendOne(message), "INVALID_FIELD");
  message.clear_sha256();
  message.set_platform("");
  ExpectRefused(SendOne(message), "INVALID_FIELD");
  message.set_platform("shop");
  message.mutable_lifetime()->set_seconds(1);
  ExpectRefused(SendOne(message), "INVALID_FIELD");
  message.clear_lifetime();
  message.set_finish_write(true);
  ExpectRefused(SendOne(message), "INVALID_FIELD");
  {
    WriteStream stream(stub());
    message = First(NewUpload());
    stream.Send(message);
    stream.Send(v1::WriteRequest());
    ++cases_;
    EXPECT_THAT(stream.End(), HasReason("INVALID_FIELD"));
    v1::CancelWriteRequest cancel;
    cancel.set_upload(message.upload());
    cancel.set_platform("shop");
    ASSERT_OK(Call(&Stub::CancelWrite, cancel));
  }
  for (const auto& [offset, length] : {std::pair{-1, 5}, {0, 0}, {0, -3}}) {
    message = First(NewUpload());
    message.mutable_copy()->set_sha256(files::Sha256("x"));
    message.mutable_copy()->set_offset(offset);
    message.mutable_copy()->set_length(length);
    ExpectRefused(SendOne(message), "INVALID_FIELD");
  }
  WriteStream nothing(stub());
  ExpectRefused(nothing.End(), "INVALID_FIELD");
}

TEST_F(HostileTest, RefusesBatchesThatAreTooMuch) {
  v1::BatchWriteRequest many;
  many.set_platform("shop");
  for (int i = 0; i < 1'001; ++i) many.add_files()->set_sha256(files::Sha256(""));
  ExpectRefused(Call(&Stub::BatchWrite, many), "INVALID_FIELD");
  ExpectRefused(PutBatch({RandomContent(3'000'000, 5), RandomContent(3'000'000, 6)}), "INVALID_FIELD");
  v1::CheckRequest check;
  check.set_platform("shop");
  for (int i = 0; i < 10'001; ++i) check.add_sha256s(files::Sha256(""));
  ExpectRefused(Call(&Stub::Check, check), "INVALID_FIELD");
  check.clear_sha256s();
  check.add_chunk_sha256s("31 bytes or so are not enough..");
  ExpectRefused(Call(&Stub::Check, check), "INVALID_FIELD");
}

TEST_F(HostileTest, KeepsAnUploadToItsPlatform) {
  const std::string upload = NewUpload();
  v1::WriteRequest message = First(upload);
  message.set_data(RandomContent(100'000, 7));
  ASSERT_OK(SendOne(message));
  ++cases_;
  v1::QueryWriteStatusRequest status;
  status.set_upload(upload);
  status.set_platform("another");
  EXPECT_THAT(Call(&Stub::QueryWriteStatus, status), HasReason("UPLOAD_NOT_FOUND"));
  message.set_platform("another");
  ++cases_;
  ASSERT_OK(SendOne(message));
  message = First(NewUpload());
  message.set_platform("third");
  message.set_copy_upload(upload);
  ++cases_;
  EXPECT_THAT(SendOne(message), HasReason("UPLOAD_NOT_FOUND"));
}

// Where no disk can be mounted, the limit of a file's size does what a full one does.
TEST_F(HostileTest, SaysThatTheStoreIsFullAndGoesOnWhenThereIsRoom) {
  Stop();
  config_.postgres.uri = test_support::PostgresServer::Shared().CreateDatabase();
  ASSERT_OK(Migrate(config_));
  config_.file_store = directory_.File("disk/store");
  const SmallDisk disk(directory_.File("disk"), "size=24m");
  Start();
  const std::string content = RandomContent(18'000'000, 8);
  const std::string upload = NewUpload();
  const std::string ballast = absl::StrCat(config_.file_store, "/ballast");
  rlimit before = {};
  getrlimit(RLIMIT_FSIZE, &before);
  if (disk.is_mounted()) {
    std::ofstream(ballast) << std::string(12 << 20, 'x');
  } else {
    const rlimit small = {10 << 20, before.rlim_max};
    setrlimit(RLIMIT_FSIZE, &small);
  }
  ++cases_;
  EXPECT_THAT(Put(content, upload), HasReason("STORE_FULL"));
  ++cases_;
  if (disk.is_mounted()) {
    EXPECT_THAT(PutBatch({RandomContent(4'000'000, 9), RandomContent(60'000, 10)}), HasReason("STORE_FULL"));
  }
  EXPECT_FALSE(Has(content));
  EXPECT_THAT(FilesIn("blobs"), IsEmpty());
  std::filesystem::remove(ballast);
  setrlimit(RLIMIT_FSIZE, &before);
  const absl::StatusOr<v1::QueryWriteStatusResponse> status = Status(upload);
  ++cases_;
  ASSERT_OK(Put(content, upload, status.ok() ? status->committed_bytes() : 0));
  EXPECT_THAT(Get(files::Sha256(content)), IsOkAndHolds(content));
  Stop();
}

TEST_F(HostileTest, SaysThatTheStoreCannotBeWrittenToAndStillReads) {
  Stop();
  config_.postgres.uri = test_support::PostgresServer::Shared().CreateDatabase();
  ASSERT_OK(Migrate(config_));
  config_.file_store = directory_.File("disk/store");
  const SmallDisk disk(directory_.File("disk"), "size=24m");
  Start();
  ASSERT_OK(PutBatch({"from before"}));
  Stop();
  const bool is_read_only = disk.is_mounted() && disk.SetReadOnly(true);
  if (!is_read_only && geteuid() == 0)
    GTEST_SKIP() << "nothing can be shown: no disk can be mounted here, and root writes to what is read-only";
  if (!is_read_only) {
    for (const char* folder : {"packs", "uploads"})
      chmod(absl::StrCat(config_.file_store, "/", folder).c_str(), 0500);
  }
  Start();
  if (is_read_only || geteuid() != 0) {
    cases_ += 3;
    EXPECT_THAT(Put(RandomContent(3'000'000, 11)), HasReason("STORE_UNAVAILABLE"));
    EXPECT_THAT(PutBatch({"from after"}), HasReason("STORE_UNAVAILABLE"));
    EXPECT_THAT(Get(files::Sha256("from before")), IsOkAndHolds(std::string("from before")));
  }
  Stop();
  if (is_read_only) disk.SetReadOnly(false);
  for (const char* folder : {"packs", "uploads"})
    chmod(absl::StrCat(config_.file_store, "/", folder).c_str(), 0700);
  Start();
  EXPECT_OK(PutBatch({"from after"}));
  Stop();
}

TEST_F(HostileTest, WillNotTakeTheStoreOfAnotherDatabaseNorAnUnmountedOne) {
  ASSERT_OK(PutBatch({"something"}));
  Stop();
  const std::string store = config_.file_store;
  config_.file_store = directory_.File("not-mounted");
  metrics::Registry metrics;
  health::Readiness readiness;
  const service::Environment environment = {Clock::Real(), metrics, readiness};
  ++cases_;
  EXPECT_THAT(Server::Create(config_, environment).status(), HasReason("STORE_MISMATCH"));
  config_.file_store = store;
  const std::string uri = config_.postgres.uri;
  config_.postgres.uri = test_support::PostgresServer::Shared().CreateDatabase();
  ASSERT_OK(Migrate(config_));
  ++cases_;
  EXPECT_THAT(Server::Create(config_, environment).status(), HasReason("STORE_MISMATCH"));
  config_.postgres.uri = uri;
  Start();
  EXPECT_TRUE(Has("something"));
}

TEST_F(HostileTest, SendsFilesWhateverTheirNamesAre) {
  const std::string folder = directory_.File("names");
  std::filesystem::create_directories(folder);
  std::vector<std::string> paths, contents;
  for (const std::string name :
       {"Größe.txt", "фото.jpg", "写真.png", "صورة.gif", "תמונה.bmp", "ภาพ.webp", "사진 (1).jpg",
        "e\xcc\x81tat", "😀🏳️‍🌈", "-rf *", "$(reboot)", "..hidden", "new\nline", "quote'\"quote",
        "bad\xff\xfe utf-8", "%2e%2e%2f", "con.aux.nul", " leading and trailing ", "a\tb"}) {
    paths.push_back(absl::StrCat(folder, "/", name));
    contents.push_back(absl::StrCat("the content of ", name));
    std::ofstream(paths.back()) << contents.back();
  }
  paths.push_back(absl::StrCat(folder, "/empty"));
  contents.push_back("");
  std::ofstream(paths.back()) << "";
  paths.push_back(absl::StrCat(folder, "/large 大"));
  contents.push_back(RandomContent(5'000'000, 12));
  std::ofstream(paths.back()) << contents.back();
  files::UploadClient client(stub(), {.platform = "shop"});
  int failed = 0;
  Mutex mutex;
  ASSERT_OK(client.PutAll(paths, [&](const files::UploadedFile& file) {
    MutexLock lock(&mutex);
    if (!file.status.ok()) ++failed;
    return true;
  }));
  EXPECT_EQ(failed, 0);
  for (const std::string& content : contents) {
    ++cases_;
    EXPECT_THAT(Get(files::Sha256(content)), IsOkAndHolds(content));
  }
}

}  // namespace
}  // namespace cognate::file_transfer

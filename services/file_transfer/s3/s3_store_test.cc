// The store in S3: against a server in memory that checks signatures and fails on demand, or, with
// COGNATE_TEST_S3=minio, against MinIO.
#include "services/file_transfer/s3/s3_store.h"

#include <cstdlib>
#include <random>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/files/digest.h"
#include "services/file_transfer/disk/disk_store.h"
#include "tests/support/fake_s3.h"
#include "tests/support/minio_server.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace cognate::file_transfer {
namespace {

using test_support::FakeS3;
using test_support::HasReason;
using test_support::IsOkAndHolds;
using test_support::MinioServer;
using test_support::StatusIs;
using test_support::ValueOrDie;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

bool WithMinio() {
  const char* server = std::getenv("COGNATE_TEST_S3");  // NOLINT(concurrency-mt-unsafe)
  return server != nullptr && absl::string_view(server) == "minio";
}

std::string Noise(size_t size) {
  std::mt19937_64 random(size);
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

class S3StoreTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (WithMinio() && MinioServer::IsInstalled()) minio_ = ValueOrDie(MinioServer::Start());
  }
  static void TearDownTestSuite() { minio_.reset(); }

  void SetUp() override {
    if (WithMinio() && minio_ == nullptr)
      GTEST_SKIP() << MinioServer::kBinary << " is not there: `make tools` installs it";
    store_ = ValueOrDie(Open(store_id_, true));
  }

  s3::Options Options() {
    s3::Options options;
    options.endpoint = {WithMinio() ? minio_->endpoint() : fake_.endpoint(), "us-east-1", true};
    options.bucket = WithMinio() ? MinioServer::kBucket : FakeS3::kBucket;
    options.credentials = WithMinio() ? MinioServer::Key() : FakeS3::Key();
    options.backoff = {absl::Milliseconds(1), 2.0, absl::Milliseconds(20)};
    return options;
  }
  absl::StatusOr<std::unique_ptr<S3Store>> Open(const Uuid& store_id, bool is_new) {
    return S3Store::Open(
        {Options(), prefix_, ValueOrDie(DiskStore::Open(staging_.path(), store_id_, true, clock_))}, store_id,
        is_new, clock_);
  }
  std::unique_ptr<s3::Client> Client() { return ValueOrDie(s3::Client::Create(Options(), clock_)); }

  static absl::StatusOr<std::string> Read(S3Store& store, const BlobPlace& place, int64_t size,
                                          size_t piece = 256 << 10) {
    absl::StatusOr<std::unique_ptr<BlobReader>> reader = store.Open(place, size);
    if (!reader.ok()) return reader.status();
    std::string content;
    std::string buffer(piece, '\0');
    while (true) {
      absl::StatusOr<size_t> got =
          (*reader)->ReadAt(static_cast<int64_t>(content.size()), buffer.data(), buffer.size());
      if (!got.ok()) return got.status();
      if (*got == 0) return content;
      content.append(buffer, 0, *got);
    }
  }
  absl::StatusOr<BlobPlace> Publish(const std::string& name, const std::string& content) {
    auto partial = store_->OpenPartial(name, 0);
    if (!partial.ok()) return partial.status();
    EXPECT_OK((*partial)->Append(content));
    EXPECT_OK((*partial)->Sync());
    return store_->Publish(**partial, name, files::Sha256(content));
  }
  std::vector<std::string> Keys() {
    std::vector<std::string> keys;
    EXPECT_OK(Client()->ForEach(prefix_ + "/", [&](const s3::Object& object) {
      keys.push_back(object.key.substr(prefix_.size() + 1));
      return absl::OkStatus();
    }));
    return keys;
  }

  static std::unique_ptr<MinioServer> minio_;
  FakeS3 fake_;
  const Clock& clock_ = Clock::Real();
  const Uuid store_id_ = Uuid::V7(clock_);
  const std::string prefix_ = absl::StrCat("stores/", store_id_.ToString());
  test_support::TempDir staging_;
  std::unique_ptr<S3Store> store_;
};
std::unique_ptr<MinioServer> S3StoreTest::minio_;

TEST_F(S3StoreTest, SmallContentsThatComeTogetherAreOneObject) {
  const std::vector<std::string> contents = {Noise(30'000), "", std::string(50'000, 'x'), "a",
                                             "\u65e5\u672c\u8a9e"};
  const std::vector<absl::string_view> views(contents.begin(), contents.end());
  ASSERT_OK_AND_ASSIGN(const BlobStore::Packed packed, store_->Pack(views));
  EXPECT_THAT(Keys(), SizeIs(2));  // and the id of the store
  ASSERT_THAT(packed.places, SizeIs(5));
  EXPECT_TRUE(packed.places[2].is_compressed);
  for (size_t i = 0; i < contents.size(); ++i) {
    EXPECT_NE(packed.places[i].pack, 0);
    EXPECT_THAT(Read(*store_, packed.places[i], static_cast<int64_t>(contents[i].size())),
                IsOkAndHolds(contents[i]));
  }
  ASSERT_OK_AND_ASSIGN(const auto packs, store_->ListPacks([] { return false; }));
  ASSERT_THAT(packs, SizeIs(1));
  EXPECT_EQ(packs[0].number, packed.places[0].pack);
  EXPECT_EQ(packs[0].size_bytes, packed.places[4].offset + packed.places[4].stored_bytes);
}

TEST_F(S3StoreTest, ALargeContentIsAnObjectNamedByItsHash) {
  const std::string content = Noise(5'000'000);
  ASSERT_OK_AND_ASSIGN(const BlobPlace place, Publish("upload1", content));
  EXPECT_THAT(Keys(), ElementsAre(absl::StrCat("blobs/", place.blob), "store-id"));
  EXPECT_THAT(place.blob, ::testing::StartsWith(absl::BytesToHexString(files::Sha256(content))));
  EXPECT_TRUE(*Read(*store_, place, 5'000'000) == content);
  EXPECT_TRUE(*Read(*store_, place, 5'000'000, 999'999) == content);
  ASSERT_OK_AND_ASSIGN(const auto reader, store_->Open(place, 5'000'000));
  std::string piece(100, '\0');
  for (const int64_t offset : {4'999'950, 17, 3'000'000, 18}) {
    ASSERT_OK_AND_ASSIGN(const size_t got, reader->ReadAt(offset, piece.data(), piece.size()));
    EXPECT_EQ(piece.substr(0, got), content.substr(static_cast<size_t>(offset), 100));
  }
  EXPECT_THAT(reader->ReadAt(5'000'000, piece.data(), piece.size()), IsOkAndHolds(0u));
  EXPECT_OK(store_->Remove(place));
  EXPECT_OK(store_->Remove(place));
  EXPECT_THAT(Keys(), ElementsAre("store-id"));
}

TEST_F(S3StoreTest, AVeryLargeOneGoesInParts) {
  const std::string content = Noise((65 << 20) + 7);
  ASSERT_OK_AND_ASSIGN(const BlobPlace place, Publish("upload1", content));
  EXPECT_TRUE(*Read(*store_, place, static_cast<int64_t>(content.size())) == content);
  EXPECT_EQ(fake_.upload_count(), 0u);
}

TEST_F(S3StoreTest, AContentThatIsNotItsHashIsNotStored) {
  ASSERT_OK_AND_ASSIGN(const auto partial, store_->OpenPartial("upload1", 0));
  ASSERT_OK(partial->Append(Noise(100'000)));
  ASSERT_OK(partial->Sync());
  EXPECT_FALSE(store_->Publish(*partial, "upload1", files::Sha256("another")).ok());
  EXPECT_THAT(Keys(), ElementsAre("store-id"));
}

TEST_F(S3StoreTest, BelongsToOneDatabase) {
  EXPECT_OK(Open(store_id_, false).status());
  EXPECT_OK(Open(store_id_, true).status());
  EXPECT_THAT(Open(Uuid::V7(clock_), true), HasReason("STORE_MISMATCH"));
  ASSERT_OK(Client()->Delete(prefix_ + "/store-id"));
  EXPECT_THAT(Open(store_id_, false), HasReason("STORE_MISMATCH"));
  EXPECT_THAT(store_->Check(), HasReason("STORE_UNAVAILABLE"));
}

TEST_F(S3StoreTest, WhatIsGoneOrCutIsDamagedUnlessTheWholeStoreIsGone) {
  const std::string content = Noise(100'000);
  ASSERT_OK_AND_ASSIGN(const BlobPlace place, Publish("upload1", content));
  ASSERT_OK_AND_ASSIGN(const BlobStore::Packed packed, store_->Pack({"small"}));
  const std::string key = absl::StrCat(prefix_, "/blobs/", place.blob);
  ASSERT_OK(Client()->Put(key, s3::SourceOf("cut")));
  EXPECT_THAT(store_->Open(place, 100'000), StatusIs(absl::StatusCode::kDataLoss, HasSubstr("3 bytes")));
  ASSERT_OK(Client()->Delete(key));
  EXPECT_THAT(store_->Open(place, 100'000), StatusIs(absl::StatusCode::kDataLoss));
  ASSERT_OK(store_->RemovePack(packed.places[0].pack));
  EXPECT_THAT(store_->Open(packed.places[0], 5), StatusIs(absl::StatusCode::kDataLoss));
  ASSERT_OK(Client()->Delete(prefix_ + "/store-id"));
  EXPECT_THAT(store_->Open(place, 100'000), HasReason("STORE_UNAVAILABLE"));
  EXPECT_THAT(store_->Open(packed.places[0], 5), HasReason("STORE_UNAVAILABLE"));
}

TEST_F(S3StoreTest, AYoungPackIsNobodysToRemove) {
  ASSERT_OK_AND_ASSIGN(const BlobStore::Packed packed, store_->Pack({"small"}));
  EXPECT_EQ(*store_->HoldPack(packed.places[0].pack), nullptr);
  EXPECT_EQ(*store_->HoldPack(4711), nullptr);
  if (WithMinio()) return;  // whose objects cannot be made old
  const std::string key = absl::StrCat(prefix_, "/packs/0000000000001267");
  fake_.SetObject(key, "old", absl::Now() - absl::Hours(2));
  EXPECT_NE(*store_->HoldPack(0x1267), nullptr);
  EXPECT_OK(store_->RemovePack(0x1267));
  EXPECT_OK(store_->RemovePack(0x1267));
  EXPECT_FALSE(fake_.objects().contains(key));
}

TEST_F(S3StoreTest, SaysSinceWhenNothingIsInAPack) {
  ASSERT_OK_AND_ASSIGN(const BlobStore::Packed packed, store_->Pack({"small"}));
  ASSERT_OK(store_->Pack({"another"}).status());
  const int64_t number = packed.places[0].pack;
  const absl::Time before = absl::Now() - absl::Minutes(1);
  ASSERT_OK(store_->SetEmptied(number));
  ASSERT_OK_AND_ASSIGN(const auto packs, store_->ListPacks([] { return false; }));
  ASSERT_THAT(packs, SizeIs(2));
  for (const BlobStore::PackFile& pack : packs) {
    EXPECT_EQ(pack.emptied_at.has_value(), pack.number == number);
    if (pack.emptied_at) EXPECT_GT(*pack.emptied_at, before);
  }
  EXPECT_THAT(Read(*store_, packed.places[0], 5), IsOkAndHolds("small"));
  ASSERT_OK(store_->RemovePack(number));
  EXPECT_THAT(*store_->ListPacks([] { return false; }), SizeIs(1));
  EXPECT_THAT(Keys(), SizeIs(2));  // with store-id
}

TEST_F(S3StoreTest, ShowsOldBlobsAndPartialsToWhoCollects) {
  ASSERT_OK_AND_ASSIGN(const BlobPlace place, Publish("upload1", Noise(100'000)));
  const auto blobs = [&](absl::Time before) {
    std::vector<std::string> names;
    EXPECT_OK(store_->ForEachBlob(before, [&](absl::string_view name) {
      names.emplace_back(name);
      return absl::OkStatus();
    }));
    return names;
  };
  EXPECT_THAT(blobs(absl::Now() - absl::Hours(1)), IsEmpty());
  EXPECT_THAT(blobs(absl::Now() + absl::Hours(1)), ElementsAre(place.blob));
  std::vector<std::string> partials;
  ASSERT_OK(store_->ForEachPartial(absl::Now() + absl::Hours(1), [&](absl::string_view name) {
    partials.emplace_back(name);
    return absl::OkStatus();
  }));
  EXPECT_THAT(partials, ElementsAre("upload1"));
  EXPECT_OK(store_->RemovePartial("upload1"));
  EXPECT_FALSE(store_->ReadPartial("upload1").ok());
}

TEST_F(S3StoreTest, UploadsThatWereBrokenOffAreAbortedAfterADay) {
  if (WithMinio()) return;  // whose uploads cannot be made old
  ASSERT_OK(Client()->BeginUpload(prefix_ + "/blobs/one").status());
  const auto look = [&] {
    ASSERT_OK(store_->ForEachPartial(absl::Now(), [](absl::string_view) { return absl::OkStatus(); }));
  };
  look();
  EXPECT_EQ(fake_.upload_count(), 1u);
  fake_.AgeUploads(absl::Hours(25));
  look();
  EXPECT_EQ(fake_.upload_count(), 0u);
}

TEST_F(S3StoreTest, NeighboursInAPackAreReadTogether) {
  std::vector<std::string> contents;
  for (int i = 0; i < 100; ++i) contents.push_back(Noise(5'000 + i));
  ASSERT_OK_AND_ASSIGN(const BlobStore::Packed packed,
                       store_->Pack(std::vector<absl::string_view>(contents.begin(), contents.end())));
  const size_t before = fake_.requests().size();
  for (size_t i = 0; i < contents.size(); ++i)
    EXPECT_THAT(Read(*store_, packed.places[i], 5'000 + static_cast<int64_t>(i)), IsOkAndHolds(contents[i]));
  EXPECT_LE(fake_.requests().size() - before, 4u);
}

TEST_F(S3StoreTest, ACutAnswerAndAServerThatIsSlowCostNothingButTime) {
  if (WithMinio()) return;
  const std::string content = Noise(3'000'000);
  fake_.Fail({}, 2);
  ASSERT_OK_AND_ASSIGN(const BlobPlace place, Publish("upload1", content));
  fake_.CutNextGet(100'000);
  EXPECT_TRUE(*Read(*store_, place, 3'000'000) == content);
}

TEST_F(S3StoreTest, AServerThatCannotIsAStoreThatIsUnavailable) {
  if (WithMinio()) return;
  ASSERT_OK_AND_ASSIGN(const BlobStore::Packed packed, store_->Pack({"small"}));
  fake_.Fail({}, 1'000);
  EXPECT_THAT(store_->Pack({"small"}), HasReason("STORE_UNAVAILABLE"));
  EXPECT_THAT(Publish("upload1", Noise(100'000)), HasReason("STORE_UNAVAILABLE"));
  EXPECT_THAT(store_->Open(packed.places[0], 5), HasReason("STORE_UNAVAILABLE"));
  EXPECT_THAT(store_->Check(), HasReason("STORE_UNAVAILABLE"));
}

TEST_F(S3StoreTest, AFullBucketIsAStoreThatIsFull) {
  if (WithMinio()) return;
  fake_.Fail({507, "<Error><Code>XMinioStorageFull</Code></Error>"});
  EXPECT_THAT(store_->Pack({"small"}), HasReason("STORE_FULL"));
}

}  // namespace
}  // namespace cognate::file_transfer

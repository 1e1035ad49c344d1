// The end of an upload, and what may come between.
#include <fstream>
#include <random>
#include <thread>

#include "services/file_transfer/chunk_store.h"
#include "services/file_transfer/collect_store.h"
#include "services/file_transfer/testing/files_fixture.h"
#include "services/file_transfer/upload_store.h"

namespace cognate::file_transfer {
namespace {

using test_support::Eventually;
using test_support::IsOkAndHolds;
using ::testing::Gt;

class FinishTest : public FilesTest {
 protected:
  // All bytes of it, and not the word that they are all.
  void SendAll(const std::string& content, const std::string& upload) {
    WriteStream stream(stub());
    v1::WriteRequest message = First(upload);
    for (size_t at = 0; at < content.size(); at += 1 << 20) {
      message.set_data(content.substr(at, 1 << 20));
      ASSERT_TRUE(stream.Send(message));
      message.Clear();
    }
    ASSERT_OK_AND_ASSIGN(const v1::WriteResponse response, stream.End());
    ASSERT_EQ(response.committed_bytes(), static_cast<int64_t>(content.size()));
  }
  v1::WriteRequest Last(const std::string& content, const std::string& upload) {
    v1::WriteRequest message = First(upload, static_cast<int64_t>(content.size()));
    SetEnd(content, &message);
    return message;
  }
  absl::StatusOr<v1::WriteResponse> Finish(const std::string& content, const std::string& upload) {
    WriteStream stream(stub());
    stream.Send(Last(content, upload));
    return stream.End();
  }

  int64_t Count(const std::string& table) const {
    postgres::ConnectionOptions options;
    options.uri = config_.postgres.uri;
    options.search_path = "file_transfer";
    auto connection = test_support::ValueOrDie(postgres::Connection::Open(options));
    const auto rows = connection->QueryText(absl::StrCat("SELECT count(*) FROM ", table));
    EXPECT_OK(rows.status());
    return rows.ok() ? std::stoll(std::string(rows->GetText(0, 0))) : -1;
  }
};

// The client gives up waiting, and asks again, while the service finds the hash.
TEST_F(FinishTest, SurvivesThatItIsAskedForTwice) {
  std::mt19937 random(1);
  for (uint64_t round = 0; round < 30; ++round) {
    const std::string content = RandomContent(12 << 20, 100 + round), upload = NewUpload();
    SendAll(content, upload);
    // As an upload of before, whose hash was not kept: it takes longer.
    Execute("UPDATE uploads SET hash_state = NULL");
    WriteStream first(stub());
    ASSERT_TRUE(first.Send(Last(content, upload)));
    StopToken clock;
    clock.WaitFor(absl::Milliseconds(static_cast<int>(random() % 40)));
    first.Cut();
    ASSERT_TRUE(Eventually([&] {
      const auto finished = Finish(content, upload);
      EXPECT_TRUE(finished.ok() || ErrorReason(finished.status()) == "UPLOAD_IN_USE") << finished.status();
      return finished.ok();
    }));
    ASSERT_TRUE(Has(content));
  }
}

TEST_F(FinishTest, AndTheContentAreOneThingInTheDatabase) {
  const std::string content = RandomContent(3 << 20, 1), upload = NewUpload();
  SendAll(content, upload);
  Execute(
      "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'not now'; END "
      "$$;"
      "CREATE TRIGGER refuse BEFORE UPDATE ON uploads FOR EACH ROW WHEN (NEW.file_sha256 IS NOT NULL) "
      "EXECUTE FUNCTION refuse()");
  EXPECT_FALSE(Finish(content, upload).ok());
  // Else whoever goes on with the upload would write into what others read.
  EXPECT_FALSE(Has(content));
  Execute("DROP TRIGGER refuse ON uploads");
  EXPECT_OK(Finish(content, upload));
  EXPECT_THAT(Get(files::Sha256(content)), IsOkAndHolds(content));
}

TEST_F(FinishTest, HashesWhatWasCommittedOnceAlone) {
  const std::string content = RandomContent(20 << 20, 2), upload = NewUpload();
  SendAll(content, upload);
  // What the hash has seen nobody reads again: else this would be noticed now, and not by a scrub.
  {
    std::fstream partial(FilesIn("uploads").front(), std::ios::in | std::ios::out | std::ios::binary);
    partial << "rotten";
  }
  Stop();
  Start();
  ASSERT_OK_AND_ASSIGN(const v1::WriteResponse response, Finish(content, upload));
  EXPECT_EQ(response.file().sha256(), files::Sha256(content));
}

TEST_F(FinishTest, WhatOnlyOneProcessIsToDoIsTakenByOne) {
  postgres::Options options;
  options.uri = config_.postgres.uri;
  options.search_path = "file_transfer";
  const auto pool = test_support::ValueOrDie(postgres::Pool::Create(options));
  CollectStore one(*pool), other(*pool);
  const absl::Time now = absl::Now();
  EXPECT_THAT(one.TakeChore("a chore", now, absl::Hours(1)), IsOkAndHolds(false));
  const absl::Time later = now + absl::Hours(2);
  EXPECT_THAT(one.TakeChore("a chore", later, absl::Hours(1)), IsOkAndHolds(true));
  EXPECT_THAT(other.TakeChore("a chore", later, absl::Hours(1)), IsOkAndHolds(false));
  // A content is cut by one of them; if that one dies, by the other one later.
  Stop();
  Execute(
      "INSERT INTO files (sha256, size_bytes, created_at, asked_at, pack, pack_offset, stored_bytes, "
      "is_compressed, "
      "blob, is_chunked) SELECT sha256(i::text::bytea), 1, now(), now(), 0, 0, 1, false, '', false FROM "
      "generate_series(1, 2) i");
  ChunkStore mine(*pool), theirs(*pool);
  const auto first = mine.ClaimUncut(0, now, now + absl::Minutes(5));
  const auto second = theirs.ClaimUncut(0, now, now + absl::Minutes(5));
  ASSERT_OK(first);
  ASSERT_OK(second);
  ASSERT_TRUE(first->has_value() && second->has_value());
  EXPECT_NE((*first)->file_id, (*second)->file_id);
  EXPECT_FALSE(mine.ClaimUncut(0, now, now + absl::Minutes(5))->has_value());
  EXPECT_TRUE(theirs.ClaimUncut(0, now + absl::Minutes(6), now + absl::Minutes(9))->has_value());
}

TEST_F(FinishTest, ACollectionLooksAtEachContentOnce) {
  Stop();
  postgres::Options options;
  options.uri = config_.postgres.uri;
  options.search_path = "file_transfer";
  const auto pool = test_support::ValueOrDie(postgres::Pool::Create(options));
  Execute(
      "INSERT INTO files (sha256, size_bytes, created_at, asked_at, pack, pack_offset, stored_bytes, "
      "is_compressed, blob) SELECT sha256(i::text::bytea), 1, now(), now() - interval '3 days', 0, 0, 1, "
      "false, "
      "'' FROM generate_series(1, 2500) i");
  Execute(
      "INSERT INTO bindings (platform, entity_id, model, field, position, sha256, path, updated_at) SELECT "
      "'shop', gen_random_uuid(), 'm', 'f', 0, sha256, 'p', now() FROM files WHERE file_id % 100 <> 0");
  CollectStore store(*pool);
  std::vector<size_t> forgotten;
  int64_t after = 0;
  for (int page = 0; page < 3; ++page) {
    const auto some = test_support::ValueOrDie(store.ForgetUnused(absl::Now(), 1'000, &after));
    ASSERT_TRUE(some.has_value());
    forgotten.push_back(some->size());
  }
  EXPECT_THAT(forgotten, ::testing::ElementsAre(10, 10, 5));
  EXPECT_FALSE(test_support::ValueOrDie(store.ForgetUnused(absl::Now(), 1'000, &after)).has_value());
  EXPECT_EQ(Count("files"), 2'475);
}

TEST_F(FinishTest, OneProcessSweepsAndNoOtherDoesAtTheSameTime) {
  const auto refuse = [&] {
    Execute(
        "INSERT INTO refused_uploads (platform, sha256, reason, message, refused_at) VALUES ('shop', "
        "sha256('x'), 'R', 'm', now() - interval '40 days')");
  };
  Stop();
  refuse();
  Execute(
      "INSERT INTO chores (name, due_at) VALUES ('sweep', now() - interval '1 minute') ON CONFLICT (name) DO "
      "UPDATE SET due_at = excluded.due_at");
  Start();
  ASSERT_TRUE(test_support::Eventually([&] { return Count("refused_uploads") == 0; }));
  // What is swept a moment ago is not swept again because a process begins.
  Stop();
  refuse();
  Start();
  EXPECT_TRUE(test_support::Stays([&] { return Count("refused_uploads") == 1; }, absl::Seconds(1)));
}

}  // namespace
}  // namespace cognate::file_transfer

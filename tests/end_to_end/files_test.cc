// Files travel with their records, and no record points at a file that is not there.
#include <atomic>
#include <cstdio>
#include <thread>

#include "absl/strings/match.h"
#include "tests/end_to_end/files_fixture.h"

namespace cognate {
namespace {

using test_support::Eventually;
using test_support::IsOk;
using ::testing::HasSubstr;
using ::testing::Not;

TEST_F(FilesTest, ARecordArrivesWithItsFile) {
  SyncAuthors("directory: 'avatars'");
  Put("magazine", "people/Ada Lovelace.png", Png());
  Run("INSERT INTO author VALUES (1, 'Ada', 'people/Ada Lovelace.png')");
  const std::string picture = AwaitPictureOf("Ada");
  EXPECT_THAT(picture, ::testing::MatchesRegex("avatars/ada-lovelace-[0-9a-f]+\\.png"));
  EXPECT_TRUE(Has("blog", picture, Png())) << picture;
  EXPECT_THAT(Preview("author", "1").ShortDebugString(), HasSubstr("gets copies"));
  const auto listed = Do(*files_, &FilesStub::ListPlacements, "platform: 'blog'");
  ASSERT_THAT(listed, IsOk());
  EXPECT_EQ(listed->placed_count(), 1);
  EXPECT_EQ(listed->placements(0).path(), picture);
  EXPECT_EQ(listed->placements(0).file().media_type(), "image/png");
  EXPECT_EQ(listed->placements(0).model(), "public.writer");
  EXPECT_EQ(listed->placements(0).field(), "picture");
  EXPECT_EQ(listed->placements(0).source().ShortDebugString(),
            "platform: \"magazine\" model: \"public.author\" local_id: \"1\"");
  EXPECT_EQ(listed->placements(0).source_field(), "avatar");
  const auto ran = cluster_.Run({"file", "placements", "blog"});
  EXPECT_THAT(ran.output, HasSubstr("picture of magazine's public.author 1"));
  EXPECT_EQ(ran.code, 0) << ran.output;
  EXPECT_THAT(ran.output, HasSubstr("1 of 1 files"));
}

TEST_F(FilesTest, AnAddressOfTheSourceIsItsFileToo) {
  SyncAuthors();
  Put("magazine", "a b.png", Png());
  Run("INSERT INTO author VALUES (1, 'Ada', 'https://magazine.example/files/a%20b.png?v=3')");
  EXPECT_TRUE(Has("blog", AwaitPictureOf("Ada"), Png()));
}

TEST_F(FilesTest, RecordsWithoutFilesGoAsEver) {
  SyncAuthors();
  Run("INSERT INTO author VALUES (1, 'Nobody', NULL), (2, 'Empty', '')");
  ExpectTarget("SELECT string_agg(title || '=' || coalesce(picture, 'NULL'), ' ' ORDER BY title) FROM writer",
               "Empty= Nobody=NULL");
}

TEST_F(FilesTest, NoRecordPointsAtAFileThatIsNotThere) {
  SyncAuthors();
  constexpr int kRecords = 500;
  std::atomic<bool> is_over = false;
  std::atomic<int> looked = 0, wrong = 0;
  auto eyes = *postgres::Connection::Open(cluster_.postgres().Uri("blog"));
  std::thread watcher([&] {
    while (!is_over) {
      const auto rows = eyes->QueryText("SELECT title, picture FROM writer WHERE picture IS NOT NULL");
      for (int row = 0; rows.ok() && row < rows->size(); ++row) {
        ++looked;
        const std::string title(rows->GetText(row, 0));
        if (!Has("blog", std::string(rows->GetText(row, 1)), Png(title))) ++wrong;
      }
    }
  });
  for (int i = 0; i < kRecords; i += 50) {
    std::string values;
    for (int n = i; n < i + 50; ++n) {
      const std::string title = absl::StrCat("author ", n);
      Put("magazine", absl::StrCat("many/", n, ".png"), Png(title));
      absl::StrAppend(&values, values.empty() ? "" : ", ", "(", n, ", '", title, "', 'many/", n, ".png')");
    }
    Run(absl::StrCat("INSERT INTO author VALUES ", values));
  }
  ExpectTarget("SELECT count(*) FROM writer WHERE picture IS NOT NULL", absl::StrCat(kRecords));
  const int before = looked;
  EXPECT_TRUE(Eventually([&] { return looked > before + kRecords; }));
  is_over = true;
  watcher.join();
  std::printf("figure files.watched records=%d looks=%d wrong=%d\n", kRecords, looked.load(), wrong.load());
  EXPECT_EQ(wrong, 0);
}

TEST_F(FilesTest, AReplacedFileComesWithTheNextEdit) {
  SyncAuthors();
  Put("magazine", "ada.png", Png("first"));
  Run("INSERT INTO author VALUES (1, 'Ada', 'ada.png')");
  const std::string first = AwaitPictureOf("Ada");
  Put("magazine", "ada.png", Png("second"));
  Run("UPDATE author SET name = 'Ada L.' WHERE id = 1");
  ExpectTarget("SELECT count(*) FROM writer WHERE title = 'Ada L.'", "1");
  const std::string second = PictureOf("Ada L.");
  EXPECT_NE(second, first);
  EXPECT_TRUE(Has("blog", second, Png("second")));
}

TEST_F(FilesTest, AMissingFileIsWaitedForAndThenTheRecordGoesByItself) {
  SyncAuthors();
  Run("INSERT INTO author VALUES (1, 'Ada', 'late/ada.png'), (2, 'Bob', NULL)");
  ExpectTarget("SELECT title FROM writer", "Bob");
  ExpectState("1", "late/ada.png");
  ExpectState("1", "WAITING");
  EXPECT_THAT(StateOf("author", "1"), HasSubstr("which is not among the files of magazine yet"));
  EXPECT_EQ(PictureOf("Ada"), "");
  Put("magazine", "late/ada.png", Png());
  EXPECT_TRUE(Has("blog", AwaitPictureOf("Ada"), Png()));
}

TEST_F(FilesTest, APlaceholderStandsInUntilTheFileIsThere) {
  SyncAuthors("absence: FILE_ABSENCE_PLACEHOLDER placeholder: 'default.png'");
  Run("INSERT INTO author VALUES (1, 'Ada', 'late/ada.png')");
  ExpectTarget("SELECT picture FROM writer WHERE title = 'Ada'", "default.png");
  ExpectState("1", "placeholder");
  Put("magazine", "late/ada.png", Png());
  EXPECT_TRUE(Eventually([&] { return Has("blog", PictureOf("Ada"), Png()); })) << PictureOf("Ada");
}

TEST_F(FilesTest, ALinkIsTheAddressAtTheSource) {
  SyncAuthors("mode: FILE_MODE_LINK");
  Run("INSERT INTO author VALUES (1, 'Ada', 'people/ada l.png'), (2, 'Eve', '../../etc/passwd')");
  EXPECT_EQ(AwaitPictureOf("Ada"), "https://magazine.example/files/people/ada%20l.png");
  ExpectReason("2", "FILE_OUTSIDE_PLACE");
  EXPECT_THAT(FilesOf("blog"), ::testing::IsEmpty());
}

TEST_F(FilesTest, ListsOfFilesArriveAsLists) {
  ASSERT_THAT(
      CreateSync(
          "authors", "author", "writer",
          "fields { source: 'name' target: 'title' } fields { source: 'photos' target: 'pictures' file {} } "
          "fields { source: 'scans' target: 'plates' file { max_count: 3 } }"),
      IsOk());
  Put("magazine", "1.png", Png("1"));
  Put("magazine", "2.png", Png("2"));
  Run(R"(INSERT INTO author VALUES (1, 'Ada', NULL, '{1.png,2.png}', '["2.png", "1.png"]'))");
  ExpectTarget("SELECT jsonb_array_length(pictures) || ' ' || cardinality(plates) FROM writer", "2 2");
  EXPECT_TRUE(Has("blog", Ask(*target_, "SELECT pictures->>1 FROM writer"), Png("2")));
  EXPECT_TRUE(Has("blog", Ask(*target_, "SELECT plates[1] FROM writer"), Png("2")));
  Run(R"(INSERT INTO author VALUES (2, 'Eve', NULL, NULL, '["1.png", "1.png", "1.png", "1.png"]'))");
  ExpectReason("2", "TOO_MANY_FILES");
}

TEST_F(FilesTest, ALargeFileComesInItsOwnTime) {
  SyncAuthors();
  std::string large = Png();
  for (int i = 0; large.size() < (20u << 20); ++i) absl::StrAppend(&large, i, ",");
  Put("magazine", "large.png", large);
  Put("magazine", "small.png", Png());
  Run("INSERT INTO author VALUES (1, 'Large', 'large.png'), (2, 'Small', 'small.png')");
  EXPECT_TRUE(Has("blog", AwaitPictureOf("Small"), Png()));
  EXPECT_TRUE(Has("blog", AwaitPictureOf("Large"), large));
  const auto ran = cluster_.Run({"file", "placements", "blog"});
  EXPECT_THAT(ran.output, HasSubstr("2 of 2 files"));
}

TEST_F(FilesTest, BothWaysThereIsOneFileOnEachSide) {
  SyncAuthors("directory: 'avatars'");
  ASSERT_THAT(Do(*registry_, &RegistryStub::CreateSync,
                 "sync { name: 'syncs/back' source_platform: 'blog' source_model: 'public.writer' "
                 "target_platform: 'magazine' "
                 "target_model: 'public.author' fields { source: 'title' target: 'name' } "
                 "fields { source: 'picture' target: 'avatar' file { directory: 'returned' } } }"),
              IsOk());
  Put("magazine", "ada.png", Png("ada"));
  Run("INSERT INTO author VALUES (1, 'Ada', 'ada.png')");
  const std::string picture = AwaitPictureOf("Ada");
  // An edit there comes back with the source's own path, and nothing is copied.
  ASSERT_THAT(target_->Execute("UPDATE writer SET title = 'Ada Byron'"), IsOk());
  Expect(*source_, "SELECT avatar FROM author WHERE name = 'Ada Byron'", "ada.png");
  Run("UPDATE author SET name = 'Ada King' WHERE name = 'Ada Byron'");
  ExpectTarget("SELECT picture FROM writer WHERE title = 'Ada King'", picture);
  EXPECT_THAT(FilesOf("magazine"), ::testing::ElementsAre("ada.png"));
  EXPECT_THAT(FilesOf("blog"), ::testing::ElementsAre(picture));
  // A new picture there is a new file here.
  Put("blog", "uploads/new.png", Png("new"));
  ASSERT_THAT(target_->Execute("UPDATE writer SET picture = 'uploads/new.png'"), IsOk());
  EXPECT_TRUE(Eventually([&] {
    return Has("magazine", Ask(*source_, "SELECT avatar FROM author"), Png("new"));
  })) << Ask(*source_, "SELECT avatar FROM author");
  EXPECT_THAT(Ask(*source_, "SELECT avatar FROM author"), HasSubstr("returned/new-"));
}

TEST_F(FilesTest, WhatDoesNotFitIsRefusedWithASentence) {
  SetFiles("blog", "quota_bytes: 200");
  SyncAuthors("max_bytes: 150");
  Put("magazine", "big.png", Png(std::string(200, 'x')));
  Put("magazine", "1.png", Png("1"));
  Put("magazine", "2.png", Png("2"));
  Put("magazine", "3.png", Png("3"));
  Run("INSERT INTO author VALUES (1, 'Big', 'big.png')");
  ExpectReason("1", "FILE_TOO_LARGE");
  Run("INSERT INTO author VALUES (2, 'One', '1.png')");
  EXPECT_TRUE(Has("blog", AwaitPictureOf("One"), Png("1")));
  Run("INSERT INTO author VALUES (3, 'Two', '2.png'), (4, 'Three', '3.png')");
  ExpectTarget("SELECT count(*) FROM writer", "2");
  EXPECT_TRUE(Eventually([&] { return ReasonOf("3") + ReasonOf("4") == "QUOTA_EXCEEDED"; }));
}

TEST_F(FilesTest, ASyncThatCannotCarryFilesIsRefusedWithTheWayOut) {
  ASSERT_THAT(Do(*registry_, &RegistryStub::UpdatePlatform,
                 "platform { name: 'platforms/blog' } update_mask { paths: 'files' }"),
              IsOk());
  const auto refused = CreateSync(
      "authors", "author", "writer",
      "fields { source: 'name' target: 'title' } fields { source: 'avatar' target: 'picture' file { "
      "directory: '../up' allowed_extensions: '.png' max_count: 5000 } } "
      "fields { source: 'id' target: 'plates' file {} }");
  const std::string wrong = WhatIsWrong(refused.status());
  EXPECT_THAT(wrong, HasSubstr("sync.fields[1].file.directory: got \"../up\""));
  EXPECT_THAT(wrong, HasSubstr("sync.fields[1].file.allowed_extensions[0]"));
  EXPECT_THAT(wrong, HasSubstr("sync.fields[1].file.max_count"));
  EXPECT_THAT(wrong, HasSubstr("cognate platform update blog --files /its/directory"));
  EXPECT_THAT(wrong, HasSubstr("sync.fields[2].file: got a rule for id, which is integer"));
}

class FilesDownTest : public FilesTest {
 protected:
  FilesDownTest() : FilesTest(cluster::Shape::kOneEach) {}
};

TEST_F(FilesDownTest, OnlyRecordsWithFilesWaitWhileFileTransferIsDown) {
  SyncAuthors();
  Put("magazine", "ada.png", Png());
  Run("INSERT INTO author VALUES (1, 'First', 'ada.png')");
  AwaitPictureOf("First");
  cluster_.Kill("file-transfer");
  Run("INSERT INTO author VALUES (2, 'Ada', 'ada.png'), (3, 'Bob', NULL)");
  ExpectTarget("SELECT count(*) FROM writer WHERE title = 'Bob'", "1");
  ExpectReason("2", "FILES_UNAVAILABLE");
  EXPECT_EQ(PictureOf("Ada"), "");
  cluster_.Start("file-transfer");
  EXPECT_TRUE(Has("blog", AwaitPictureOf("Ada"), Png()));
}

}  // namespace
}  // namespace cognate

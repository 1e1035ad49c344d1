// Which files travel by the rules of a sync, and what is kept of those that are gone or damaged.
#include "absl/strings/match.h"
#include "tests/end_to_end/files_fixture.h"

namespace cognate {
namespace {

using test_support::Eventually;
using ::testing::HasSubstr;

class FileRulesTest : public FilesTest {
 protected:
  static constexpr char kNewYear[] = "modified_since { seconds: 1735689600 } ";  // 2025-01-01

  void PutFrom2020(const std::string& path, const std::string& content) const {
    Put("magazine", path, content);
    const std::chrono::sys_seconds in_2020 = std::chrono::sys_days{std::chrono::January / 1 / 2020};
    std::filesystem::last_write_time(Site("magazine") + "/" + path,
                                     std::chrono::file_clock::from_sys(in_2020));
  }
  void PutLarge() const { Put("magazine", "large.png", Png(std::string(500, 'x'))); }
  static std::string OfBlog(const std::string& table) { return table + " WHERE platform = 'blog'"; }
  // Otherwise within the hour.
  void Sweep() {
    cluster_.Kill("cognate");
    ASSERT_OK(
        (*postgres::Connection::Open(cluster_.postgres().Uri("cognate")))
            ->Execute(
                "UPDATE file_transfer.chores SET due_at = now() - interval '1 hour' WHERE name = 'sweep'"));
    cluster_.Start("cognate");
    ASSERT_TRUE(cluster_.WaitUntilServing());
  }
  int64_t CountOfStore(const std::string& table) {
    auto store = *postgres::Connection::Open(cluster_.postgres().Uri("cognate"));
    return std::stoll(Ask(*store, "SELECT count(*) FROM file_transfer." + table));
  }
};

TEST_F(FileRulesTest, ALargeFileMayStayBehind) {
  SyncAuthors("max_bytes: 200 too_large: FILE_SKIP_ACTION_EMPTY");
  PutLarge();
  Put("magazine", "small.png", Png());
  Run("INSERT INTO author VALUES (1, 'Large', 'large.png'), (2, 'Small', 'small.png')");
  ExpectTarget("SELECT coalesce(picture, 'none') FROM writer WHERE title = 'Large'", "none");
  EXPECT_TRUE(Has("blog", AwaitPictureOf("Small"), Png()));
  EXPECT_EQ(FilesOf("blog").size(), 1U);
}

TEST_F(FileRulesTest, ALargeFileMayBecomeALink) {
  SyncAuthors("max_bytes: 200 too_large: FILE_SKIP_ACTION_LINK");
  PutLarge();
  Run("INSERT INTO author VALUES (1, 'Large', 'large.png')");
  EXPECT_EQ(AwaitPictureOf("Large"), "https://magazine.example/files/large.png");
  // It comes once it is small enough.
  Put("magazine", "large.png", Png());
  Run("UPDATE author SET name = 'Small by now' WHERE id = 1");
  EXPECT_TRUE(Has("blog", AwaitPictureOf("Small by now"), Png()));
}

TEST_F(FileRulesTest, OldFilesMayStayBehind) {
  SyncAuthors(kNewYear);
  PutFrom2020("old.png", Png("old"));
  Put("magazine", "new.png", Png("new"));
  Run("INSERT INTO author VALUES (1, 'Old', 'old.png'), (2, 'New', 'new.png')");
  EXPECT_TRUE(Has("blog", AwaitPictureOf("New"), Png("new")));
  ExpectTarget("SELECT coalesce(picture, 'none') FROM writer WHERE title = 'Old'", "none");
}

TEST_F(FileRulesTest, OldFilesMayBeRefused) {
  SyncAuthors(absl::StrCat(kNewYear, "too_old: FILE_SKIP_ACTION_REJECT"));
  PutFrom2020("old.png", Png());
  Run("INSERT INTO author VALUES (1, 'Old', 'old.png')");
  ExpectReason("1", "FILE_TOO_OLD");
  EXPECT_THAT(StateOf("author", "1"), HasSubstr("2020-01-01"));
  EXPECT_EQ(PictureOf("Old"), "");
}

TEST_F(FileRulesTest, WhatRotsInTheStoreComesBackFromTheSource) {
  SyncAuthors();
  const std::string content = Png(std::string(100'000, 'x'));
  Put("magazine", "ada.png", content);
  Run("INSERT INTO author VALUES (1, 'Ada', 'ada.png')");
  EXPECT_TRUE(Has("blog", AwaitPictureOf("Ada"), content));
  int spoilt = 0;
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(cluster_.directory() + "/data/files/blobs")) {
    if (!entry.is_regular_file()) continue;
    std::filesystem::permissions(entry.path(), std::filesystem::perms::owner_all);
    std::fstream(entry.path(), std::ios::binary | std::ios::in | std::ios::out).seekp(70'000) << "rot";
    ++spoilt;
  }
  ASSERT_EQ(spoilt, 1);
  const auto found = cluster_.Run({"file", "scrub"});
  EXPECT_NE(found.code, 0);
  EXPECT_THAT(found.output, HasSubstr("1 damaged, 0 repaired"));
  const auto repaired = cluster_.Run({"file", "scrub", "--repair"});
  EXPECT_EQ(repaired.code, 0) << repaired.output;
  EXPECT_THAT(repaired.output, HasSubstr("1 damaged, 1 repaired"));
  EXPECT_THAT(cluster_.Run({"file", "scrub"}).output, HasSubstr("0 damaged"));
}

TEST_F(FileRulesTest, WhatADeletedRecordHadIsForgotten) {
  SyncAuthors();
  Put("magazine", "ada.png", Png());
  Run("INSERT INTO author VALUES (1, 'Ada', 'ada.png')");
  AwaitPictureOf("Ada");
  EXPECT_GT(CountOfStore("bindings"), 0);
  Run("DELETE FROM author WHERE id = 1");
  ExpectTarget("SELECT count(*) FROM writer", "0");
  Sweep();
  EXPECT_TRUE(Eventually([&] { return CountOfStore("bindings") == 0; }));
}

TEST_F(FileRulesTest, WhatWasNotedOfADirectoryIsForgottenWithItsPlatform) {
  SyncAuthors();
  PutFrom2020("ada.png", Png());
  Run("INSERT INTO author VALUES (1, 'Ada', 'ada.png')");
  const std::string picture = AwaitPictureOf("Ada");
  // That it was written into is noted when it is looked at the next time.
  int edits = 0;
  EXPECT_TRUE(Eventually([&] {
    Run(absl::StrCat("UPDATE author SET name = 'Ada ", ++edits, "' WHERE id = 1"));
    return CountOfStore(OfBlog("written_places")) == 1;
  }));
  const std::vector<std::string> noted = {"written_places",   "seen_files", "placements",
                                          "placement_totals", "bindings",   "possessions"};
  for (const std::string& table : noted) EXPECT_GT(CountOfStore(OfBlog(table)), 0) << table;
  const int64_t of_the_source = CountOfStore("seen_files WHERE platform = 'magazine'");
  EXPECT_GT(of_the_source, 0);
  ASSERT_THAT(Do(*registry_, &RegistryStub::DeleteSync, "name: 'syncs/authors'"), test_support::IsOk());
  ASSERT_THAT(Do(*registry_, &RegistryStub::DeletePlatform, "name: 'platforms/blog'"), test_support::IsOk());
  Sweep();
  for (const std::string& table : noted)
    EXPECT_TRUE(Eventually([&] { return CountOfStore(OfBlog(table)) == 0; })) << table;
  // The other's stays, and the files are their owner's.
  EXPECT_EQ(CountOfStore("seen_files WHERE platform = 'magazine'"), of_the_source);
  EXPECT_TRUE(Has("blog", picture, Png()));

  // Whoever gets its name has another directory, which nobody takes for the old one.
  std::filesystem::rename(Site("blog"), Site("old-blog"));
  std::filesystem::create_directories(Site("blog"));
  ASSERT_THAT(
      Do(*registry_, &RegistryStub::CreatePlatform,
         absl::StrCat("platform { name: 'platforms/blog' kind: PLATFORM_KIND_POSTGRES database { uri: '",
                      cluster_.postgres().Uri("blog"), "' } files { directory: '", Site("blog"), "' } }")),
      test_support::IsOk());
  ASSERT_THAT(Do(*registry_, &RegistryStub::AnalyzeModels, "platform: 'platforms/blog'"),
              test_support::IsOk());
  SyncAuthors();
  Put("magazine", "grace.png", Png("grace"));
  Run("INSERT INTO author VALUES (2, 'Grace', 'grace.png')");
  EXPECT_TRUE(Has("blog", AwaitPictureOf("Grace"), Png("grace")));
}

TEST_F(FileRulesTest, WatchTellsOfFilesThatArriveAndOfThoseThatAreRefused) {
  SyncAuthors("max_bytes: 200");
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + test_support::kPatience));
  const auto events = feedback_->Watch(&context, v1::WatchRequest());
  v1::FileProgress placed, all;
  std::string refused;
  v1::WatchResponse response;
  // From its first sign on it tells everything.
  ASSERT_TRUE(events->Read(&response));
  Put("magazine", "ada.png", Png());
  Put("magazine", "script.png", "<html><script>alert(1)</script></html>");
  Run("INSERT INTO author VALUES (1, 'Ada', 'ada.png'), (2, 'Eve', 'script.png')");
  while ((placed.name().empty() || refused.empty() || all.total_count() == 0) && events->Read(&response)) {
    for (const v1::Event& event : response.events()) {
      if (event.kind() == v1::EVENT_KIND_FILE_PLACED) placed = event.file();
      if (event.kind() == v1::EVENT_KIND_FILE_REFUSED) refused = event.error().reason();
      if (event.kind() == v1::EVENT_KIND_FILE_PROGRESS && event.file().name().empty()) all = event.file();
    }
  }
  context.TryCancel();
  EXPECT_EQ(placed.name(), "ada.png");
  EXPECT_EQ(placed.placed_bytes(), static_cast<int64_t>(Png().size()));
  EXPECT_EQ(refused, "FILE_TYPE_REFUSED");
  EXPECT_GE(all.placed_count(), 1);
}

}  // namespace
}  // namespace cognate

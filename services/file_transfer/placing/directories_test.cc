// Directories of platforms that are away: not mounted, or hanging.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <sys/stat.h>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "services/file_transfer/testing/placing_fixture.h"

namespace cognate::file_transfer {
namespace {

namespace fs = std::filesystem;
using test_support::Eventually;
using ::testing::HasSubstr;

class DirectoriesTest : public PlacingTest {
 protected:
  std::string Mark(const std::string& platform) const {
    std::stringstream text;
    text << std::ifstream(absl::StrCat(Site(platform), "/.cognate-place")).rdbuf();
    return text.str();
  }
  static ino_t InodeOf(const std::string& path) {
    struct stat found = {};
    EXPECT_EQ(stat(path.c_str(), &found), 0) << path;
    return found.st_ino;
  }
  static std::string Bytes(const std::string& path) {
    std::stringstream text;
    text << std::ifstream(path, std::ios::binary).rdbuf();
    return text.str();
  }
  void Restart() {
    Stop();
    Start();
  }
  v1::PlacementState Bring(char entity, const std::string& file) {
    PutIn("shop", file, "content of " + file);
    return Bind("blog", entity, "shop", Path(file)).state();
  }
};

TEST_F(DirectoriesTest, OneWhoseDiskIsNotMountedIsNotWrittenInto) {
  ASSERT_EQ(Bring('a', "1.txt"), v1::PLACEMENT_STATE_PLACED);
  EXPECT_EQ(Mark("blog"), "blog\n");
  EXPECT_EQ(Mark("shop"), "") << "a source's is never written into";
  const std::string path = Bind("blog", 'a', "shop", Path("1.txt")).value().text_value();

  // After a reboot there is an empty mount point.
  Stop();
  fs::rename(Site("blog"), Site("blog-disk"));
  Start();
  const v1::BoundFile bound = [&] {
    PutIn("shop", "2.txt", "two");
    return Bind("blog", 'b', "shop", Path("2.txt"));
  }();
  EXPECT_EQ(bound.state(), v1::PLACEMENT_STATE_DUE);
  EXPECT_THAT(bound.waits_for(), HasSubstr("mount its disk"));
  // What was there is not there, for its records too; nor does that make it look like a first time.
  EXPECT_EQ(Bind("blog", 'a', "shop", Path("1.txt")).state(), v1::PLACEMENT_STATE_DUE);
  Execute("UPDATE placements SET next_attempt_at = now()");
  EXPECT_TRUE(Eventually(
      [&] { return AskStore("SELECT count(*) FROM placements WHERE reason = 'PLACE_MISMATCH'") == "2"; }));
  Restart();
  EXPECT_EQ(Bind("blog", 'b', "shop", Path("2.txt")).state(), v1::PLACEMENT_STATE_DUE);
  EXPECT_TRUE(fs::is_empty(Site("blog")));

  // Then it is mounted.
  Stop();
  fs::remove(Site("blog"));
  fs::rename(Site("blog-disk"), Site("blog"));
  Start();
  Execute("UPDATE placements SET next_attempt_at = now()");
  EXPECT_TRUE(
      Eventually([&] { return AskStore("SELECT count(*) FROM placements WHERE state <> 3") == "0"; }));
  EXPECT_EQ(Bind("blog", 'a', "shop", Path("1.txt")).value().text_value(), path);
  EXPECT_TRUE(fs::exists(absl::StrCat(Site("blog"), "/", path)));
}

TEST_F(DirectoriesTest, AnotherPlatformsDiskIsNotTakenForIts) {
  ASSERT_EQ(Bring('a', "1.txt"), v1::PLACEMENT_STATE_PLACED);
  ASSERT_EQ(Bind("news", 'a', "shop", Path("1.txt")).state(), v1::PLACEMENT_STATE_PLACED);
  Stop();
  fs::rename(Site("blog"), Site("blog-disk"));
  fs::create_directory(Site("blog"));
  std::ofstream(absl::StrCat(Site("blog"), "/.cognate-place")) << "news\n";
  Start();
  EXPECT_EQ(Bring('b', "2.txt"), v1::PLACEMENT_STATE_DUE);
  EXPECT_EQ(Mark("blog"), "news\n");
  // By hand: it is the right one.
  std::ofstream(absl::StrCat(Site("blog"), "/.cognate-place"), std::ios::app) << "blog\n";
  Restart();
  EXPECT_EQ(Bring('b', "2.txt"), v1::PLACEMENT_STATE_PLACED);
}

TEST_F(DirectoriesTest, OneOfAnOlderInstallationIsKnownByItsFiles) {
  for (int i = 0; i < 5; ++i)
    ASSERT_EQ(Bring(static_cast<char>('a' + i), absl::StrCat(i, ".txt")), v1::PLACEMENT_STATE_PLACED);
  Stop();
  fs::remove(absl::StrCat(Site("blog"), "/.cognate-place"));
  Execute("DELETE FROM written_places");
  // Somebody has taken some of them away.
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(Site("blog") + "/files")) files.push_back(entry.path());
  ASSERT_EQ(files.size(), 5U);
  for (size_t i = 0; i < 4; ++i) fs::remove(files[i]);
  std::ofstream(files[4], std::ios::app) << "and more";
  Start();
  EXPECT_EQ(Bring('z', "z.txt"), v1::PLACEMENT_STATE_PLACED);
  EXPECT_EQ(Mark("blog"), "blog\n");
}

TEST_F(DirectoriesTest, AfterAnOutageSmallFilesAreWrittenTogether) {
  constexpr int kFiles = 150;
  v1::BindRequest request;
  request.set_platform("blog");
  for (int i = 0; i < kFiles; ++i) {
    PutIn("shop", absl::StrCat(i, ".txt"), absl::StrCat("file ", i));
    Add(&request, static_cast<char>(i), "shop", Path(absl::StrCat(i, ".txt")));
  }
  // One is large, and goes by itself.
  PutIn("shop", "large.bin", RandomContent(5 << 20, 1));
  Add(&request, '\xf0', "shop", Path("large.bin"));
  SetHanging(Site("blog"));
  EXPECT_TRUE(Eventually([&] {
    const absl::StatusOr<v1::BindResponse> response = Call(&Stub::Bind, request);
    return response.ok() &&
           std::all_of(response->files().begin(), response->files().end(),
                       [](const v1::BoundFile& file) { return file.state() == v1::PLACEMENT_STATE_DUE; });
  }));
  SetHanging("");
  const absl::Time begun = absl::Now();
  EXPECT_TRUE(
      Eventually([&] { return AskStore("SELECT count(*) FROM placements WHERE state <> 3") == "0"; }));
  const std::string rounds = AskStore("SELECT count(DISTINCT updated_at) FROM placements");
  std::printf("figure files.after_outage files=%d rounds=%s seconds=%.1f\n", kFiles + 1, rounds.c_str(),
              absl::ToDoubleSeconds(absl::Now() - begun));
  int count = 0;
  ASSERT_TRUE(absl::SimpleAtoi(rounds, &count));
  EXPECT_LE(count, kFiles / 5) << "some were tried by themselves meanwhile";
  for (int i = 0; i < kFiles; ++i) {
    EXPECT_EQ(Bind("blog", static_cast<char>(i), "shop", Path(absl::StrCat(i, ".txt"))).state(),
              v1::PLACEMENT_STATE_PLACED);
  }
}

TEST_F(DirectoriesTest, ALargeFileGoesOnWhereAProcessLeftIt) {
  const std::string content = RandomContent(6 << 20, 3);
  PutIn("shop", "film.bin", content);
  SetHanging(Site("blog"));
  EXPECT_TRUE(Eventually(
      [&] { return Bind("blog", 'a', "shop", Path("film.bin")).state() == v1::PLACEMENT_STATE_DUE; }));
  const std::string path = AskStore("SELECT path FROM placements");
  // What a process that was killed has left there, and what only looks like it.
  const std::string draft =
      absl::StrCat(Site("blog"), "/.cognate-drafts/", absl::BytesToHexString(files::Sha256(content)), "-",
                   absl::BytesToHexString(files::Sha256(path)).substr(0, 16));
  fs::create_directories(fs::path(draft).parent_path());
  std::ofstream(draft, std::ios::binary) << content.substr(0, 4'000'001);
  const ino_t begun = InodeOf(draft);
  SetHanging("");
  const std::string placed = absl::StrCat(Site("blog"), "/", path);
  EXPECT_TRUE(Eventually([&] { return fs::exists(placed); }));
  EXPECT_EQ(InodeOf(placed), begun);
  EXPECT_TRUE(Bytes(placed) == content);

  EXPECT_TRUE(Eventually([&] { return AskStore("SELECT state FROM placements") == "3"; }));
  fs::remove(placed);
  std::ofstream(draft, std::ios::binary) << std::string(4'000'001, 'x');
  Execute("UPDATE placements SET state = 2, next_attempt_at = now()");
  EXPECT_TRUE(Eventually([&] { return fs::exists(placed); }));
  EXPECT_TRUE(Bytes(placed) == content);
  EXPECT_TRUE(fs::is_empty(Site("blog") + "/.cognate-drafts"));
}

TEST_F(DirectoriesTest, ALargeFileOfASourceIsReadOnAfterARestart) {
  constexpr int64_t kBytes = int64_t{512} << 20;
  PutIn("shop", "film.bin", "");
  fs::resize_file(Site("shop") + "/film.bin", kBytes);
  EXPECT_EQ(Bind("blog", 'a', "shop", Path("film.bin")).state(), v1::PLACEMENT_STATE_LACKING);
  EXPECT_TRUE(Eventually([&] { return AskStore("SELECT committed_bytes > 0 FROM uploads") == "t"; }));
  Stop();
  ASSERT_EQ(AskStore("SELECT committed_bytes < size_bytes FROM uploads"), "t") << "it was too quick";
  const std::vector<std::string> partials = FilesIn("uploads");
  ASSERT_EQ(partials.size(), 1U);
  const ino_t begun = InodeOf(partials[0]);
  Start();
  EXPECT_TRUE(Eventually([&] { return AskStore("SELECT size_bytes FROM files") == absl::StrCat(kBytes); }));
  const std::vector<std::string> blobs = FilesIn("blobs");
  ASSERT_EQ(blobs.size(), 1U);
  EXPECT_EQ(InodeOf(blobs[0]), begun);
  EXPECT_EQ(AskStore("SELECT count(*) FROM uploads"), "0");
  EXPECT_TRUE(Eventually([&] { return FilesIn("uploads").empty(); }));
  EXPECT_EQ(AskStore("SELECT string_agg(platform, ' ') FROM possessions WHERE NOT is_unbound"), "shop");
}

}  // namespace
}  // namespace cognate::file_transfer

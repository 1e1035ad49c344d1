// Files of records through the service's own door, with a registry that the test gives.
#include <thread>

#include "services/file_transfer/testing/placing_fixture.h"

namespace cognate::file_transfer {
namespace {

using test_support::Eventually;
using test_support::HasReason;
using test_support::IsOk;
using test_support::IsOkAndHolds;
using ::testing::HasSubstr;
using ::testing::SizeIs;

TEST_F(PlacingTest, ADirectoryThatHangsKeepsNobodyElseWaiting) {
  for (int i = 0; i < 20; ++i) PutIn("shop", absl::StrCat(i, ".txt"), std::string(1 << 20, 'a' + i));
  ASSERT_EQ(Bind("slow", 'a', "shop", Path("0.txt")).state(), v1::PLACEMENT_STATE_PLACED);
  SetHanging(Site("slow"));
  std::vector<std::thread> hanging;
  for (int call = 0; call < 8; ++call) {
    hanging.emplace_back([this, call] {
      v1::BindRequest request;
      request.set_platform("slow");
      for (int i = 0; i < 20; ++i)
        Add(&request, static_cast<char>('a' + call), "shop", Path(absl::StrCat(i, ".txt")));
      const auto response = Call(&Stub::Bind, request);
      ASSERT_THAT(response, IsOk());
      EXPECT_NE(response->files(1).state(), v1::PLACEMENT_STATE_PLACED);
    });
  }
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(Bind("quick", static_cast<char>('A' + i), "shop", Path(absl::StrCat(i, ".txt"))).state(),
              v1::PLACEMENT_STATE_PLACED);
  }
  for (std::thread& thread : hanging) thread.join();
  SetHanging("");
  EXPECT_TRUE(Eventually(
      [&] { return Bind("slow", 'z', "shop", Path("1.txt")).state() == v1::PLACEMENT_STATE_PLACED; }));
}

TEST_F(PlacingTest, ToKnowAHashIsNotToHaveTheContent) {
  const std::string secret = "the other one's contract";
  ASSERT_OK(Send("shop", secret));
  EXPECT_EQ(Bind("blog", 'a', "agent", Claim(secret)).state(), v1::PLACEMENT_STATE_LACKING);
  EXPECT_EQ(AskStore("SELECT count(*) FROM bindings WHERE sha256 IS NOT NULL"), "0");
  ASSERT_THAT(Missing("agent").placements(), SizeIs(1));
  ASSERT_OK(Send("agent", secret));
  EXPECT_EQ(Bind("blog", 'a', "agent", Claim(secret)).state(), v1::PLACEMENT_STATE_PLACED);
  EXPECT_EQ(AskStore("SELECT count(*) FROM bindings WHERE sha256 IS NOT NULL"), "2");
  EXPECT_THAT(Missing("platforms/agent").placements(), SizeIs(0));
}

TEST_F(PlacingTest, OneSourceThatIsGoneOrHasALongPathConcernsItsOwnFilesAlone) {
  PutIn("shop", "1.txt", "one");
  std::string long_path;
  for (int i = 0; i < 20; ++i) absl::StrAppend(&long_path, std::string(140, 'a' + i), "/");
  v1::BindRequest request;
  request.set_platform("blog");
  Add(&request, 'a', "gone", Path("1.txt"));
  Add(&request, 'b', "shop", Path("1.txt"));
  Add(&request, 'c', "shop", Path(long_path + "x.txt"));
  Add(&request, 'd', "agent", Claim("x", long_path + "x.txt"));
  ASSERT_OK_AND_ASSIGN(const v1::BindResponse response, Call(&Stub::Bind, request));
  EXPECT_EQ(response.files(0).state(), v1::PLACEMENT_STATE_REFUSED);
  EXPECT_EQ(response.files(1).state(), v1::PLACEMENT_STATE_PLACED);
  EXPECT_EQ(response.files(2).error().reason(), "FILE_OUTSIDE_PLACE");
  EXPECT_EQ(response.files(3).error().reason(), "WRONG_TYPE");
}

TEST_F(PlacingTest, AnEmptiedFieldLetsItsFileGo) {
  PutIn("shop", "1.txt", "one");
  Bind("blog", 'a', "shop", Path("1.txt"));
  Bind("news", 'a', "shop", Path("1.txt"));
  EXPECT_EQ(AskStore("SELECT count(*) FROM bindings"), "3");
  EXPECT_EQ(Bind("blog", 'a', "shop", v1::Value()).state(), v1::PLACEMENT_STATE_PLACED);
  // The source's stays while the other target's leads there.
  EXPECT_EQ(AskStore("SELECT count(*) FROM bindings"), "2");
  Bind("news", 'a', "shop", v1::Value());
  EXPECT_EQ(AskStore("SELECT count(*) FROM bindings"), "0");
  Bind("blog", 'a', "shop", Path("late.txt"));
  EXPECT_EQ(AskStore("SELECT count(*) FROM waits"), "1");
  Bind("blog", 'a', "shop", v1::Value());
  EXPECT_EQ(AskStore("SELECT count(*) FROM waits"), "0");
}

TEST_F(PlacingTest, AnAgentThatHasLostItsFilesHearsOfTheOthers) {
  std::set<std::string> asked;
  for (int i = 0; i < 5; ++i)
    Bind("blog", static_cast<char>('a' + i), "agent",
         Claim(absl::StrCat("content ", i), absl::StrCat(i, ".txt")));
  std::string token;
  std::vector<v1::Placement> placements;
  do {
    const v1::MissingResponse page = Missing("agent", 2, token);
    for (const v1::Placement& placement : page.placements()) {
      EXPECT_TRUE(asked.insert(placement.file().sha256()).second);
      placements.push_back(placement);
    }
    token = page.next_page_token();
  } while (!token.empty());
  EXPECT_THAT(asked, SizeIs(5));
  ASSERT_OK(Place("agent", placements[0], "DELETED_HERE"));
  EXPECT_THAT(Missing("agent").placements(), SizeIs(4));
  const char entity = static_cast<char>('a' + placements[0].path()[0] - '0');
  const v1::BoundFile bound =
      Bind("blog", entity, "agent",
           Claim(absl::StrCat("content ", placements[0].path().substr(0, 1)), placements[0].path()));
  EXPECT_EQ(bound.error().reason(), "DELETED_HERE");
}

TEST_F(PlacingTest, AnAgentIsAskedAgainWhenItSays) {
  PutIn("shop", "1.txt", "one");
  EXPECT_EQ(Bind("agent", 'a', "shop", Path("1.txt")).state(), v1::PLACEMENT_STATE_DUE);
  const v1::MissingResponse missing = Missing("agent");
  ASSERT_THAT(missing.placements(), SizeIs(1));
  ASSERT_OK(Place("agent", missing.placements(0), "DISK_IS_FULL", 3600));
  EXPECT_THAT(Missing("agent").placements(), SizeIs(0));
  Execute("UPDATE placements SET not_before = now() - interval '1 second'");
  EXPECT_THAT(Missing("agent").placements(), SizeIs(1));
  EXPECT_THAT(Place("blog", missing.placements(0), ""), HasReason("INVALID_FIELD"));
  // What has lost its content has no business there.
  Execute("UPDATE placements SET sha256 = NULL");
  EXPECT_THAT(Missing("agent").placements(), SizeIs(0));
}

TEST_F(PlacingTest, WhatAnAgentHasPutInPlaceItHasAlsoAfterABreak) {
  PutIn("shop", "1.txt", "one");
  Bind("agent", 'a', "shop", Path("1.txt"));
  const v1::MissingResponse missing = Missing("agent");
  ASSERT_THAT(missing.placements(), SizeIs(1));
  // The database fails behind the first half of the answer.
  Execute(R"sql(
      CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'broken'; END $$)sql");
  Execute("CREATE TRIGGER broken BEFORE INSERT ON possessions EXECUTE FUNCTION fail()");
  EXPECT_FALSE(Place("agent", missing.placements(0), "").ok());
  Execute("DROP TRIGGER broken ON possessions");
  ASSERT_OK(Place("agent", missing.placements(0), ""));
  EXPECT_EQ(AskStore("SELECT string_agg(platform, ' ' ORDER BY platform) FROM possessions"), "agent shop");
  EXPECT_EQ(Bind("agent", 'a', "shop", Path("1.txt")).state(), v1::PLACEMENT_STATE_PLACED);
}

TEST_F(PlacingTest, WhatAnAgentHasLostIsDueAgain) {
  for (const char* const actual_path : {"", "2026/11/one.txt"}) {
    const char entity = *actual_path == '\0' ? 'a' : 'b';
    PutIn("shop", absl::StrCat(std::string(1, entity), ".txt"), absl::StrCat("of ", std::string(1, entity)));
    const v1::Value path = Path(absl::StrCat(std::string(1, entity), ".txt"));
    EXPECT_EQ(Bind("agent", entity, "shop", path).state(), v1::PLACEMENT_STATE_DUE);
    const v1::MissingResponse missing = Missing("agent");
    ASSERT_THAT(missing.placements(), SizeIs(1));
    const v1::Placement& due = missing.placements(0);
    ASSERT_OK(Place("agent", due, "", -1, actual_path));
    const v1::BoundFile placed = Bind("agent", entity, "shop", path);
    EXPECT_EQ(placed.value().text_value(), *actual_path == '\0' ? due.path() : actual_path);
    EXPECT_THAT(Missing("agent").placements(), SizeIs(0));

    // An older copy of the uploads was put back on its site.
    ASSERT_OK(Place("agent", due, "FILE_NOT_THERE", 3600));
    EXPECT_THAT(Missing("agent").placements(), SizeIs(0));
    ASSERT_OK(Place("agent", due, "FILE_NOT_THERE", 0));
    const v1::MissingResponse again = Missing("agent");
    ASSERT_THAT(again.placements(), SizeIs(1));
    EXPECT_EQ(again.placements(0).path(), due.path());
    // Also another record that leads there waits for it, and not once more after that.
    for (int time = 0; time < 2; ++time) {
      EXPECT_EQ(Bind("agent", entity, "shop", path).state(), v1::PLACEMENT_STATE_DUE);
      EXPECT_EQ(Bind("agent", static_cast<char>(entity + 10), "shop", path).state(), v1::PLACEMENT_STATE_DUE);
    }
    ASSERT_OK(Place("agent", again.placements(0), "", -1, actual_path));
    EXPECT_EQ(Bind("agent", entity, "shop", path).value().text_value(), placed.value().text_value());
    EXPECT_THAT(Missing("agent").placements(), SizeIs(0));
  }
  EXPECT_EQ(AskStore("SELECT placed_count = file_count FROM placement_totals WHERE platform = 'agent'"), "t");
}

TEST_F(PlacingTest, TheTotalsAreWhatTheRowsComeTo) {
  for (int i = 0; i < 12; ++i) {
    PutIn("shop", absl::StrCat(i, ".txt"), std::string(static_cast<size_t>(100 + i), 'x'));
    Bind(i % 2 == 0 ? "blog" : "agent", static_cast<char>('a' + i), "shop", Path(absl::StrCat(i, ".txt")));
  }
  const v1::MissingResponse missing = Missing("agent");
  for (const v1::Placement& placement : missing.placements())
    ASSERT_OK(Place("agent", placement, placement.file().size_bytes() > 105 ? "NO_ROOM" : ""));
  Execute("UPDATE placements SET sha256 = NULL WHERE size_bytes = 100");
  Execute("DELETE FROM placements WHERE size_bytes = 102");
  EXPECT_EQ(AskStore(R"sql(
      SELECT count(*) FROM placement_totals t
      JOIN (SELECT platform, count(sha256) AS files, sum(size_bytes) FILTER (WHERE sha256 IS NOT NULL) AS bytes,
                   count(sha256) FILTER (WHERE state = 3) AS placed,
                   COALESCE(sum(size_bytes) FILTER (WHERE state <> 4), 0) AS kept
            FROM placements GROUP BY platform) r USING (platform)
      WHERE t.file_count = r.files AND t.file_bytes = r.bytes AND t.placed_count = r.placed AND t.kept_bytes = r.kept)sql"),
            "2");
}

}  // namespace
}  // namespace cognate::file_transfer

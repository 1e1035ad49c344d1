// Assignments where platforms are source and target, by the command, and under faults.
#include <fstream>
#include <sstream>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "tests/end_to_end/assignments_fixture.h"

namespace cognate {
namespace {

using absl::StrCat;
using cluster::Shape;
using test_support::Eventually;
using test_support::IsOk;
using test_support::ParseProto;
using ::testing::HasSubstr;

TEST_P(AssignmentsTest, TwoWaySyncsKeepARecordWhereItCameFrom) {
  for (const char* const shop : {"shop-1", "shop-2"}) {
    EnableAt(shop);
    ASSERT_THAT(Sync("hub", shop, "only_assigned: true"), IsOk());
    ASSERT_THAT(Sync(shop, "hub", "only_assigned: true"), IsOk());
  }
  Insert("(1, 'one')");
  Run("shop-2", "INSERT INTO item (word) VALUES ('own')");
  Assigned({"1"}, {"shop-1"});
  Expect("one", "own", "");
  // Both ways, and not to the other shop.
  Run("shop-1", "UPDATE item SET word = 'eins'");
  EXPECT_TRUE(Eventually([&] { return Items("hub") == "eins"; })) << Items("hub");
  Run("hub", "UPDATE item SET word = 'uno'");
  Expect("uno", "own", "");
  // By the shop's own name for it.
  Assigned({Ask("shop-1", "SELECT id FROM item")}, {"shop-2"}, "shop-1");
  Expect("", "own uno", "");
  EXPECT_EQ(Items("hub"), "uno");
  Assigned({"1"}, {});
  Expect("", "own", "");
  EXPECT_EQ(Items("hub"), "uno");
}

TEST_P(AssignmentsTest, InAMeshARecordLeavesTheOnePlatformAlone) {
  const std::vector<std::string> sites = {"hub", "shop-1", "shop-2", "shop-3"};
  for (const std::string& from : sites) {
    EnableAt(from);
    for (const std::string& to : sites) {
      if (from != to) {
        ASSERT_THAT(Sync(from, to, "only_assigned: true"), IsOk());
      }
    }
  }
  Insert("(1, 'one')");
  Assigned({"1"}, {"shop-1", "shop-2", "shop-3"});
  Expect("one", "one", "one");
  // An edit and a change of assignments at the same time: neither undoes the other.
  for (int round = 0; round < 5; ++round) {
    const std::string word = StrCat("round-", round);
    const std::string leaves = StrCat("shop-", 1 + round % 3), edits = StrCat("shop-", 1 + (round + 1) % 3);
    Run(edits, StrCat("UPDATE item SET word = '", word, "'"));
    ASSERT_THAT(Assign(v1::ASSIGNMENT_MODE_REMOVE, {"1"}, {leaves}), IsOk());
    EXPECT_TRUE(Eventually([&] { return Items(leaves).empty() && Items("hub") == word; }))
        << round << ": " << leaves << " has " << Items(leaves) << ", hub has " << Items("hub");
    ASSERT_THAT(Assign(v1::ASSIGNMENT_MODE_ADD, {"1"}, {leaves}), IsOk());
    Expect(word, word, word);
    EXPECT_EQ(Items("hub"), word);
  }
}

TEST_P(AssignmentsTest, WhatAPausedSyncMissedComesWithABackfill) {
  ASSERT_THAT(Sync("hub", "shop-1", "only_assigned: true"), IsOk());
  Insert("(1, 'one'), (2, 'two')");
  Assigned({"1"}, {"shop-1"});
  Expect("one", "", "");
  const auto set_status = [&](const std::string& status) {
    ASSERT_THAT(
        Do(&RegistryStub::UpdateSync, StrCat("sync { name: 'syncs/hub-to-shop-1' status: SYNC_STATUS_",
                                             status, " } update_mask { paths: 'status' }")),
        IsOk());
  };
  set_status("PAUSED");
  Assigned({"1"}, {});
  Assigned({"2"}, {"shop-1"});
  // Another sync has had both moves.
  ASSERT_THAT(Sync("hub", "shop-2", "filter: 'assigned(\"shop-1\")'"), IsOk());
  Assigned({"2"}, {"shop-1", "hub"});
  Run("hub", "UPDATE item SET status = 'seen'");
  Expect("one", "two", "");
  set_status("ACTIVE");
  auto capture = v1::ChangeCaptureService::NewStub(cluster_.ChannelTo("change-capture"));
  ASSERT_THAT(grpc_support::Call(*capture, &v1::ChangeCaptureService::Stub::CreateRun,
                                 ParseProto<v1::CreateRunRequest>(
                                     "run { kind: RUN_KIND_BACKFILL sync: 'syncs/hub-to-shop-1' }"),
                                 {}),
              IsOk());
  Expect("two", "two", "");
}

TEST_P(AssignmentsTest, ThePageIsRightLineByLine) {
  Insert("(1, 'one'), (2, 'two'), (3, 'three'), (4, 'four')");
  std::ifstream page("docs/assignments.md");
  ASSERT_TRUE(page.good()) << "run the test in the repository's root";
  std::string block, yaml;
  int commands = 0;
  for (std::string line; std::getline(page, line);) {
    if (absl::StartsWith(line, "```")) {
      block = line.substr(3);
    } else if (block == "yaml") {
      absl::StrAppend(&yaml, line, "\n");
    } else if (block == "sh") {
      const std::string command = line.substr(0, line.find(" #"));
      std::vector<std::string> words = absl::StrSplit(command, ' ', absl::SkipEmpty());
      ASSERT_EQ(words[0], "cognate");
      words.erase(words.begin());
      // What is brought is seen before it leaves.
      if (words[1] == "remove") Expect("four one three two", "one three two", "");
      const Ran ran = Cognate(words);
      EXPECT_EQ(ran.code, 0) << command << "\n" << ran.output;
      ++commands;
      if (words[1] == "get") {
        EXPECT_THAT(ran.output, HasSubstr("shop-1"));
      }
      if (words[1] == "history") {
        EXPECT_THAT(ran.output, HasSubstr("ada"));
      }
      if (words[1] == "preview") {
        EXPECT_THAT(ran.output, HasSubstr("the record is not assigned to shop-1"));
      }
    }
  }
  EXPECT_EQ(commands, 11);
  // What left by `keep` is still there.
  Expect("four one three two", "", "");
  const std::string file = StrCat(cluster_.directory(), "/page.yaml");
  std::ofstream(file) << yaml;
  EXPECT_THAT(Cognate({"sync", "apply", file}).output, HasSubstr("Nothing to change"));
}

class AssignmentFaultsTest : public AssignmentsTest {};

TEST_P(AssignmentFaultsTest, WhatWasAnsweredHappensWhateverIsKilledAndLost) {
  SyncAll("only_assigned: true");
  Insert("(1, 'one'), (2, 'two'), (3, 'three'), (4, 'four')");
  Assigned({"4"}, {"shop-1"});
  Expect("four", "", "");
  // The registry answers, and dies before anybody has asked it what to move.
  cluster_.Pause("change-capture");
  Assigned({"1"}, {"shop-1"});
  cluster_.Kill("platform-registry");
  cluster_.Kill("change-capture");
  cluster_.Start("platform-registry");
  cluster_.Start("change-capture");
  Expect("four one", "", "");
  ASSERT_TRUE(cluster_.WaitUntilServing());
  // Redis forgets, right after the records were put on it.
  Assigned({"2"}, {"shop-1", "shop-2"});
  cluster_.redis().FlushAll();
  Expect("four one two", "two", "");
  cluster_.Kill("transformer");
  Assigned({"1", "3"}, {"shop-3"});
  cluster_.redis().FlushAll();
  cluster_.Start("transformer");
  Expect("four two", "two", "one three");
}

INSTANTIATE_TEST_SUITE_P(OneEach, AssignmentFaultsTest, ::testing::Values(Shape::kOneEach));

}  // namespace
}  // namespace cognate

#include "services/feedback/wait_graph.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace cognate::feedback {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Uuid Id(char letter) { return *Uuid::FromBytes(std::string(16, letter)); }

Trouble Waits(char who, char for_whom) {
  Trouble trouble;
  trouble.key = {Id(who), "shop", "m"};
  trouble.state = v1::REPLICA_STATE_WAITING;
  trouble.waits_for_entity = Id(for_whom);
  trouble.waits_for_model = "m";
  return trouble;
}

std::vector<std::string> Cycles(const WaitGraph& graph) {
  std::vector<std::string> cycles;
  for (const auto& cycle : graph.Cycles()) {
    std::string letters;
    for (const Trouble* trouble : cycle) letters += trouble->key.entity_id.AsBytes()[0];
    cycles.push_back(letters);
  }
  return cycles;
}

TEST(WaitGraph, FindsEachCycleOnceFromItsSmallest) {
  WaitGraph graph;
  for (const Trouble& trouble : {Waits('c', 'a'), Waits('a', 'b'), Waits('b', 'c'), Waits('x', 'a'),
                                 Waits('s', 's'), Waits('y', 'z')}) {
    graph.Add(trouble);
  }
  EXPECT_THAT(Cycles(graph), ElementsAre("abc", "s"));
}

TEST(WaitGraph, AsksForEachUnknownOnce) {
  WaitGraph graph;
  graph.Add(Waits('a', 'b'));
  graph.Add(Waits('x', 'b'));
  EXPECT_THAT(graph.TakeUnknown(), ElementsAre(TroubleKey{Id('b'), "shop", "m"}));
  graph.Add(Waits('b', 'a'));
  EXPECT_THAT(graph.TakeUnknown(), IsEmpty());
  EXPECT_THAT(Cycles(graph), ElementsAre("ab"));
}

TEST(WaitGraph, WhoIsFreedOrThereBlocksNobody) {
  Trouble freed = Waits('a', 'b');
  freed.replay = true;
  Trouble there = Waits('c', 'd');
  there.target_local_id = "1";
  WaitGraph graph;
  for (const Trouble& trouble : {freed, Waits('b', 'a'), there, Waits('d', 'c')}) graph.Add(trouble);
  EXPECT_THAT(Cycles(graph), IsEmpty());
}

}  // namespace
}  // namespace cognate::feedback

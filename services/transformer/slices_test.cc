#include "services/transformer/slices.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace cognate::transformer {
namespace {

using ::testing::ElementsAre;

TEST(SlicesTest, LargeQuestionsAreAskedInPiecesAndAnsweredWhole) {
  v1::ResolveRequest request;
  for (int g = 0; g < 3; ++g) {
    v1::ResolveGroup* const group = request.add_groups();
    group->set_model(absl::StrCat("m", g));
    for (int i = 0; i < 5; ++i) group->add_local_ids(absl::StrCat(g, "-", i));
  }
  int calls = 0;
  const auto answer = ResolveInSlices(
      request, 4, [&](const v1::ResolveRequest& slice) -> absl::StatusOr<v1::ResolveResponse> {
        ++calls;
        v1::ResolveResponse response;
        for (const v1::ResolveGroup& group : slice.groups()) {
          v1::ResolvedGroup* const resolved = response.add_groups();
          for (const std::string& id : group.local_ids())
            resolved->add_entity_ids(absl::StrCat(group.model(), ":", id));
        }
        return response;
      });
  ASSERT_OK(answer);
  EXPECT_EQ(calls, 4);
  EXPECT_THAT(answer->groups(1).entity_ids(), ElementsAre("m1:1-0", "m1:1-1", "m1:1-2", "m1:1-3", "m1:1-4"));
}

// Entities on thousands of platforms fill a message before they are as many as may be asked for.
TEST(SlicesTest, ReplicasThatDoNotFitIntoOneAnswerAreAskedForInSmallerPieces) {
  v1::BatchGetReplicasRequest request;
  for (int i = 0; i < 10; ++i) request.add_entity_ids(absl::StrCat("e", i));
  int most = 3;
  std::vector<int> sizes;
  const auto ask = [&] {
    sizes.clear();
    return GetReplicasInSlices(
        request, 8,
        [&](const v1::BatchGetReplicasRequest& slice) -> absl::StatusOr<v1::BatchGetReplicasResponse> {
          sizes.push_back(slice.entity_ids_size());
          if (slice.entity_ids_size() > most) return absl::ResourceExhaustedError("larger than max");
          v1::BatchGetReplicasResponse response;
          for (const std::string& entity : slice.entity_ids()) response.add_replicas()->set_entity_id(entity);
          return response;
        });
  };
  ASSERT_OK_AND_ASSIGN(const v1::BatchGetReplicasResponse answer, ask());
  std::vector<std::string> entities;
  for (const v1::Replica& replica : answer.replicas()) entities.push_back(replica.entity_id());
  EXPECT_THAT(entities, ::testing::ElementsAreArray(request.entity_ids()));
  EXPECT_THAT(sizes, ElementsAre(8, 4, 2, 2, 2, 2, 2));
  most = 0;
  EXPECT_THAT(ask(), test_support::StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_THAT(sizes, ElementsAre(8, 4, 2, 1));
}

}  // namespace
}  // namespace cognate::transformer

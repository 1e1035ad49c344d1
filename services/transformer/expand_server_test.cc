// Rounds with parents in them: their parts are taken before the round is acknowledged.
#include "services/transformer/server_fixture.h"

namespace cognate::transformer {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// Notes without a sync of their own, of which lines are made.
v1::Rules RulesWithParts() {
  return ParseProto<v1::Rules>(R"pb(
    revision: 1
    expansions {
      platform: "a"
      model {
        model: "note_lines"
        fields { name: "note" type: FIELD_TYPE_TEXT }
        fields { name: "place" type: FIELD_TYPE_INTEGER }
        fields { name: "value" type: FIELD_TYPE_TEXT }
        key_fields: "note"
        key_fields: "place"
        expansion {
          model: "public.note"
          field: "text"
          parent_fields { field: "id" into: "note" }
        }
      }
      parent_model_fields { name: "id" type: FIELD_TYPE_TEXT }
      parent_model_fields { name: "text" type: FIELD_TYPE_TEXT }
    }
  )pb");
}

TEST_F(ServerTest, ARoundIsDoneWhenItsPartsAreTaken) {
  fakes_.SetRules(RulesWithParts());
  fakes_.Fail("CaptureParts", grpc::StatusCode::UNAVAILABLE, 5);
  Replica replica(fakes_, "one");
  Send(BatchOf(1, {{"1", R"(["a", "b"])"}, {"2", "no JSON"}}));
  EXPECT_TRUE(Eventually([&] { return !replica.Ready().ok(); }));
  EXPECT_THAT(fakes_.acknowledged(), IsEmpty());
  ASSERT_TRUE(IsDone(1));
  ASSERT_THAT(fakes_.part_sets(), SizeIs(2));
  EXPECT_THAT(fakes_.part_sets()[0].parts(), SizeIs(2));
  EXPECT_EQ(fakes_.part_sets()[1].error().reason(), "NOT_ENCODED");
  EXPECT_THAT(
      replica.Metrics(),
      HasSubstr(R"(transformer_expansions_total{model="note_lines",platform="a",result="refused"} 1)"));
}

TEST_F(ServerTest, ASetThatIsRefusedKeepsNoOtherBack) {
  fakes_.SetRules(RulesWithParts());
  Replica replica(fakes_, "one");
  Send(BatchOf(1, {{"1", "[]"}, {"bad", "[]"}, {"3", "[]"}}));
  ASSERT_TRUE(IsDone(1));
  ASSERT_THAT(fakes_.part_sets(), SizeIs(2));
  EXPECT_EQ(fakes_.part_sets()[1].parent().local_id(), "3");
}

}  // namespace
}  // namespace cognate::transformer

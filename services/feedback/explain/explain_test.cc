#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "services/feedback/testing/feedback_fixture.h"

namespace cognate::feedback {
namespace {

class ExplainTest : public FeedbackTest {
 protected:
  ExplainTest() {
    v1::RenderedRecord* rendered = peers_.preview.add_records();
    rendered->add_syncs("syncs/nations");
    rendered->set_platform("shop");
    rendered->set_model("public.nations");
    rendered->add_fields();
    rendered->add_fields();
    v1::Lane* lane = peers_.lanes.add_lanes();
    lane->set_platform("shop");
    lane->set_state(v1::LANE_STATE_OPEN);
  }

  // Everything that is said, one line a step: "capture PASSED …".
  std::string Explain(const v1::RecordKey& record, const std::string& target = "") {
    v1::ExplainRequest request;
    *request.mutable_record() = record;
    request.set_target_platform(target);
    const auto response = feedback_->Call(&Stub::Explain, request);
    EXPECT_OK(response);
    std::string text;
    const auto add = [&](const v1::ExplanationStep& step) {
      absl::StrAppend(&text, step.step(), " ", v1::Verdict_Name(step.verdict()).substr(8), " ",
                      step.sentence(), "\n");
    };
    for (const v1::ExplanationStep& step : response->steps()) add(step);
    for (const v1::TargetExplanation& explained : response->targets()) {
      absl::StrAppend(&text, "-> ", explained.platform(), " ", explained.model(), " ",
                      v1::ReplicaState_Name(explained.state()).substr(14), "\n");
      for (const v1::ExplanationStep& step : explained.steps()) add(step);
      absl::StrAppend(&text, "=> ", explained.conclusion(), "\n");
    }
    absl::StrAppend(&text, "== ", response->conclusion(), "\n");
    // The entity's id is another one in each run.
    for (const auto& [entity, source] : sources_) {
      const size_t at = text.find(entity.ToString());
      if (at != std::string::npos) text.replace(at, 36, "E" + source.local_id());
    }
    return text;
  }
};

TEST_F(ExplainTest, OfARecordThatIsThere) {
  Start();
  const Uuid entity = Plan("57", 812);
  EXPECT_OK(Report({Applied(entity, 812)}));
  const std::string text =
      R"(capture PASSED The last captured change of public.country 57 on atlas is version 812 (update), of 2023-11-14 22:13:20 UTC.
identity PASSED It is the entity E57: public.country 57 on atlas, public.nations l57 on shop.
-> shop public.nations CONVERGED
sync PASSED syncs/nations takes it to public.nations on shop.
mapping PASSED It becomes a record of public.nations with 2 fields.
plan PASSED shop should have version 812, and has it.
=> public.nations l57 on shop is up to date with version 812.
== public.nations l57 on shop is up to date with version 812.
)";
  EXPECT_EQ(Explain(Record("57")), text);
}

TEST_F(ExplainTest, AlsoByTheNameThatTheTargetGivesIt) {
  Start();
  EXPECT_OK(Report({Applied(Plan("57", 812), 812)}));
  v1::RecordKey target;
  target.set_platform("shop");
  target.set_model("public.nations");
  target.set_local_id("l57");
  EXPECT_THAT(Explain(target),
              ::testing::HasSubstr("The last captured change of public.country 57 on atlas is version 812"));
  EXPECT_THAT(Explain(target),
              ::testing::EndsWith("== public.nations l57 on shop is up to date with version 812.\n"));
}

TEST_F(ExplainTest, OfARecordThatWaitsForOneThatIsDead) {
  Start();
  const Uuid parent = Plan("1", 7);
  const Uuid child = Plan("2", 8);
  EXPECT_OK(Report({Outcome(parent, 7, v1::OUTCOME_STATUS_REJECTED, "TOO_LONG")}));
  EXPECT_OK(Report({Waits(child, 8, parent)}));
  EXPECT_EQ(
      Explain(Record("2")),
      R"(capture PASSED The last captured change of public.country 2 on atlas is version 8 (update), of 2023-11-14 22:13:20 UTC.
identity PASSED It is the entity E2: public.country 2 on atlas, public.nations on shop (without an id yet).
-> shop public.nations WAITING
sync PASSED syncs/nations takes it to public.nations on shop.
mapping PASSED It becomes a record of public.nations with 2 fields.
plan UNDER_WAY shop should have it (version 8), and has nothing yet.
trouble UNDER_WAY Version 8 waits for public.country 1 on atlas, which shop needs in public.nations.
reference UNDER_WAY public.country 1 on atlas is not on shop itself, because it was given up: the message of TOO_LONG.
lane PASSED The lane to shop is open, with 0 batches on it.
=> It is not on shop, because it waits for public.country 1 on atlas.
== It is not on shop, because it waits for public.country 1 on atlas.
)");
}

TEST_F(ExplainTest, OfARecordThatIsRetriedBehindAClosedLane) {
  Start();
  v1::Lane* lane = peers_.lanes.mutable_lanes(0);
  lane->set_state(v1::LANE_STATE_CLOSED);
  lane->set_error("connection refused");
  lane->mutable_next_probe_time()->set_seconds(1'700'000'060);
  const Uuid pending = Plan("1", 7);
  EXPECT_THAT(Explain(Record("1")),
              ::testing::HasSubstr(
                  "lane UNDER_WAY The lane to shop is closed, because it cannot be reached: connection "
                  "refused. It is tried again at 2023-11-14 22:14:20 UTC.\n"
                  "=> It is not on shop, because shop cannot be reached; it is sent as soon as it can."));
  EXPECT_OK(Report({Failed(pending, 7)}));
  EXPECT_THAT(
      Explain(Record("1")),
      ::testing::AllOf(::testing::HasSubstr("trouble UNDER_WAY Version 7 failed once and is tried again at "),
                       ::testing::HasSubstr("== It is not on shop, because it failed once and is tried "
                                            "again: the message of BUSY.")));
}

TEST_F(ExplainTest, OfARecordThatWasNeverCaptured) {
  peers_.preview.Clear();
  Start();
  EXPECT_EQ(Explain(Record("404")),
            R"(capture STOPPED It was never captured: atlas has reported no change of it.
identity STOPPED It has no identity yet: nothing of it was planned, and nothing refers to it.
== public.country 404 on atlas is on no target. It was never captured: atlas has reported no change of it.
)");
  v1::Source* source = peers_.sources.add_sources();
  source->set_platform("atlas");
  v1::SourceModel* model = source->add_models();
  model->set_model("public.country");
  model->set_snapshot_row_count(1200);
  EXPECT_THAT(Explain(Record("404")),
              ::testing::StartsWith("capture UNDER_WAY It is not captured yet: the first reading of "
                                    "public.country on atlas is under way, with 1200 rows so far."));
  model->set_obstacle("it has no primary key; add one");
  EXPECT_THAT(Explain(Record("404")),
              ::testing::StartsWith("capture STOPPED It was never captured, because public.country on "
                                    "atlas cannot be: it has no primary key; add one."));
}

TEST_F(ExplainTest, OfARecordThatNoSyncTakes) {
  peers_.preview = test_support::ParseProto<v1::PreviewResponse>(
      "steps { step: 'sync' verdict: VERDICT_STOPPED sentence: 'No sync takes public.country on atlas.' }");
  Start();
  peers_.AddSource(Uuid::V7(clock_), Record("57"), 812);
  EXPECT_THAT(Explain(Record("57"), "shop"),
              ::testing::HasSubstr("== It does not go to shop, because no sync takes it there."));
  EXPECT_THAT(
      Explain(Record("57")),
      ::testing::HasSubstr(
          "== public.country 57 on atlas goes to no target: no sync takes it, as far as could be asked."));
}

TEST_F(ExplainTest, OfARecordThatWasLeftInPlace) {
  Start();
  const Uuid entity = Plan("57", 812);
  FakeReplica replica;
  replica.desired = replica.applied = 812;
  replica.local_id = "l57";
  replica.detached = true;
  peers_.Put(entity, "shop", "public.nations", replica);
  EXPECT_THAT(
      Explain(Record("57")),
      ::testing::AllOf(
          ::testing::HasSubstr("-> shop public.nations DETACHED\n"),
          ::testing::HasSubstr("plan PASSED It left the scope of its syncs in version 812, and they say that "
                               "shop keeps what it has, or a person discarded that version.\n=> "
                               "public.nations l57 on shop is left as it was when "
                               "the record left the scope of its syncs (version 812); it is written again "
                               "when the record comes back.\n")));
  replica.deleted = true;
  peers_.Put(entity, "shop", "public.nations", replica);
  EXPECT_THAT(
      Explain(Record("57")),
      ::testing::AllOf(
          ::testing::HasSubstr("-> shop public.nations DETACHED\n"),
          ::testing::HasSubstr("plan PASSED It was detached from shop in version 812: shop keeps what it "
                               "has.\n=> public.nations l57 on shop is left as it was, and is not the same "
                               "entity any more: changes and deletes of the record do not touch it.\n")));
}

TEST_F(ExplainTest, OfARecordThatIsNotToBeThere) {
  Start();
  const Uuid entity = Plan("57", 812);
  FakeReplica replica;
  replica.desired = replica.applied = 812;
  replica.deleted = true;
  peers_.Put(entity, "shop", "public.nations", replica);
  EXPECT_THAT(
      Explain(Record("57")),
      ::testing::HasSubstr("plan PASSED shop should not have it (version 812), and never said that it "
                           "had.\n=> It is not on shop, and is not to be: it left the scope of its "
                           "syncs.\n"));
  replica.local_id = "l57";
  peers_.Put(entity, "shop", "public.nations", replica);
  EXPECT_THAT(Explain(Record("57")),
              ::testing::HasSubstr("plan PASSED shop should not have it any more (version 812), and does "
                                   "not.\n=> It is deleted on shop, because it left the scope of its "
                                   "syncs.\n"));
  v1::Change gone;
  gone.set_version(812);
  gone.set_operation(v1::OPERATION_DELETE);
  peers_.AddChange(Record("57"), gone);
  EXPECT_THAT(Explain(Record("57")),
              ::testing::HasSubstr("=> It is deleted on shop, because it was deleted at its source.\n"));
  // It came back; nothing is planned yet.
  gone.set_version(813);
  gone.set_operation(v1::OPERATION_CREATE);
  peers_.AddChange(Record("57"), gone);
  EXPECT_THAT(Explain(Record("57")),
              ::testing::HasSubstr("=> It is deleted on shop; version 813 is on its way.\n"));
}

TEST_F(ExplainTest, OfARecordWhoseSyncWasDeletedWhileItWasInTrouble) {
  peers_.SetRules({});
  peers_.preview = test_support::ParseProto<v1::PreviewResponse>(
      "steps { step: 'sync' verdict: VERDICT_STOPPED sentence: 'No sync takes public.country on atlas.' }");
  Start();
  const Uuid entity = Plan("1", 7);
  EXPECT_OK(Report({Outcome(entity, 7, v1::OUTCOME_STATUS_REJECTED, "NO")}));
  ASSERT_TRUE(test_support::Eventually([&] {
    clock_.Advance(absl::Seconds(5));
    return Troubles().empty();
  }));
  EXPECT_THAT(Explain(Record("1")),
              ::testing::HasSubstr("=> It is not on shop, and version 7 is not sent, because no active sync "
                                   "takes it there.\n"));
}

TEST_F(ExplainTest, OfARecordThatWouldBeRefused) {
  v1::OutcomeError* error = peers_.preview.mutable_records(0)->mutable_error();
  error->set_message("the text has 300 characters, the field takes 200");
  error->set_field("name");
  Start();
  peers_.AddSource(Uuid::V7(clock_), Record("57"), 812);
  EXPECT_THAT(
      Explain(Record("57")),
      ::testing::AllOf(
          ::testing::HasSubstr("mapping STOPPED shop cannot take it: the text has 300 characters, the field "
                               "takes 200 (field name)."),
          ::testing::HasSubstr("=> It is not on shop, because it would be refused: the text has 300")));
}

TEST_F(ExplainTest, SaysWhoCouldNotBeAsked) {
  Start();
  const Uuid entity = Plan("57", 812);
  EXPECT_OK(Report({Failed(entity, 812)}));
  for (const std::string down : {"registry", "change_capture", "transformer", "delivery"}) {
    peers_.SetDown({down});
    const std::string who = down == "registry" ? "platform_registry" : down;
    EXPECT_THAT(Explain(Record("57")),
                ::testing::HasSubstr(who + " could not be asked (UNAVAILABLE), so this is not known."));
  }
  peers_.SetDown({"registry", "change_capture", "transformer", "delivery"});
  EXPECT_EQ(Explain(Record("57")),
            R"(capture UNSPECIFIED change_capture could not be asked (UNAVAILABLE), so this is not known.
identity UNSPECIFIED platform_registry could not be asked (UNAVAILABLE), so this is not known.
sync UNSPECIFIED transformer could not be asked (UNAVAILABLE), so this is not known.
== public.country 57 on atlas goes to no target: no sync takes it, as far as could be asked.
)");
}

class ExplainBothWaysTest : public ExplainTest {
 protected:
  ExplainBothWaysTest() {
    v1::Sync there;
    there.set_source_platform("atlas");
    there.set_source_model("public.country");
    there.set_target_platform("shop");
    there.set_target_model("public.nations");
    v1::Sync back;
    back.set_source_platform("shop");
    back.set_source_model("public.nations");
    back.set_target_platform("atlas");
    back.set_target_model("public.country");
    peers_.syncs = {there, back};
    peers_.SetRules(peers_.syncs);
    shop_.set_platform("shop");
    shop_.set_model("public.nations");
    shop_.set_local_id("l57");
  }
  // Both have version 813, which was captured on the shop, but for what is on its way to the atlas.
  Uuid Meet(int64_t due_on_atlas) {
    const Uuid entity = Plan("57", 812);
    v1::Change change;
    change.set_version(813);
    peers_.AddChange(shop_, change);
    FakeReplica replica;
    replica.desired = replica.applied = 813;
    replica.local_id = "l57";
    peers_.Put(entity, "shop", "public.nations", replica);
    replica.desired = due_on_atlas;
    replica.local_id = "57";
    peers_.Put(entity, "atlas", "public.country", replica);
    return entity;
  }

  v1::RecordKey shop_;
};

TEST_F(ExplainBothWaysTest, NamesTheOtherPlatformFromEitherSide) {
  Start();
  Meet(813);
  EXPECT_THAT(
      Explain(Record("57")),
      ::testing::AllOf(
          ::testing::HasSubstr("capture PASSED The last captured change of public.country 57 on atlas is"),
          ::testing::HasSubstr("-> shop public.nations CONVERGED\n"),
          ::testing::Not(::testing::HasSubstr("-> atlas")),
          ::testing::EndsWith("== public.nations l57 on shop is up to date with version 813.\n")));
  peers_.preview.mutable_records(0)->set_platform("atlas");
  peers_.preview.mutable_records(0)->set_model("public.country");
  EXPECT_THAT(
      Explain(shop_),
      ::testing::AllOf(
          ::testing::HasSubstr("capture PASSED The last captured change of public.nations l57 on shop is"),
          ::testing::HasSubstr("-> atlas public.country CONVERGED\n"),
          ::testing::Not(::testing::HasSubstr("-> shop")),
          ::testing::EndsWith("== public.country 57 on atlas is up to date with version 813.\n")));
}

TEST_F(ExplainBothWaysTest, DoesNotTakeWhatADeliveryWroteForAnEdit) {
  Start();
  Meet(813);
  v1::Change echo;
  echo.set_version(815);
  peers_.AddChange(Record("57"), echo);
  EXPECT_THAT(Explain(Record("57")),
              ::testing::AllOf(
                  ::testing::HasSubstr("plan PASSED shop should have version 813, and has it. Version 815 of "
                                       "public.country 57 on atlas is what a delivery wrote there, or is not "
                                       "planned yet.\n"),
                  ::testing::EndsWith("== public.nations l57 on shop is up to date with version 813.\n")));
}

TEST_F(ExplainBothWaysTest, TellsWhatIsOnItsWayToTheRecordItselfWhereSomethingIs) {
  v1::RenderedRecord* const rendered = peers_.preview.add_records();
  rendered->add_syncs("syncs/back");
  rendered->set_platform("atlas");
  rendered->set_model("public.country");
  Start();
  Meet(814);
  EXPECT_THAT(Explain(Record("57")),
              ::testing::AllOf(
                  ::testing::HasSubstr("-> atlas public.country PENDING\nsync PASSED syncs/back takes it to "
                                       "public.country on atlas.\n"),
                  ::testing::HasSubstr("=> atlas still has version 813; version 814 is on its way.\n"),
                  ::testing::HasSubstr("-> shop public.nations CONVERGED\n")));
}

TEST_F(ExplainBothWaysTest, TellsTheWayToTheRecordItselfWhereThatIsAskedFor) {
  peers_.preview.mutable_records(0)->set_platform("atlas");
  peers_.preview.mutable_records(0)->set_model("public.country");
  Start();
  Meet(813);
  EXPECT_THAT(
      Explain(Record("57"), "atlas"),
      ::testing::AllOf(
          ::testing::HasSubstr("capture PASSED The last captured change of public.nations l57 on shop is"),
          ::testing::HasSubstr("-> atlas public.country CONVERGED\n"),
          ::testing::Not(::testing::HasSubstr("-> shop"))));
}

TEST_F(ExplainTest, NeedsARecord) {
  Start();
  EXPECT_THAT(feedback_->Call(&Stub::Explain, v1::ExplainRequest()),
              test_support::HasReason("INVALID_FIELD"));
  const absl::Status refused = feedback_->Call(&Stub::Explain, v1::ExplainRequest()).status();
  EXPECT_EQ(ErrorMetadata(refused, "field"), "record.platform");
}

}  // namespace
}  // namespace cognate::feedback

// What the golden files do not show: bounds, caches, and what a change costs.
#include "services/transformer/pipeline.h"

#include <cstdio>
#include <ctime>

#include "absl/strings/str_cat.h"
#include "common/clock/fake_clock.h"
#include "common/value/value.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/proto_matchers.h"
#include "tests/support/status_matchers.h"

namespace cognate::transformer {
namespace {

using ::cognate::test_support::ParseProto;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

std::string Entity(absl::string_view local_id) {
  std::string entity(local_id);
  entity.resize(16, '.');
  return entity;
}

v1::CompiledField Field(const std::string& source, const std::string& target, const std::string& type) {
  return ParseProto<v1::CompiledField>(
      absl::StrCat("source: '", source, "' target: '", target, "' source_field { name: '", source,
                   "' nullable: true type: ", type, " } target_field { name: '", target,
                   "' nullable: true type: ", type, " }"));
}

// Ten fields, one of them a reference.
v1::Rules TenFields() {
  auto rules = ParseProto<v1::Rules>(R"(
      revision: 1
      syncs { sync { name: "syncs/rows" status: SYNC_STATUS_ACTIVE source_platform: "a" source_model: "public.row"
                     target_platform: "b" target_model: "public.line" } target_key_fields: "id" })");
  v1::CompiledSync* const sync = rules.mutable_syncs(0);
  for (const char* name : {"one", "two", "three", "four"}) {
    *sync->add_fields() = Field(name, absl::StrCat(name, "_text"), "FIELD_TYPE_TEXT max_length: 200");
  }
  for (const char* name : {"count", "size"})
    *sync->add_fields() = Field(name, name, "FIELD_TYPE_INTEGER size_bits: 32");
  *sync->add_fields() = Field("price", "price", "FIELD_TYPE_DECIMAL precision: 12 scale: 2");
  *sync->add_fields() = Field("at", "at", "FIELD_TYPE_TIMESTAMP");
  *sync->add_fields() = Field("active", "active", "FIELD_TYPE_BOOL");
  v1::CompiledField* const parent = sync->add_fields();
  *parent = Field("parent_id", "parent", "FIELD_TYPE_INTEGER size_bits: 64");
  parent->set_is_reference(true);
  parent->set_reference_source_model("public.parent");
  parent->set_reference_target_model("public.above");
  return rules;
}

bus::v1::ChangeBatch Batch(int64_t first, int count) {
  bus::v1::ChangeBatch batch;
  batch.set_rules_revision(1);
  batch.add_models()->set_platform("a");
  batch.mutable_models(0)->set_model("public.row");
  for (int i = 0; i < count; ++i) {
    bus::v1::LoggedChange* const change = batch.add_changes();
    change->set_version(first + i);
    change->set_local_id(absl::StrCat(first + i));
    change->set_operation(v1::OPERATION_CREATE);
    change->set_fields(value::Fields({{"id", value::Int(first + i)},
                                      {"one", value::Text(std::string(90, 'a'))},
                                      {"two", value::Text(std::string(90, 'b'))},
                                      {"three", value::Text(std::string(90, 'c'))},
                                      {"four", value::Text(std::string(90, 'd'))},
                                      {"count", value::Int(i)},
                                      {"size", value::Int(1000 + i)},
                                      {"price", value::Decimal("12.50")},
                                      {"at", value::TimestampMicros(1'700'000'000'000'000 + i)},
                                      {"active", value::Bool(true)},
                                      {"parent_id", value::Int(i % 250)}})
                           .SerializeAsString());
  }
  return batch;
}

// Knows every record, and that it is due.
struct EasyLedger {
  Ledger Functions() {
    return {[this](const v1::ResolveRequest& request) -> absl::StatusOr<v1::ResolveResponse> {
              v1::ResolveResponse response;
              for (const v1::ResolveGroup& group : request.groups()) {
                v1::ResolvedGroup* const resolved = response.add_groups();
                for (const std::string& id : group.local_ids()) {
                  resolved->add_entity_ids(Entity(id));
                  resolved->add_fingerprints();
                  if (!group.target_model().empty()) resolved->add_target_local_ids(absl::StrCat("9", id));
                }
                asked += group.local_ids_size();
              }
              return response;
            },
            [](const v1::PlanRequest& request) -> absl::StatusOr<v1::PlanResponse> {
              v1::PlanResponse response;
              for (const v1::PlanGroup& group : request.groups()) {
                v1::PlannedGroup* const planned = response.add_groups();
                for (int i = 0; i < group.entity_ids_size(); ++i)
                  planned->add_decisions(v1::PLAN_DECISION_DUE);
              }
              return response;
            }};
  }
  int asked = 0;
};

std::vector<Wave> Waves(const bus::v1::ChangeBatch& batch, size_t max_changes = 1000) {
  const bus::v1::ChangeBatch* const batches[] = {&batch};
  return Collect(batches, max_changes);
}

TEST(PipelineTest, EntriesOfALaneAreBoundedByDeliveriesAndBytes) {
  const RuleSet rules(TenFields());
  EasyLedger ledger;
  google::protobuf::Arena arena;
  const bus::v1::ChangeBatch batch = Batch(1, 25);
  LaneLimits limits;
  limits.deliveries = 10;
  ASSERT_OK_AND_ASSIGN(const WaveResult by_count,
                       RunWave(rules, Waves(batch)[0], ledger.Functions(), nullptr, limits, &arena));
  ASSERT_THAT(by_count.decisions.lanes, SizeIs(1));
  std::vector<int> sizes;
  for (const bus::v1::LaneBatch* entry : by_count.decisions.lanes[0].batches) {
    sizes.push_back(entry->groups(0).deliveries_size());
  }
  EXPECT_THAT(sizes, ElementsAre(10, 10, 5));
  limits = LaneLimits();
  limits.bytes = 2000;
  ASSERT_OK_AND_ASSIGN(const WaveResult by_bytes,
                       RunWave(rules, Waves(batch)[0], ledger.Functions(), nullptr, limits, &arena));
  for (const bus::v1::LaneBatch* entry : by_bytes.decisions.lanes[0].batches) {
    EXPECT_LT(entry->ByteSizeLong(), 2300u);
  }
}

TEST(PipelineTest, LargeRoundsGoInWaves) {
  EXPECT_THAT(Waves(Batch(1, 2500)), ElementsAre(SizeIs(1000), SizeIs(1000), SizeIs(500)));
}

// Otherwise the new record would be taken for the one that the delivery has deleted.
TEST(PipelineTest, WhatIsMadeAfterADeliveredDeleteComesInALaterWave) {
  bus::v1::ChangeBatch batch = Batch(1, 3);
  for (bus::v1::LoggedChange& change : *batch.mutable_changes()) change.set_local_id("DE");
  bus::v1::LoggedChange& deleted = *batch.mutable_changes(1);
  deleted.set_operation(v1::OPERATION_DELETE);
  deleted.set_origin_entity_id(std::string(16, 'e'));
  deleted.set_origin_version(1);
  const std::vector<Wave> waves = Waves(batch);
  ASSERT_THAT(waves, ElementsAre(SizeIs(1), SizeIs(1)));
  EXPECT_EQ(waves[0][0].logged->version(), batch.changes(1).version());
  EXPECT_EQ(waves[1][0].logged->version(), batch.changes(2).version());
}

TEST(PipelineTest, WhatComesLiveIsKeptBackFromATargetWithAnInterval) {
  v1::Rules given = TenFields();
  given.mutable_syncs(0)->mutable_sync()->mutable_schedule()->mutable_interval()->set_seconds(300);
  const RuleSet rules(std::move(given));
  const auto routed = [&](const bus::v1::ChangeBatch& batch) {
    google::protobuf::Arena arena;
    return Route(rules, Waves(batch)[0], &arena).changes.size();
  };
  bus::v1::ChangeBatch batch = Batch(1, 2);
  EXPECT_EQ(routed(batch), 0u);
  // Its delete, too: what comes again before the turn is the same record there.
  batch.mutable_changes(0)->set_operation(v1::OPERATION_DELETE);
  EXPECT_EQ(routed(batch), 0u);
  batch.set_is_replay(true);
  EXPECT_EQ(routed(batch), 2u);
}

// Otherwise a record that changes all the time would never come.
TEST(PipelineTest, ALiveChangeDoesNotKeepBackWhatARunBrings) {
  bus::v1::ChangeBatch replayed = Batch(1, 1);
  replayed.set_is_replay(true);
  bus::v1::ChangeBatch live = Batch(2, 1);
  live.mutable_changes(0)->set_local_id(replayed.changes(0).local_id());
  const bus::v1::ChangeBatch* const batches[] = {&live, &replayed};
  const std::vector<Wave> waves = Collect(batches, 10);
  ASSERT_THAT(waves, ElementsAre(SizeIs(1)));
  EXPECT_EQ(waves[0][0].logged->version(), live.changes(0).version());
  EXPECT_FALSE(waves[0][0].is_live);
}

TEST(PipelineTest, AnEditOfWhatADeliveryHasJustMadeSaysWhoseItIs) {
  bus::v1::ChangeBatch batch = Batch(1, 4);
  for (bus::v1::LoggedChange& change : *batch.mutable_changes()) change.set_local_id("7");
  bus::v1::LoggedChange& made = *batch.mutable_changes(0);
  made.set_origin_entity_id(std::string(16, 'e'));
  made.set_origin_version(1);
  const std::vector<Wave> edited = Waves(batch);
  ASSERT_THAT(edited, ElementsAre(SizeIs(1)));
  EXPECT_EQ(edited[0][0].logged->version(), batch.changes(3).version());
  EXPECT_EQ(edited[0][0].delivered_entity, std::string(16, 'e'));
  batch.mutable_changes(2)->set_operation(v1::OPERATION_DELETE);
  EXPECT_EQ(Waves(batch)[0][0].delivered_entity, "") << "made anew: another record";
  batch.mutable_changes(3)->set_origin_entity_id(std::string(16, 'f'));
  batch.mutable_changes(2)->set_operation(v1::OPERATION_UPDATE);
  made.clear_origin_entity_id();
  EXPECT_EQ(Waves(batch)[0][0].delivered_entity, std::string(16, 'f')) << "said by the delivery behind it";
}

TEST(PipelineTest, WhatComesAfterADeliveryHasDeletedTheRecordIsOfNoKnownEntity) {
  bus::v1::ChangeBatch batch = Batch(1, 4);
  for (bus::v1::LoggedChange& change : *batch.mutable_changes()) change.set_local_id("7");
  for (const int delivered : {0, 2}) {
    batch.mutable_changes(delivered)->set_origin_entity_id(std::string(16, 'e'));
    batch.mutable_changes(delivered)->set_origin_version(1);
  }
  batch.mutable_changes(2)->set_operation(v1::OPERATION_DELETE);
  const std::vector<Wave> waves = Waves(batch);
  ASSERT_THAT(waves, ElementsAre(SizeIs(1), SizeIs(1)));
  EXPECT_EQ(waves[0][0].logged->version(), batch.changes(2).version());
  EXPECT_EQ(waves[1][0].logged->version(), batch.changes(3).version());
  EXPECT_EQ(waves[1][0].delivered_entity, "") << "the edit before the delete had one";
}

TEST(PipelineTest, UnreadableFieldsStopTheirOwnChangeOnly) {
  const RuleSet rules(TenFields());
  EasyLedger ledger;
  google::protobuf::Arena arena;
  bus::v1::ChangeBatch batch = Batch(1, 3);
  batch.mutable_changes(1)->set_fields("\xff\xff\xff");
  ASSERT_OK_AND_ASSIGN(const WaveResult result,
                       RunWave(rules, Waves(batch)[0], ledger.Functions(), nullptr, LaneLimits(), &arena));
  EXPECT_EQ(result.unreadable, 1u);
  EXPECT_EQ(result.decisions.lanes[0].deliveries, 2);
}

TEST(PipelineTest, AReferenceThatAChainMakesIsOneInWhateverFieldItIsWritten) {
  auto written = TenFields();
  v1::CompiledSync* const sync = written.mutable_syncs(0);
  *sync->mutable_sync()->add_transforms() =
      ParseProto<v1::Transform>("reference { field: 'parent_id' into: 'one' source_model: 'public.parent' }");
  for (const char* name : {"one", "parent_id"}) sync->add_source_fields()->set_name(name);
  const RuleSet rules(written);
  EasyLedger ledger;
  google::protobuf::Arena arena;
  const bus::v1::ChangeBatch batch = Batch(1, 2);
  ASSERT_OK_AND_ASSIGN(const WaveResult result,
                       RunWave(rules, Waves(batch)[0], ledger.Functions(), nullptr, LaneLimits(), &arena));
  ASSERT_THAT(result.decisions.reports, SizeIs(1));
  const v1::Outcome& outcome = result.decisions.reports[0].outcomes(0);
  EXPECT_EQ(outcome.status(), v1::OUTCOME_STATUS_WAITING);
  EXPECT_EQ(outcome.error().reason(), "REFERENCE_HAS_NO_SYNC");
  EXPECT_THAT(outcome.error().message(), HasSubstr("field one_text refers to public.parent 0"));
}

TEST(PipelineTest, HotReferencesAreAskedForOnceAMoment) {
  const RuleSet rules(TenFields());
  EasyLedger ledger;
  FakeClock clock;
  ReferenceCache cache(clock, absl::Milliseconds(500), 1000);
  google::protobuf::Arena arena;
  const auto asked = [&](const bus::v1::ChangeBatch& batch) {
    ledger.asked = 0;
    EXPECT_OK(RunWave(rules, Waves(batch)[0], ledger.Functions(), &cache, LaneLimits(), &arena));
    return ledger.asked;
  };
  EXPECT_EQ(asked(Batch(1, 100)), 200);
  EXPECT_EQ(asked(Batch(201, 100)), 100);
  clock.Advance(absl::Seconds(1));
  EXPECT_EQ(asked(Batch(401, 100)), 200);
  // A retry sees what is there now.
  bus::v1::ChangeBatch replay = Batch(601, 100);
  replay.set_target_platform("b");
  EXPECT_EQ(asked(replay), 200);
  // Deletes end what references lead to.
  bus::v1::ChangeBatch with_delete = Batch(801, 100);
  with_delete.mutable_changes(99)->set_operation(v1::OPERATION_DELETE);
  EXPECT_EQ(asked(with_delete), 199);
}

TEST(PipelineTest, AnAnswerThatDoesNotFitIsAnError) {
  const RuleSet rules(TenFields());
  EasyLedger easy;
  Ledger ledger = easy.Functions();
  ledger.plan = [](const v1::PlanRequest&) -> absl::StatusOr<v1::PlanResponse> { return v1::PlanResponse(); };
  google::protobuf::Arena arena;
  EXPECT_THAT(RunWave(rules, Waves(Batch(1, 3))[0], ledger, nullptr, LaneLimits(), &arena),
              test_support::StatusIs(absl::StatusCode::kInternal));
}

double CpuMicros() {
  timespec time;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_nsec) / 1e3;
}

TEST(PipelineTest, CostsLittle) {
  const RuleSet rules(TenFields());
  constexpr int kChanges = 500;
  constexpr int kRounds = 60;
  const std::string entry = Batch(1, kChanges).SerializeAsString();
  EasyLedger easy;
  Ledger ledger = easy.Functions();
  double in_ledger = 0;
  const auto timed = [&](auto call) {
    return [&in_ledger, call](const auto& request) {
      const double start = CpuMicros();
      auto response = call(request);
      in_ledger += CpuMicros() - start;
      return response;
    };
  };
  ledger.resolve = timed(ledger.resolve);
  ledger.plan = timed(ledger.plan);
  FakeClock clock;
  ReferenceCache cache(clock, absl::Milliseconds(500), 20'000);
  std::vector<char> block(256 * 1024);
  google::protobuf::ArenaOptions options;
  options.initial_block = block.data();
  options.initial_block_size = block.size();
  google::protobuf::Arena arena(options);
  size_t bytes = 0;
  const double start = CpuMicros();
  for (int round = 0; round < kRounds; ++round) {
    arena.Reset();
    auto* const batch = google::protobuf::Arena::CreateMessage<bus::v1::ChangeBatch>(&arena);
    ASSERT_TRUE(batch->ParseFromString(entry));
    ASSERT_OK_AND_ASSIGN(const WaveResult result,
                         RunWave(rules, Waves(*batch)[0], ledger, &cache, LaneLimits(), &arena));
    for (const bus::v1::LaneBatch* lane : result.decisions.lanes[0].batches)
      bytes += lane->SerializeAsString().size();
  }
  const double us = (CpuMicros() - start - in_ledger) / (kRounds * kChanges);
  EXPECT_GT(bytes, 0u);
  std::printf("figure transformer.pipeline us_per_change=%.2f changes=%d fields=10\n", us, kChanges);
}

}  // namespace
}  // namespace cognate::transformer

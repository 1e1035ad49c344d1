// Preview never lies: whatever the rules, the record and the ledger, it says what the pipeline then delivers,
// refuses or leaves.
#include <cstdio>
#include <map>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_join.h"
#include "common/clock/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/transformer/fake_services.h"
#include "services/transformer/memory_ledger.h"
#include "services/transformer/preview.h"
#include "services/transformer/random_rules.h"
#include "tests/support/environment.h"
#include "tests/support/status_matchers.h"

namespace cognate::transformer {
namespace {

using ::cognate::test_support::ValueOrDie;

// A target's part of what becomes of a record, in one form for preview and pipeline: lines of text.
using Fate = std::set<std::string>;
using Fates = std::map<std::string, Fate>;  // by "platform model"

std::string Words(const std::string& name, const v1::Value& value, const std::string& how) {
  if (!value.has_reference_value()) return absl::StrCat(name, " ", value.ShortDebugString());
  v1::Reference reference = value.reference_value();
  reference.clear_entity_id();  // Preview makes none.
  return absl::StrCat(name, " -> ", reference.ShortDebugString(), " ", how);
}

std::string Words(const v1::OutcomeError& error, const std::string& how) {
  return absl::StrCat(how, " ", error.ShortDebugString());
}

// The verdict of the step that says this; "UNSAID" if none does.
std::string VerdictOf(const v1::PreviewResponse& response, const std::string& step,
                      const std::string& words) {
  for (const v1::ExplanationStep& one : response.steps()) {
    if (one.step() == step && absl::StrContains(one.sentence(), words))
      return v1::Verdict_Name(one.verdict());
  }
  return "UNSAID";
}

std::string VerdictOf(const v1::PreviewResponse& response, const v1::Field& field) {
  const v1::Reference& reference = field.value().reference_value();
  return VerdictOf(
      response, "reference",
      absl::StrCat(field.name(), " refers to ", reference.source_model(), " ", reference.source_local_id(),
                   ", which is ", reference.local_id().empty() ? "not in " : "", reference.model(), " "));
}

// What the answer says, in its records and in its sentences.
Fates Said(const v1::PreviewResponse& response) {
  Fates fates;
  for (const v1::RenderedRecord& record : response.records()) {
    Fate& fate = fates[absl::StrCat(record.platform(), " ", record.model())];
    fate.insert(absl::StrCat("syncs ", absl::StrJoin(record.syncs(), " ")));
    if (record.has_error()) {
      const bool refused = VerdictOf(response, "mapping", record.error().message()) == "VERDICT_STOPPED";
      const bool waits = VerdictOf(response, "reference", "no sync brings") == "VERDICT_STOPPED";
      fate.insert(Words(record.error(), refused && record.fields().empty() ? "REJECTED"
                                        : waits                            ? "WAITING"
                                                                           : "UNSAID"));
      continue;
    }
    const bool stays = record.leaves() == v1::LEAVE_ACTION_KEEP || record.leaves() == v1::LEAVE_ACTION_DETACH;
    if (!stays) fate.insert(absl::StrCat("operation ", v1::Operation_Name(record.operation())));
    for (const v1::Field& field : record.fields())
      fate.insert(Words(field.name(), field.value(), VerdictOf(response, field)));
    const std::string contact =
        absl::StrCat("If it is new to ", record.model(), " on ", record.platform(), ",");
    if (VerdictOf(response, "mapping", contact) == "VERDICT_PASSED") fate.insert("contact");
  }
  return fates;
}

struct Done {
  std::map<std::string, Fates> fates;  // by the source's id
  int deliveries = 0, deletes = 0, refused = 0, waiting = 0, left = 0, references = 0;
};

std::string SyncsOf(const RuleSet& rules, const std::string& platform, const std::string& model) {
  const SourcePlan* const plan = rules.Find("a", "m.item");
  for (const TargetPlan& target : plan->targets) {
    if (target.platform == platform && target.model == model) return absl::StrJoin(target.syncs(), " ");
  }
  return "";
}

void AddLanes(const Decisions& decisions, Done& done) {
  for (const LaneOrder& lane : decisions.lanes) {
    for (const bus::v1::LaneBatch* batch : lane.batches) {
      for (const bus::v1::DeliveryGroup& group : batch->groups()) {
        for (const bus::v1::Delivery& delivery : group.deliveries()) {
          Fate& fate =
              done.fates[delivery.source_local_id()][absl::StrCat(lane.platform, " ", group.model())];
          fate.insert(absl::StrCat("syncs ", absl::StrJoin(group.syncs(), " ")));
          fate.insert(absl::StrCat("operation ", v1::Operation_Name(delivery.operation())));
          if (!group.natural_keys().empty()) fate.insert("contact");
          ++(delivery.operation() == v1::OPERATION_DELETE ? done.deletes : done.deliveries);
          for (int i = 0; i < delivery.values_size(); ++i) {
            const bool is_there = !delivery.values(i).reference_value().local_id().empty();
            fate.insert(Words(group.field_names(i), delivery.values(i),
                              is_there ? "VERDICT_PASSED" : "VERDICT_UNDER_WAY"));
            done.references += delivery.values(i).has_reference_value();
          }
        }
      }
    }
  }
}

void AddReports(const RuleSet& rules, const Decisions& decisions, Done& done) {
  for (const v1::ReportRequest& report : decisions.reports) {
    for (const v1::Outcome& outcome : report.outcomes()) {
      Fate& fate =
          done.fates[outcome.source().local_id()][absl::StrCat(report.platform(), " ", outcome.model())];
      fate.insert(absl::StrCat("syncs ", SyncsOf(rules, report.platform(), outcome.model())));
      const bool refused = outcome.status() == v1::OUTCOME_STATUS_REJECTED;
      fate.insert(Words(outcome.error(), refused ? "REJECTED" : "WAITING"));
      ++(refused ? done.refused : done.waiting);
    }
  }
}

class PreviewPropertyTest : public ::testing::Test {
 protected:
  static constexpr int kRuleSets = 300;
  static constexpr int kRecords = 10;  // of each, in one batch

  static v1::Change ChangeOf(RandomRules& random, int id, int64_t version) {
    v1::Change change;
    change.set_version(version);
    change.set_local_id(absl::StrCat(id));
    change.set_operation(random.Chance(20)   ? v1::OPERATION_DELETE
                         : random.Chance(50) ? v1::OPERATION_CREATE
                                             : v1::OPERATION_UPDATE);
    value::SetMicros(1'700'000'000'000'000 + version, change.mutable_capture_time());
    if (change.operation() != v1::OPERATION_DELETE || random.Chance(50))
      *change.mutable_fields() = random.Record().fields();
    return change;
  }

  static bus::v1::ChangeBatch BatchOf(const std::vector<v1::Change>& changes) {
    bus::v1::ChangeBatch batch;
    batch.add_models()->set_platform("a");
    batch.mutable_models(0)->set_model("m.item");
    for (const v1::Change& change : changes) AddLogged(change, &batch);
    return batch;
  }

  static Ledger FunctionsOf(MemoryLedger& ledger) {
    return {[&ledger](const v1::ResolveRequest& request) { return ledger.Resolve(request); },
            [&ledger](const v1::PlanRequest& request) { return ledger.Plan(request); }};
  }

  Fates Previewed(const v1::Change& change, MemoryLedger& ledger, const std::string& target) {
    const PreviewParts parts = {rules_, FunctionsOf(ledger),
                                [&](const v1::RecordKey&) -> absl::StatusOr<v1::Change> { return change; }};
    v1::PreviewRequest request;
    request.mutable_record()->set_platform("a");
    request.mutable_record()->set_model("m.item");
    request.mutable_record()->set_local_id(change.local_id());
    request.set_target_platform(target);
    return Said(ValueOrDie(Preview(parts, request)));
  }

  // What the pipeline makes of all of them in one wave. The targets confirm half of it.
  Done Delivered(const std::vector<v1::Change>& changes, MemoryLedger& ledger, RandomRules& random) {
    const std::shared_ptr<const RuleSet> rules = rules_.Current();
    const bus::v1::ChangeBatch batch = BatchOf(changes);
    const bus::v1::ChangeBatch* const batches[] = {&batch};
    google::protobuf::Arena arena;
    Done done;
    ledger.asked.clear();
    for (const Wave& wave : Collect(batches, 1000)) {
      const WaveResult result =
          ValueOrDie(RunWave(*rules, wave, FunctionsOf(ledger), nullptr, LaneLimits(), &arena));
      AddLanes(result.decisions, done);
      AddReports(*rules, result.decisions, done);
    }
    std::map<std::string, std::string> ids;
    for (const v1::Change& change : changes) {
      if (!ledger.asked.empty()) ids[ledger.EntityOf("m.item", change.local_id())] = change.local_id();
    }
    for (const MemoryLedger::Asked& asked : ledger.asked) {
      if (random.Chance(50)) ledger.Settle(asked.platform, asked.model, asked.entity_id);
      if (!asked.stays) continue;
      ++done.left;
      done.fates[ids.at(asked.entity_id)][absl::StrCat(asked.platform, " ", asked.model)].insert(
          absl::StrCat("syncs ", SyncsOf(*rules, asked.platform, asked.model)));
    }
    return done;
  }

  static Fates Only(const std::string& platform, Fates fates) {
    if (!platform.empty())
      std::erase_if(fates, [&](const auto& fate) { return !absl::StartsWith(fate.first, platform + " "); });
    return fates;
  }

  FakeServices services_;
  clients::RegistryClient registry_{services_.address()};
  clients::RulesFollower<RuleSet> rules_{registry_, Clock::Real(), {}};
};

std::string Print(const Fates& fates) {
  return absl::StrJoin(fates, "\n", [](std::string* out, const auto& fate) {
    absl::StrAppend(out, "  ", fate.first, ": ", absl::StrJoin(fate.second, "; "));
  });
}

TEST_F(PreviewPropertyTest, PreviewSaysWhatIsDelivered) {
  const uint64_t seed = test_support::TestSeed();
  SCOPED_TRACE(absl::StrCat("COGNATE_TEST_SEED=", seed));
  int cases = 0, differing = 0;
  Done all;
  for (int round = 0; round < kRuleSets; ++round) {
    RandomRules random(seed + static_cast<uint64_t>(round));
    const v1::Rules rules = random.Make(round + 1);
    services_.SetRules(rules);
    MemoryLedger ledger;
    for (int again = 0; again < 2; ++again) {  // The second time the ledger knows some of it.
      std::vector<v1::Change> changes;
      std::vector<std::string> targets;
      std::vector<Fates> said;
      for (int id = 1; id <= kRecords / 2; ++id) {
        changes.push_back(ChangeOf(random, id, 100 * again + id));
        targets.push_back(random.Chance(25) ? "b" : "");
        said.push_back(Previewed(changes.back(), ledger, targets.back()));
      }
      Done done = Delivered(changes, ledger, random);
      for (size_t i = 0; i < changes.size(); ++i, ++cases) {
        const Fates wanted = Only(targets[i], done.fates[changes[i].local_id()]);
        if (said[i] == wanted || ++differing > 3) continue;
        ADD_FAILURE() << "round " << round << " record " << changes[i].ShortDebugString() << "\nsaid\n"
                      << Print(said[i]) << "\ndelivered\n"
                      << Print(wanted) << "\nby " << rules.ShortDebugString();
      }
      all.deliveries += done.deliveries, all.deletes += done.deletes, all.refused += done.refused;
      all.waiting += done.waiting, all.left += done.left, all.references += done.references;
    }
  }
  EXPECT_EQ(differing, 0);
  for (const int times : {all.deliveries, all.deletes, all.refused, all.waiting, all.left, all.references})
    EXPECT_GT(times, cases / 100);
  std::printf(
      "figure preview.equals_delivery cases=%d differing=%d seed=%llu deliveries=%d deletes=%d refused=%d "
      "waiting=%d left=%d references=%d\n",
      cases, differing, static_cast<unsigned long long>(seed), all.deliveries, all.deletes, all.refused,
      all.waiting, all.left, all.references);
}

}  // namespace
}  // namespace cognate::transformer

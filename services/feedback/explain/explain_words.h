// The sentences of Explain: pure functions of what the services said.
#pragma once

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "cognate/v1/change_capture_service.pb.h"
#include "cognate/v1/explanation.pb.h"
#include "cognate/v1/feedback_service.pb.h"
#include "cognate/v1/lane.pb.h"
#include "cognate/v1/ledger_service.pb.h"
#include "cognate/v1/sync.pb.h"
#include "cognate/v1/transformer_service.pb.h"
#include "services/feedback/trouble.h"

namespace cognate::feedback {

v1::ExplanationStep Step(absl::string_view step, v1::Verdict verdict, absl::string_view sentence);
v1::ExplanationStep NotAsked(absl::string_view step, absl::string_view who, const absl::Status& status);

v1::ExplanationStep CapturedStep(const v1::RecordKey& record, const v1::Change& change);
// Why nothing was captured, as the sources of its platform see it.
v1::ExplanationStep NeverCapturedStep(const v1::RecordKey& record, const v1::ListSourcesResponse& sources);
v1::ExplanationStep IdentityStep(const v1::GetReplicasResponse& replicas);
v1::ExplanationStep SyncStep(const v1::Sync& sync);

// What is known of the way to one target; absent where nobody could say.
struct TargetEvidence {
  std::string platform;
  std::string model;
  v1::RecordKey source;
  int64_t captured_version = 0;  // 0: unknown, or never captured.
  bool source_deleted = false;   // By that version.
  // Of a source that is a target, too: what the ledger knows it to have. A captured version behind that is
  // what a delivery wrote there, which goes on under the delivery's own version, or is not planned yet.
  int64_t held_version = 0;
  bool may_be_an_echo() const { return held_version > 0 && captured_version > held_version; }
  bool previewed = false;  // The transformer was asked.
  std::optional<v1::RenderedRecord> rendered;
  std::optional<v1::Replica> replica;
  std::optional<Trouble> trouble;
  std::optional<v1::Lane> lane;
  std::string awaited;  // How the record that it waits for stands, as a sentence; empty if it waits for none.
  absl::Status lanes = absl::OkStatus();  // Whether the lanes could be asked for.
};
v1::TargetExplanation ExplainTarget(const TargetEvidence& evidence);

// How a record that another one waits for stands on the target.
std::string AwaitedSentence(const Trouble& waiting, const std::optional<Trouble>& awaited,
                            const absl::Status& captured, bool there);

// One sentence in all.
std::string Conclusion(const v1::RecordKey& record, const v1::ExplainResponse& response, bool never_captured);

}  // namespace cognate::feedback

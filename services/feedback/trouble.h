#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "absl/time/time.h"
#include "cognate/v1/outcome.pb.h"
#include "cognate/v1/record.pb.h"
#include "cognate/v1/replica.pb.h"
#include "common/ids/uuid.h"

namespace cognate::feedback {

// Names one replica that may be in trouble: an entity on a target's model.
struct TroubleKey {
  Uuid entity_id;
  std::string platform;
  std::string model;

  auto operator<=>(const TroubleKey&) const = default;
  template <typename H>
  friend H AbslHashValue(H state, const TroubleKey& key) {
    return H::combine(std::move(state), key.entity_id, key.platform, key.model);
  }
};

// A row of `troubles`; what the wire shows of it is v1::Trouble.
struct Trouble {
  TroubleKey key;
  v1::ReplicaState state = v1::REPLICA_STATE_UNSPECIFIED;  // RETRY, WAITING, HELD, CONFLICT or DEAD.
  int64_t version = 0;
  v1::RecordKey source;
  std::string target_local_id;
  v1::OutcomeError error;  // Reason, message and field.
  int attempt_count = 0;   // Deliveries of this version that came to nothing.
  v1::Operation operation = v1::OPERATION_UNSPECIFIED;
  std::string acting_identity;     // In whose name; empty where there is none.
  std::optional<absl::Time> held;  // HELD, or DEAD for having been so too long: since then.
  int release_count = 0;           // How often this version was released.

  // When the loop takes it up: to replay it, or else to compare it with the ledger. Unset: nothing comes by
  // itself.
  std::optional<absl::Time> next_attempt;
  bool replay = false;
  int replay_count = 0;  // Replays since its last outcome.

  std::optional<Uuid> waits_for_entity;
  std::string waits_for_model;  // On the target.
  v1::RecordKey waits_for_source;
  bool may_be_incomplete = false;  // Every missing reference is optional.
  bool allow_incomplete = false;   // The next replay may leave them empty.
  bool incomplete = false;         // The target has the record, but for a reference.

  absl::Time created;
  absl::Time updated;

  // It names what it waits for so that the ledger can be asked for it. Not so while no sync brings that to
  // the target.
  // Its message says which.
  bool waits_for_file() const {
    return state == v1::REPLICA_STATE_WAITING && !waits_for_entity &&
           (error.reason() == "FILE_MISSING" || error.reason() == "FILES_UNAVAILABLE");
  }
  bool can_be_awaited() const { return waits_for_entity.has_value() && !waits_for_model.empty(); }
  // It blocks whoever waits for it: it waits itself, and the target does not have it.
  bool blocks() const {
    return state == v1::REPLICA_STATE_WAITING && !replay && target_local_id.empty() &&
           waits_for_entity.has_value();
  }
  TroubleKey awaited() const { return {waits_for_entity.value_or(Uuid()), key.platform, waits_for_model}; }
};

// As the API shows it. `next_attempt_time` only with RETRY.
v1::Trouble ToProto(const Trouble& trouble);

// "public.country 57 on atlas".
std::string Describe(const v1::RecordKey& record);
// The target's record by its own id, or by its source as long as it has none: "public.nations 10042 on shop",
// "public.nations on shop (public.country 57 on atlas)".
std::string DescribeTarget(const std::string& platform, const std::string& model, const std::string& local_id,
                           const v1::RecordKey& source);

}  // namespace cognate::feedback

// What travels on the stream `changes`: batches, and how large they may be.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "cognate/bus/v1/change_batch.pb.h"
#include "services/change_capture/captured_change.h"

namespace cognate::change_capture {

// Bounds of one stream entry. A single change that is larger makes an entry of its own.
inline constexpr int kMaxEntryChanges = 1000;
inline constexpr int64_t kMaxEntryBytes = 1 << 20;

// A run of changes that become one batch.
struct BatchPart {
  int first = 0;
  int count = 0;
};

// Cuts changes of these sizes, in order, into parts that keep to the bounds.
std::vector<BatchPart> SplitIntoParts(absl::Span<const int64_t> sizes);

// What a batch says beside its changes.
struct BatchHeader {
  int64_t batch_id = 0;
  int64_t rules_revision = 0;
  std::string target_platform;
  bool allow_incomplete = false;
  bool is_replay = false;
};

// Builds one ChangeBatch.
class BatchEncoder {
 public:
  explicit BatchEncoder(const BatchHeader& header, int expected_changes);

  // In version order. `fields` is moved into the batch.
  void Add(LoggedState state);
  // A change that was just written.
  void Add(CapturedChange& change, int64_t version, absl::Time capture_time);
  std::string Encode() const;

 private:
  bus::v1::LoggedChange& Add(int64_t version, const LoggedModel& model, absl::string_view local_id,
                             const std::optional<Origin>& origin);
  int ModelIndex(const LoggedModel& model);

  bus::v1::ChangeBatch batch_;
  std::vector<const LoggedModel*> models_;
};

}  // namespace cognate::change_capture

#include "services/change_capture/batch_encoder.h"

#include <algorithm>
#include <utility>

namespace cognate::change_capture {

std::vector<BatchPart> SplitIntoParts(absl::Span<const int64_t> sizes) {
  std::vector<BatchPart> parts;
  int64_t bytes = 0;
  for (size_t i = 0; i < sizes.size(); ++i) {
    if (parts.empty() || parts.back().count == kMaxEntryChanges || bytes + sizes[i] > kMaxEntryBytes) {
      parts.push_back({static_cast<int>(i), 0});
      bytes = 0;
    }
    ++parts.back().count;
    bytes += sizes[i];
  }
  return parts;
}

BatchEncoder::BatchEncoder(const BatchHeader& header, int expected_changes) {
  batch_.set_batch_id(header.batch_id);
  batch_.set_rules_revision(header.rules_revision);
  batch_.set_target_platform(header.target_platform);
  batch_.set_allow_incomplete(header.allow_incomplete);
  batch_.set_is_replay(header.is_replay);
  batch_.mutable_changes()->Reserve(expected_changes);
}

bus::v1::LoggedChange& BatchEncoder::Add(int64_t version, const LoggedModel& model,
                                         absl::string_view local_id, const std::optional<Origin>& origin) {
  bus::v1::LoggedChange& change = *batch_.add_changes();
  change.set_version(version);
  change.set_model_index(ModelIndex(model));
  change.set_local_id(local_id.data(), local_id.size());
  if (origin.has_value()) {
    if (!origin->entity_id.IsNil()) change.set_origin_entity_id(std::string(origin->entity_id.AsBytes()));
    change.set_origin_version(origin->version);
  }
  return change;
}

void BatchEncoder::Add(LoggedState state) {
  bus::v1::LoggedChange& change = Add(state.version, *state.model, state.local_id, state.origin);
  change.set_is_amended(state.is_amended);
  change.set_operation(state.operation);
  change.set_fields(std::move(state.fields));
  change.set_capture_time_us(absl::ToUnixMicros(state.capture_time));
}

void BatchEncoder::Add(CapturedChange& captured, int64_t version, absl::Time capture_time) {
  bus::v1::LoggedChange& change = Add(version, *captured.model, captured.local_id, captured.origin);
  change.set_operation(captured.operation);
  change.set_fields(std::move(captured.fields));
  change.set_capture_time_us(absl::ToUnixMicros(capture_time));
}

std::string BatchEncoder::Encode() const { return batch_.SerializeAsString(); }

int BatchEncoder::ModelIndex(const LoggedModel& model) {
  // Newest first: changes of one model come in runs, and a batch has few models.
  const auto found = std::find(models_.rbegin(), models_.rend(), &model);
  if (found != models_.rend()) return static_cast<int>(models_.rend() - found) - 1;
  models_.push_back(&model);
  bus::v1::ChangedModel& changed = *batch_.add_models();
  changed.set_platform(model.platform);
  changed.set_model(model.model);
  return static_cast<int>(models_.size()) - 1;
}

}  // namespace cognate::change_capture

#include "services/change_capture/capture_batch.h"

#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/clock/time_proto.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"
#include "services/change_capture/check_change.h"
#include "services/change_capture/errors.h"
#include "services/change_capture/fields_wire.h"

namespace cognate::change_capture {
namespace {

// What the changes of one batch have in common, looked up once.
class ModelMemo {
 public:
  ModelMemo(Catalogue& catalogue, ChangeLog& log, absl::string_view platform)
      : catalogue_(catalogue), log_(log), platform_(platform) {}

  struct Found {
    std::shared_ptr<const KnownModel> known;
    const LoggedModel* logged = nullptr;
  };

  absl::StatusOr<Found> Find(int index, const std::string& model) {
    const auto found = found_.find(model);
    if (found != found_.end()) return found->second;
    absl::StatusOr<std::shared_ptr<const KnownModel>> known = catalogue_.Model(platform_, model);
    if (absl::IsUnavailable(known.status())) return known.status();
    if (!known.ok()) return ModelNotFound(absl::StrCat("changes[", index, "].model"), platform_, model);
    Found fresh{*std::move(known)};
    ASSIGN_OR_RETURN(fresh.logged, log_.FindOrAddModel(platform_, model));
    return found_.emplace(model, fresh).first->second;
  }

  // After a field was not found: the catalogue may have been added to. True if it was.
  bool ReadAgain(const std::string& model) {
    absl::StatusOr<std::shared_ptr<const KnownModel>> known =
        catalogue_.Model(platform_, model, /*fresh=*/true);
    Found& found = found_[model];
    if (!known.ok() || *known == found.known) return false;
    found.known = *std::move(known);
    return true;
  }

 private:
  Catalogue& catalogue_;
  ChangeLog& log_;
  const absl::string_view platform_;
  absl::flat_hash_map<std::string, Found> found_;
};

CapturedChange FromMessage(const v1::Change& change, const LoggedModel* model) {
  CapturedChange captured;
  captured.model = model;
  captured.local_id = change.local_id();
  captured.operation = change.operation();
  captured.fields = SerializeFields(change.fields());
  captured.change_id = change.change_id();
  if (change.has_source_time()) captured.source_time = ToTime(change.source_time());
  return captured;
}

// OK, or what is wrong with this change; UNAVAILABLE speaks of the batch.
absl::Status CheckOne(int index, const v1::Change& change, ModelMemo& models, CheckedBatch* batch) {
  RETURN_IF_ERROR(CheckNames(index, change));
  ASSIGN_OR_RETURN(ModelMemo::Found model, models.Find(index, change.model()));
  if (model.known->model.has_expansion())
    return ModelIsExpanded(absl::StrCat("changes[", index, "].model"), change.model(),
                           model.known->model.expansion().model());
  absl::Status status = CheckFields(index, change, *model.known);
  if (!status.ok() && ErrorReason(status) == "FIELD_NOT_FOUND" && models.ReadAgain(change.model())) {
    ASSIGN_OR_RETURN(model, models.Find(index, change.model()));
    status = CheckFields(index, change, *model.known);
  }
  RETURN_IF_ERROR(status);
  batch->changes.push_back(FromMessage(change, model.logged));
  return absl::OkStatus();
}

}  // namespace

absl::Status BatchChecker::CheckPlatform(absl::string_view platform) const {
  if (platform.empty()) return FieldMissing("platform", "the id of a platform");
  absl::StatusOr<std::shared_ptr<const v1::Platform>> known = catalogue_.Platform(platform);
  if (absl::IsUnavailable(known.status())) return known.status();
  if (!known.ok()) return PlatformNotFound(platform);
  const v1::CaptureMode mode = (*known)->capture_mode();
  if (mode != v1::CAPTURE_MODE_AGENT) return PlatformIsNoSource(platform, v1::CaptureMode_Name(mode));
  return absl::OkStatus();
}

absl::StatusOr<CheckedBatch> BatchChecker::Check(absl::string_view platform, const Changes& changes,
                                                 const google::protobuf::Timestamp* sent) const {
  const absl::Time received = clocks_.Now();
  if (changes.empty()) return FieldMissing("changes", absl::StrCat("1 to ", kMaxBatchChanges, " changes"));
  if (changes.size() > kMaxBatchChanges) return BatchTooLarge("changes", changes.size(), kMaxBatchChanges);
  CheckedBatch batch;
  batch.changes.reserve(static_cast<size_t>(changes.size()));
  batch.places.reserve(static_cast<size_t>(changes.size()));
  ModelMemo models(catalogue_, log_, platform);
  for (int i = 0; i < changes.size(); ++i) {
    const v1::Change& change = changes[i];
    const absl::Status status = CheckOne(i, change, models, &batch);
    if (status.ok()) {
      batch.places.push_back(i);
    } else if (absl::IsInvalidArgument(status)) {
      batch.refused.push_back(RefusedResult(i, change.change_id(), status));
    } else {
      return status;  // of the registry or the database, not of this change
    }
  }
  batch.out_of_bounds = clocks_.Correct(platform, sent, received, batch.changes);
  return batch;
}

v1::CaptureResult RefusedResult(int index, absl::string_view change_id, const absl::Status& error) {
  v1::CaptureResult result;
  result.set_index(index);
  result.set_change_id(change_id.data(), change_id.size());
  result.mutable_error()->set_reason(ErrorReason(error));
  result.mutable_error()->set_message(error.message().data(), error.message().size());
  const std::vector<FieldViolation> violations = Violations(error);
  // What the log refuses is the change id, and it knows no paths.
  result.mutable_error()->set_field(violations.empty() ? absl::StrCat("changes[", index, "].change_id")
                                                       : violations.front().field);
  return result;
}

}  // namespace cognate::change_capture

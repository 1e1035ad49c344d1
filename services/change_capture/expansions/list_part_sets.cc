#include "services/change_capture/expansions/list_part_sets.h"

#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/clock/time_proto.h"
#include "common/status/status_macros.h"
#include "common/value/local_id.h"
#include "services/change_capture/errors.h"
#include "services/change_capture/paging.h"

namespace cognate::change_capture {
namespace {

// `12,34,7`: the numbers of the question are part of it, so that a token of another one is none.
std::string TokenOf(const PartSetKey& key) {
  const std::vector<std::string> parts = {absl::StrCat(key.parent_model_id), key.parent_id,
                                          absl::StrCat(key.model_id)};
  return value::EncodeLocalId(parts);
}

absl::StatusOr<PartSetKey> KeyOfToken(const std::string& token) {
  PartSetKey key;
  if (token.empty()) return key;
  const absl::StatusOr<std::vector<std::string>> parts = value::DecodeLocalId(token, 3);
  if (parts.ok() && absl::SimpleAtoi((*parts)[0], &key.parent_model_id) &&
      absl::SimpleAtoi((*parts)[2], &key.model_id)) {
    key.parent_id = (*parts)[1];
    return key;
  }
  return FieldInvalid("page_token", token, "the next_page_token of a page before");
}

absl::Status CheckRecord(const v1::RecordKey& record) {
  if (!record.local_id().empty() && record.model().empty())
    return FieldMissing("parent.model", "the model of the record");
  if (!record.model().empty() && record.platform().empty())
    return FieldMissing("parent.platform", "the platform of the model");
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<v1::ListPartSetsResponse> ListPartSets(ChangeLog& log, PartSetStore& sets,
                                                      const v1::ListPartSetsRequest& request) {
  RETURN_IF_ERROR(CheckRecord(request.parent()));
  ASSIGN_OR_RETURN(const int page_size, PageSizeOf(request.page_size()));
  ASSIGN_OR_RETURN(const PartSetKey after, KeyOfToken(request.page_token()));
  ASSIGN_OR_RETURN(const std::vector<int32_t> models,
                   log.ModelIds(request.parent().platform(), request.parent().model()));
  ASSIGN_OR_RETURN(const std::vector<StoredPartSet> listed,
                   sets.List(models, request.parent().local_id(), request.only_refused(), after, page_size));
  v1::ListPartSetsResponse response;
  for (const StoredPartSet& stored : listed) {
    v1::PartSet& set = *response.add_sets();
    ASSIGN_OR_RETURN(const LoggedModel* const parent, log.ModelById(stored.key.parent_model_id));
    ASSIGN_OR_RETURN(const LoggedModel* const model, log.ModelById(stored.key.model_id));
    set.mutable_parent()->set_platform(parent->platform);
    set.mutable_parent()->set_model(parent->model);
    set.mutable_parent()->set_local_id(stored.key.parent_id);
    set.set_model(model->model);
    set.set_version(stored.parts.version);
    set.set_rules_revision(stored.parts.rules_revision);
    for (const std::string& id : stored.parts.ids) set.add_parts()->set_local_id(id);
    if (stored.parts.error.has_value()) *set.mutable_error() = *stored.parts.error;
    *set.mutable_capture_time() = ToTimestamp(stored.capture_time);
  }
  if (static_cast<int>(listed.size()) == page_size) response.set_next_page_token(TokenOf(listed.back().key));
  return response;
}

}  // namespace cognate::change_capture

#include "services/feedback/trouble.h"

#include "absl/strings/str_cat.h"
#include "common/clock/time_proto.h"

namespace cognate::feedback {

v1::Trouble ToProto(const Trouble& trouble) {
  v1::Trouble proto;
  proto.set_entity_id(trouble.key.entity_id.ToString());
  proto.mutable_target()->set_platform(trouble.key.platform);
  proto.mutable_target()->set_model(trouble.key.model);
  proto.mutable_target()->set_local_id(trouble.target_local_id);
  *proto.mutable_source() = trouble.source;
  proto.set_state(trouble.state);
  proto.set_version(trouble.version);
  *proto.mutable_error() = trouble.error;
  proto.set_attempt_count(trouble.attempt_count);
  if (trouble.state == v1::REPLICA_STATE_RETRY && trouble.next_attempt) {
    *proto.mutable_next_attempt_time() = ToTimestamp(*trouble.next_attempt);
  }
  if (trouble.waits_for_entity) {
    *proto.mutable_waits_for() = trouble.waits_for_source;
    proto.set_waits_for_target_model(trouble.waits_for_model);
  }
  proto.set_acting_identity(trouble.acting_identity);
  proto.set_operation(trouble.operation);
  if (trouble.held) *proto.mutable_hold_time() = ToTimestamp(*trouble.held);
  *proto.mutable_create_time() = ToTimestamp(trouble.created);
  *proto.mutable_update_time() = ToTimestamp(trouble.updated);
  return proto;
}

std::string Describe(const v1::RecordKey& record) {
  return absl::StrCat(record.model(), " ", record.local_id(), " on ", record.platform());
}

std::string DescribeTarget(const std::string& platform, const std::string& model, const std::string& local_id,
                           const v1::RecordKey& source) {
  if (!local_id.empty()) return absl::StrCat(model, " ", local_id, " on ", platform);
  if (source.local_id().empty()) return absl::StrCat(model, " on ", platform);
  return absl::StrCat(model, " on ", platform, " (", Describe(source), ")");
}

}  // namespace cognate::feedback

#include "services/delivery/public_delivery.h"

#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/codec/json.h"
#include "common/codec/late_ids.h"
#include "common/ids/uuid.h"
#include "common/text/excerpt.h"
#include "common/value/fingerprint.h"
#include "common/value/local_id.h"
#include "common/value/parse.h"
#include "common/value/value.h"

namespace cognate::delivery {
namespace {

constexpr size_t kShownBytes = 1'000;
constexpr size_t kMaxNameBytes = 200;
constexpr size_t kMaxMessageBytes = 4'000;

v1::Value PublicValue(const v1::Value& value) {
  if (value.has_reference_value()) {
    const v1::Reference& reference = value.reference_value();
    int64_t number = 0;
    if (reference.local_id().empty()) return value::Null();
    if (reference.is_number() && absl::SimpleAtoi(reference.local_id(), &number)) return value::Int(number);
    return value::Text(reference.local_id());
  }
  v1::Value plain;
  return codec::HoldsReferences(value) && codec::WriteIds(value, &plain).ok() ? plain : value;
}

void AddRules(const bus::v1::DeliveryGroup& group, v1::Delivery* delivery) {
  for (const bus::v1::FieldPlaces& key : group.natural_keys()) {
    v1::NaturalKey& named = *delivery->add_natural_keys();
    for (const int place : key.places()) named.add_fields(group.field_names(place));
  }
  if (!group.natural_keys().empty()) delivery->set_if_exists(group.if_exists());
  for (int i = 0; i < group.on_collision_size(); ++i) {
    if (group.on_collision(i) == v1::COLLISION_ACTION_UNSPECIFIED ||
        group.on_collision(i) == v1::COLLISION_ACTION_ERROR)
      continue;
    v1::FieldCollision& collision = *delivery->add_collisions();
    collision.set_field(group.field_names(i));
    collision.set_action(group.on_collision(i));
  }
  for (int i = 0; i < group.missing_only_size(); ++i) {
    if (group.missing_only(i)) delivery->add_missing_only_fields(group.field_names(i));
  }
}

// What every outcome of a delivery begins with.
v1::Outcome Begun(const Outgoing& outgoing) {
  v1::Outcome outcome;
  outcome.set_entity_id(outgoing.delivery->entity_id());
  outcome.set_model(outgoing.group->model());
  outcome.set_version(outgoing.delivery->version());
  outcome.set_operation(outgoing.delivery->operation());
  outcome.set_local_id(outgoing.delivery->local_id());
  return outcome;
}

v1::Outcome Refused(const Outgoing& outgoing, v1::OutcomeStatus status, absl::string_view reason,
                    absl::string_view message) {
  v1::Outcome outcome = Begun(outgoing);
  outcome.set_status(status);
  outcome.mutable_error()->set_reason(std::string(reason));
  outcome.mutable_error()->set_message(std::string(message));
  return outcome;
}

// A target may keep what it has of some fields, or put others in their place: only it can tell (SetWritten).
bool WritesAll(const bus::v1::DeliveryGroup& group) {
  return group.missing_only().empty() && group.on_collision().empty() && group.natural_keys().empty();
}

void SetApplied(const v1::DeliveryResult& result, v1::Outcome* outcome) {
  if (outcome->operation() != v1::OPERATION_DELETE && !result.local_id().empty())
    outcome->set_local_id(result.local_id());
  if (result.applied_version() <= outcome->version()) return;
  outcome->set_version(result.applied_version());
  outcome->clear_fingerprint();
}

}  // namespace

std::string EntityText(absl::string_view entity_id) {
  const absl::StatusOr<Uuid> uuid = Uuid::FromBytes(entity_id);
  return uuid.ok() ? uuid->ToString() : absl::BytesToHexString(entity_id);
}

v1::Delivery PublicDelivery(const Outgoing& outgoing) {
  const bus::v1::DeliveryGroup& group = *outgoing.group;
  const bus::v1::Delivery& rendered = *outgoing.delivery;
  v1::Delivery delivery;
  delivery.set_entity_id(EntityText(rendered.entity_id()));
  delivery.set_model(group.model());
  delivery.set_version(rendered.version());
  delivery.set_operation(rendered.operation());
  delivery.set_local_id(rendered.local_id());
  *delivery.mutable_key_fields() = group.key_fields();
  *delivery.mutable_syncs() = group.syncs();
  delivery.set_acting_identity(rendered.acting_identity());
  delivery.set_keeps_deletes(group.keeps_deletes());
  delivery.set_incomplete(!outgoing.complete);
  delivery.mutable_source()->set_platform(group.source_platform());
  delivery.mutable_source()->set_model(group.source_model());
  delivery.mutable_source()->set_local_id(rendered.source_local_id());
  if (rendered.capture_time_us() != 0)
    value::SetMicros(rendered.capture_time_us(), delivery.mutable_capture_time());
  for (int i = 0; i < rendered.values_size() && i < group.field_names_size(); ++i) {
    v1::Field& field = *delivery.add_fields();
    field.set_name(group.field_names(i));
    *field.mutable_value() = PublicValue(rendered.values(i));
  }
  AddRules(group, &delivery);
  return delivery;
}

v1::Outcome AppliedOutcome(const Outgoing& outgoing) {
  v1::Outcome outcome = Begun(outgoing);
  outcome.set_status(outgoing.complete ? v1::OUTCOME_STATUS_APPLIED : v1::OUTCOME_STATUS_INCOMPLETE);
  if (outgoing.delivery->operation() == v1::OPERATION_DELETE) {
    outcome.clear_local_id();
    return outcome;
  }
  if (outcome.local_id().empty()) outcome.set_local_id(EntityText(outgoing.delivery->entity_id()));
  if (WritesAll(*outgoing.group)) {
    outcome.set_fingerprint(
        value::Fingerprinter::For(outgoing.group->field_names()).Of(outgoing.delivery->values()));
  }
  return outcome;
}

v1::Outcome OutcomeOf(const v1::Outcome& applied, absl::string_view known_id,
                      const v1::DeliveryResult& result) {
  v1::Outcome outcome = applied;
  if (result.status() == v1::OUTCOME_STATUS_APPLIED) {
    SetApplied(result, &outcome);
    return outcome;
  }
  outcome.set_local_id(std::string(known_id));
  outcome.clear_fingerprint();
  outcome.set_status(result.status());
  *outcome.mutable_error() = result.error();
  if (outcome.error().reason().empty()) outcome.mutable_error()->set_reason("REFUSED_BY_TARGET");
  if (outcome.error().message().empty()) outcome.mutable_error()->set_message("the target did not say why");
  if (!result.current().empty()) {
    v1::Value there;
    *there.mutable_map_value()->mutable_fields() = result.current();
    absl::StrAppend(outcome.mutable_error()->mutable_message(), "; there it is ",
                    text::Excerpt(codec::WriteJson(there), kShownBytes));
  }
  if (IsAnswer(result.status())) return outcome;
  outcome.set_status(v1::OUTCOME_STATUS_FAILED);
  outcome.mutable_error()->set_reason("BAD_ANSWER");
  outcome.mutable_error()->set_message(absl::StrCat(
      "the target answered with the status ", v1::OutcomeStatus_Name(result.status()),
      ", want applied, skipped, rejected, conflict, unauthenticated or failed; correct its software"));
  return outcome;
}

void SetWritten(const v1::Delivery& delivered, const v1::DeliveryResult& result, v1::Outcome* outcome) {
  const bool has_it = result.status() == v1::OUTCOME_STATUS_APPLIED &&
                      outcome->operation() != v1::OPERATION_DELETE &&
                      outcome->version() == delivered.version();
  if (!has_it || !result.has_written()) return;
  absl::flat_hash_map<absl::string_view, const v1::Value*> written;
  for (const v1::Field& field : result.written().fields()) written[field.name()] = &field.value();
  std::vector<absl::string_view> names;
  std::vector<const v1::Value*> values;
  for (const v1::Field& field : delivered.fields()) {
    const auto instead = written.find(field.name());
    names.push_back(field.name());
    values.push_back(instead == written.end() ? &field.value() : instead->second);
  }
  outcome->set_fingerprint(value::Fingerprinter(names).Of(values));
}

void MakeStorable(v1::Outcome* outcome) {
  if (outcome->has_error()) {
    v1::OutcomeError& error = *outcome->mutable_error();
    error.set_reason(text::Excerpt(error.reason(), kMaxNameBytes));
    error.set_field(text::Excerpt(error.field(), kMaxNameBytes));
    error.set_message(text::Excerpt(error.message(), kMaxMessageBytes));
  }
  const std::string& id = outcome->local_id();
  if (id.size() <= value::kMaxLocalIdBytes && value::CharacterCount(id).has_value()) return;
  outcome->clear_local_id();
  outcome->clear_fingerprint();
  outcome->set_status(v1::OUTCOME_STATUS_FAILED);
  outcome->mutable_error()->set_reason("BAD_ANSWER");
  outcome->mutable_error()->set_message(
      absl::StrCat("the target answered with a local id of ", id.size(), " bytes, want at most ",
                   value::kMaxLocalIdBytes, " bytes of UTF-8 without NUL characters; correct its software"));
}

bool IsAnswer(v1::OutcomeStatus status) {
  switch (status) {
    case v1::OUTCOME_STATUS_APPLIED:
    case v1::OUTCOME_STATUS_SKIPPED:
    case v1::OUTCOME_STATUS_REJECTED:
    case v1::OUTCOME_STATUS_CONFLICT:
    case v1::OUTCOME_STATUS_UNAUTHENTICATED:
    case v1::OUTCOME_STATUS_FAILED:
      return true;
    default:
      return false;
  }
}

v1::Outcome FailedOutcome(const Outgoing& outgoing, absl::string_view reason, absl::string_view message) {
  return Refused(outgoing, v1::OUTCOME_STATUS_FAILED, reason, message);
}

v1::Outcome RejectedOutcome(const Outgoing& outgoing, absl::string_view reason, absl::string_view message) {
  return Refused(outgoing, v1::OUTCOME_STATUS_REJECTED, reason, message);
}

}  // namespace cognate::delivery

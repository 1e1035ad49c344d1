#include "services/delivery/webhook_channel/message.h"

#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/codec/json.h"
#include "common/codec/rfc3339.h"
#include "common/ids/uuid.h"
#include "common/text/excerpt.h"
#include "common/value/fingerprint.h"
#include "common/value/value.h"
#include "services/delivery/public_delivery.h"

namespace cognate::delivery {
namespace {

using absl::StrCat;
using v1::Value;

constexpr size_t kExcerpt = 300;
constexpr int64_t kMaxExact = int64_t{1} << 53;  // of a number in JavaScript

// A map under construction.
class Object {
 public:
  Object() { value_.mutable_map_value(); }
  void Add(absl::string_view name, Value value) {
    v1::Field& field = *value_.mutable_map_value()->add_fields();
    field.set_name(std::string(name));
    *field.mutable_value() = std::move(value);
  }
  void AddText(absl::string_view name, absl::string_view text) { Add(name, value::Text(text)); }
  bool empty() const { return value_.map_value().fields().empty(); }
  Value Take() { return std::move(value_); }

 private:
  Value value_;
};

template <typename Names>
Value Texts(const Names& names) {
  Value list;
  list.mutable_list_value();
  for (const auto& name : names) *list.mutable_list_value()->add_values() = value::Text(name);
  return list;
}

// A word of an enum as JSON says it: EXISTS_ACTION_ADOPT is `adopt`.
std::string Word(absl::string_view name, absl::string_view prefix) {
  return absl::AsciiStrToLower(absl::StripPrefix(name, prefix));
}

// The kind, where JSON alone does not tell it.
absl::string_view TypeOf(const Value& value) {
  switch (value.kind_case()) {
    case Value::kDecimalValue:
    case Value::kBytesValue:
    case Value::kTimestampValue:
    case Value::kDateValue:
      return value::KindName(value);
    case Value::kInt64Value:
      return value.int64_value() > kMaxExact || value.int64_value() < -kMaxExact ? "int64" : "";
    default:
      return "";
  }
}

// Numbers that JavaScript would round go as texts.
Value Exact(const Value& value) {
  if (value.has_decimal_value()) return value::Text(value.decimal_value());
  if (value.has_int64_value() && !TypeOf(value).empty()) return value::Text(StrCat(value.int64_value()));
  return value;
}

void AddRules(const v1::Delivery& delivery, Object* object) {
  if (!delivery.natural_keys().empty()) {
    Value keys;
    for (const v1::NaturalKey& key : delivery.natural_keys())
      *keys.mutable_list_value()->add_values() = Texts(key.fields());
    object->Add("natural_keys", std::move(keys));
    object->AddText("if_exists", Word(v1::ExistsAction_Name(delivery.if_exists()), "EXISTS_ACTION_"));
  }
  if (!delivery.collisions().empty()) {
    Object collisions;
    for (const v1::FieldCollision& collision : delivery.collisions())
      collisions.AddText(collision.field(),
                         Word(v1::CollisionAction_Name(collision.action()), "COLLISION_ACTION_"));
    object->Add("on_collision", collisions.Take());
  }
  if (!delivery.missing_only_fields().empty())
    object->Add("missing_only", Texts(delivery.missing_only_fields()));
  if (delivery.keeps_deletes()) object->Add("keeps_deletes", value::Bool(true));
  if (delivery.incomplete()) object->Add("incomplete", value::Bool(true));
}

Value ToJson(const v1::Delivery& delivery) {
  Object object, fields, types, source;
  object.AddText("entity_id", delivery.entity_id());
  object.AddText("model", delivery.model());
  object.Add("version", value::Int(delivery.version()));
  object.AddText("operation", delivery.operation() == v1::OPERATION_DELETE ? "delete" : "update");
  object.Add("local_id", delivery.local_id().empty() ? value::Null() : value::Text(delivery.local_id()));
  object.Add("key_fields", Texts(delivery.key_fields()));
  for (const v1::Field& field : delivery.fields()) {
    fields.Add(field.name(), Exact(field.value()));
    if (const absl::string_view type = TypeOf(field.value()); !type.empty())
      types.AddText(field.name(), type);
  }
  object.Add("fields", fields.Take());
  if (!types.empty()) object.Add("types", types.Take());
  source.AddText("platform", delivery.source().platform());
  source.AddText("model", delivery.source().model());
  source.AddText("local_id", delivery.source().local_id());
  object.Add("source", source.Take());
  object.Add("syncs", Texts(delivery.syncs()));
  if (!delivery.acting_identity().empty()) object.AddText("acting_identity", delivery.acting_identity());
  if (delivery.has_capture_time()) object.AddText("capture_time", codec::Rfc3339(delivery.capture_time()));
  AddRules(delivery, &object);
  return object.Take();
}

std::string Envelope(absl::string_view type, absl::Time now, Value data) {
  Object envelope;
  envelope.AddText("type", type);
  envelope.AddText("timestamp", codec::Rfc3339(value::Timestamp(now).timestamp_value()));
  envelope.Add("data", std::move(data));
  return codec::WriteJson(envelope.Take());
}

const Value* Member(const Value& object, absl::string_view name) {
  for (const v1::Field& field : object.map_value().fields()) {
    if (field.name() == name && !field.value().has_null_value()) return &field.value();
  }
  return nullptr;
}

// A text, or a number as the text that it is.
std::string TextOf(const Value* value) {
  if (value == nullptr) return "";
  if (value->has_text_value()) return value->text_value();
  if (value->has_int64_value()) return StrCat(value->int64_value());
  if (value->has_decimal_value()) return value->decimal_value();
  return "";
}

v1::OutcomeStatus StatusOf(const Value& result) {
  const std::string word = TextOf(Member(result, "status"));
  if (word.empty())
    return Member(result, "error") == nullptr ? v1::OUTCOME_STATUS_APPLIED : v1::OUTCOME_STATUS_FAILED;
  v1::OutcomeStatus status = v1::OUTCOME_STATUS_UNSPECIFIED;
  v1::OutcomeStatus_Parse(StrCat("OUTCOME_STATUS_", absl::AsciiStrToUpper(word)), &status);
  return status;
}

v1::DeliveryResult ReadResult(const Value& result) {
  v1::DeliveryResult read;
  read.set_status(StatusOf(result));
  read.set_local_id(TextOf(Member(result, "local_id")));
  if (const Value* version = Member(result, "version"); version != nullptr && version->has_int64_value())
    read.set_applied_version(version->int64_value());
  if (const Value* error = Member(result, "error"); error != nullptr) {
    v1::OutcomeError& told = *read.mutable_error();
    told.set_reason(TextOf(Member(*error, "reason")));
    told.set_message(error->has_text_value() ? text::Excerpt(error->text_value(), kExcerpt)
                                             : text::Excerpt(TextOf(Member(*error, "message")), kExcerpt));
    told.set_field(TextOf(Member(*error, "field")));
    if (const Value* delay = Member(*error, "retry_after");
        delay != nullptr && delay->has_int64_value() && delay->int64_value() > 0) {
      told.mutable_retry_delay()->set_seconds(std::min<int64_t>(delay->int64_value(), 30 * 24 * 3'600));
    }
  }
  if (const Value* current = Member(result, "current"); current != nullptr)
    *read.mutable_current() = current->map_value().fields();
  if (const Value* written = Member(result, "written"); written != nullptr && written->has_map_value())
    *read.mutable_written()->mutable_fields() = written->map_value().fields();
  return read;
}

std::string IdOf(absl::Span<const Outgoing> deliveries) {
  std::string said;
  for (const Outgoing& outgoing : deliveries) {
    absl::StrAppend(&said, outgoing.delivery->entity_id(), outgoing.group->model(), "/",
                    outgoing.delivery->version(), outgoing.complete ? "," : "-");
  }
  return StrCat("msg_", absl::BytesToHexString(value::Digest(said)));
}

}  // namespace

webhook::Message MakeMessage(absl::string_view platform, absl::Span<const Outgoing> deliveries, bool single,
                             absl::Time now) {
  Object data;
  data.AddText("platform", platform);
  if (single) {
    data.Add("delivery", ToJson(PublicDelivery(deliveries.front())));
  } else {
    Value list;
    for (const Outgoing& outgoing : deliveries)
      *list.mutable_list_value()->add_values() = ToJson(PublicDelivery(outgoing));
    data.Add("deliveries", std::move(list));
  }
  return {IdOf(deliveries), Envelope(single ? "cognate.delivery" : "cognate.deliveries", now, data.Take())};
}

absl::StatusOr<std::vector<v1::Outcome>> ReadAnswer(absl::string_view body,
                                                    absl::Span<const Outgoing> deliveries, bool single) {
  std::vector<v1::Outcome> outcomes;
  const absl::string_view text = absl::StripAsciiWhitespace(body);
  Value answer;
  // Many a site answers whatever it does not know with its front page.
  if (!text.empty() && text.front() == '<') {
    return absl::InvalidArgumentError(
        StrCat("the endpoint answered with a web page, want JSON or nothing; is the URL right? ",
               text::Excerpt(body, kExcerpt)));
  }
  if (!text.empty() && (text.front() == '{' || text.front() == '[')) {
    absl::StatusOr<Value> read = codec::ReadJson(text);
    if (!read.ok()) {
      return absl::InvalidArgumentError(
          StrCat("the endpoint's answer is no JSON, want {\"results\":[…]} or nothing: ",
                 text::Excerpt(body, kExcerpt)));
    }
    answer = *std::move(read);
  }
  absl::flat_hash_map<std::pair<std::string, std::string>, const Value*> results;
  const Value* const list = Member(answer, "results");
  if (list != nullptr && !list->has_list_value())
    return absl::InvalidArgumentError(
        StrCat("the endpoint's answer has no list in \"results\": ", text::Excerpt(body, kExcerpt)));
  if (list != nullptr) {
    for (const Value& result : list->list_value().values())
      results[{TextOf(Member(result, "entity_id")), TextOf(Member(result, "model"))}] = &result;
  }
  for (const Outgoing& outgoing : deliveries) {
    const std::string entity = EntityText(outgoing.delivery->entity_id());
    const Value* result = nullptr;
    if (list == nullptr) {
      result = &answer;
    } else if (const auto exact = results.find({entity, outgoing.group->model()}); exact != results.end()) {
      result = exact->second;
    } else if (const auto by_entity = results.find({entity, ""}); by_entity != results.end()) {
      result = by_entity->second;
    }
    if (result == nullptr) {
      outcomes.push_back(FailedOutcome(
          outgoing, "NOT_ANSWERED", "the endpoint answered, and said nothing of this record in \"results\""));
    } else if (list == nullptr && !single) {
      outcomes.push_back(AppliedOutcome(outgoing));
    } else {
      const v1::DeliveryResult read = ReadResult(*result);
      outcomes.push_back(OutcomeOf(AppliedOutcome(outgoing), outgoing.delivery->local_id(), read));
      if (read.has_written()) SetWritten(PublicDelivery(outgoing), read, &outcomes.back());
    }
  }
  return outcomes;
}

}  // namespace cognate::delivery

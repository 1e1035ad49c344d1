#include "services/feedback/hooks/hook_message.h"

#include <google/protobuf/util/json_util.h>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "common/clock/time_proto.h"
#include "common/codec/rfc3339.h"
#include "common/status/status_macros.h"
#include "common/value/fingerprint.h"
#include "common/webhook/endpoint.h"

namespace cognate::feedback {
namespace {

std::string Json(const v1::Event& event) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  std::string json;
  return google::protobuf::util::MessageToJsonString(event, &json, options).ok() ? json : "{}";
}

}  // namespace

HookMessage MakeHookMessage(const std::string& hook, const std::vector<v1::Event>& events, WatchPosition next,
                            absl::Time now) {
  HookMessage message;
  message.next = next;
  message.body = absl::StrCat("{\"type\":\"events\",\"timestamp\":\"", codec::Rfc3339(ToTimestamp(now)),
                              "\",\"data\":{\"hook\":\"eventHooks/", hook, "\",\"events\":[");
  std::string ids = hook;
  for (const v1::Event& event : events) {
    if (ids.size() > hook.size()) message.body += ',';
    message.body += Json(event);
    absl::StrAppend(&ids, "\n", event.event_id());
  }
  message.body += "]}}";
  message.id = absl::StrCat("ev_", absl::BytesToHexString(value::Digest(ids)));
  return message;
}

absl::StatusOr<webhook::Request> MakeHookRequest(const v1::Webhook& endpoint, const HookMessage& message,
                                                 absl::Time now) {
  ASSIGN_OR_RETURN(const webhook::Signer signer, webhook::ReadSigner(endpoint));
  return webhook::MakeRequest(endpoint, signer, {message.id, message.body}, now);
}

}  // namespace cognate::feedback

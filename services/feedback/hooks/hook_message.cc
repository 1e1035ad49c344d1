#include "services/feedback/hooks/hook_message.h"

#include <google/protobuf/util/json_util.h>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "common/clock/time_proto.h"
#include "common/codec/rfc3339.h"
#include "common/secret/secret.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"
#include "common/value/fingerprint.h"
#include "common/webhook/signer.h"

namespace cognate::feedback {
namespace {

constexpr absl::Duration kDefaultTimeout = absl::Seconds(15);

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
  std::vector<std::string> secrets;
  for (const v1::SecretReference& reference : endpoint.secrets()) {
    ASSIGN_OR_RETURN(secrets.emplace_back(), secret::Read(reference));
  }
  const absl::StatusOr<webhook::Signer> signer = webhook::Signer::Create(secrets);
  if (!signer.ok())
    return Error(absl::StatusCode::kFailedPrecondition, "UNFIT_SECRET", signer.status().message()).ToStatus();
  const int64_t timestamp = absl::ToUnixSeconds(now);
  webhook::Request request;
  request.url = endpoint.url();
  request.timeout = endpoint.has_timeout() ? ToDuration(endpoint.timeout()) : kDefaultTimeout;
  request.headers = {{"content-type", "application/json"},
                     {"webhook-id", message.id},
                     {"webhook-timestamp", absl::StrCat(timestamp)},
                     {"webhook-signature", signer->Sign(message.id, timestamp, message.body)}};
  request.body = message.body;
  return request;
}

}  // namespace cognate::feedback

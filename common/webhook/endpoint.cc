#include "common/webhook/endpoint.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/clock/time_proto.h"
#include "common/codec/json.h"
#include "common/codec/rfc3339.h"
#include "common/ids/uuid.h"
#include "common/secret/secret.h"
#include "common/status/status_macros.h"
#include "common/text/excerpt.h"
#include "common/trace/current.h"
#include "common/value/value.h"

namespace cognate::webhook {
namespace {

using absl::StrCat;

constexpr int kMaxSecrets = 4;
constexpr size_t kMaxUrl = 2'000;
constexpr absl::Duration kMinTimeout = absl::Seconds(1);
constexpr absl::Duration kMaxTimeout = absl::Seconds(60);
constexpr size_t kShownBytes = 300;
constexpr absl::Duration kDefaultTimeout = absl::Seconds(15);

// In words after "got "; empty if it is fit.
std::string UrlFault(absl::string_view url, bool allows_private) {
  if (url.empty()) return "nothing, want https://…";
  if (url.size() > kMaxUrl) return StrCat(url.size(), " bytes, want at most ", kMaxUrl);
  if (std::any_of(url.begin(), url.end(), [](char c) { return c <= ' ' || c == 0x7f; }))
    return "an address with blanks, control or other characters beyond ASCII, want them percent-encoded";
  absl::string_view rest = url;
  const bool is_plain = absl::ConsumePrefix(&rest, "http://");
  if (!is_plain && !absl::ConsumePrefix(&rest, "https://")) return "no https:// at the beginning";
  if (is_plain && !allows_private) {
    return "http://, want https://: what is sent must not be readable on the way; http:// goes only with "
           "allow_private_addresses";
  }
  const absl::string_view authority = rest.substr(0, rest.find_first_of("/?#"));
  if (authority.empty()) return "no host";
  if (absl::StrContains(authority, '@')) {
    return "a user name or password in it; the signature is what the endpoint knows its caller by";
  }
  if (absl::StrContains(rest, '#')) return "a fragment (#…), which is never sent";
  return "";
}

void Add(v1::Value& object, const char* name, v1::Value value) {
  v1::Field& field = *object.mutable_map_value()->add_fields();
  field.set_name(name);
  *field.mutable_value() = std::move(value);
}

}  // namespace

void CheckEndpoint(const v1::Webhook& endpoint, absl::string_view path,
                   std::vector<FieldViolation>* violations) {
  const auto add = [&](absl::string_view field, absl::string_view got) {
    violations->push_back({StrCat(path, ".", field), StrCat("got ", got)});
  };
  if (const std::string fault = UrlFault(endpoint.url(), endpoint.allow_private_addresses()); !fault.empty())
    add("url", fault);
  if (endpoint.secrets().empty() || endpoint.secrets_size() > kMaxSecrets) {
    add("secrets", StrCat(endpoint.secrets_size(), ", want 1 to ", kMaxSecrets,
                          ": without a signature the endpoint cannot tell who calls"));
  }
  for (int i = 0; i < endpoint.secrets_size(); ++i) {
    if (const std::string fault = secret::ReferenceFault(endpoint.secrets(i)); !fault.empty())
      add(StrCat("secrets[", i, "]"), fault);
  }
  const absl::Duration timeout = ToDuration(endpoint.timeout());
  if (endpoint.has_timeout() && (timeout < kMinTimeout || timeout > kMaxTimeout))
    add("timeout", StrCat(absl::FormatDuration(timeout), ", want 1 s to 60 s"));
}

absl::StatusOr<Signer> ReadSigner(const v1::Webhook& endpoint) {
  std::vector<std::string> secrets;
  for (const v1::SecretReference& reference : endpoint.secrets()) {
    ASSIGN_OR_RETURN(secrets.emplace_back(), secret::Read(reference));
  }
  absl::StatusOr<Signer> signer = Signer::Create(secrets);
  if (!signer.ok())
    return Error(absl::StatusCode::kFailedPrecondition, "UNFIT_SECRET", signer.status().message()).ToStatus();
  return signer;
}

Message MakePing(absl::string_view platform, absl::Time now) {
  v1::Value data, envelope;
  Add(data, "platform", value::Text(platform));
  Add(envelope, "type", value::Text("cognate.ping"));
  Add(envelope, "timestamp", value::Text(codec::Rfc3339(ToTimestamp(now))));
  Add(envelope, "data", std::move(data));
  return {StrCat("msg_", RandomHex(16)), codec::WriteJson(envelope)};
}

Request MakeRequest(const v1::Webhook& endpoint, const Signer& signer, Message message, absl::Time now) {
  const int64_t timestamp = absl::ToUnixSeconds(now);
  Request request;
  request.url = endpoint.url();
  request.timeout = endpoint.has_timeout() ? ToDuration(endpoint.timeout()) : kDefaultTimeout;
  request.headers = {{"content-type", "application/json"},
                     {"webhook-id", message.id},
                     {"webhook-timestamp", StrCat(timestamp)},
                     {"webhook-signature", signer.Sign(message.id, timestamp, message.body)}};
  // Not signed: it says nothing that an endpoint would act on.
  if (trace::Now().span.valid())
    request.headers.emplace_back(trace::kTraceparent, trace::FormatTraceparent(trace::Now().span));
  request.body = std::move(message.body);
  return request;
}

std::string Said(const Answer& answer) {
  return StrCat("the endpoint answered ", answer.status,
                answer.body.empty() ? "" : StrCat(": ", text::Excerpt(answer.body, kShownBytes)));
}

}  // namespace cognate::webhook

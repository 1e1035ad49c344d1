#include "services/feedback/hooks/hook_check.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/clock/time_proto.h"
#include "common/status/status_macros.h"
#include "services/feedback/errors.h"
#include "services/feedback/events/digest.h"
#include "services/feedback/events/event_filter.h"

namespace cognate::feedback {
namespace {

using absl::StrCat;

constexpr size_t kMaxId = 63;
constexpr size_t kMaxUrl = 2'000;
constexpr int kMaxSecrets = 4;
constexpr int kMaxEvents = 1'000;

// In words after "got "; empty if it is fit. Does not repeat the URL, which may hold a password.
std::string UrlFault(absl::string_view url, bool allows_private) {
  if (url.empty()) return "nothing, want https://…";
  if (url.size() > kMaxUrl) return StrCat(url.size(), " bytes, want at most ", kMaxUrl);
  if (std::any_of(url.begin(), url.end(), [](char c) { return c <= ' ' || c == 0x7f; }))
    return "an address with blanks, control or other characters, want them percent-encoded";
  absl::string_view rest = url;
  const bool is_plain = absl::ConsumePrefix(&rest, "http://");
  if (!is_plain && !absl::ConsumePrefix(&rest, "https://")) return "no https:// at the beginning";
  if (is_plain && !allows_private)
    return "http://, want https://; http:// goes only with allow_private_addresses";
  const absl::string_view authority = rest.substr(0, rest.find_first_of("/?#"));
  if (authority.empty()) return "no host";
  if (absl::StrContains(authority, '@')) return "a user name or password in it";
  return absl::StrContains(rest, '#') ? "a fragment (#…), which is never sent" : "";
}

absl::Status CheckSecrets(const v1::Webhook& endpoint) {
  if (endpoint.secrets().empty() || endpoint.secrets_size() > kMaxSecrets) {
    return InvalidField("event_hook.endpoint.secrets",
                        StrCat("got ", endpoint.secrets_size(), ", want 1 to ", kMaxSecrets));
  }
  for (int i = 0; i < endpoint.secrets_size(); ++i) {
    const v1::SecretReference& secret = endpoint.secrets(i);
    if (!secret.file().empty() || !secret.environment().empty()) continue;
    return InvalidField(
        StrCat("event_hook.endpoint.secrets[", i, "]"),
        "want the path of a file or the name of an environment variable that holds the secret; "
        "the secret itself is not taken here");
  }
  return absl::OkStatus();
}

absl::Status CheckEndpoint(const v1::Webhook& endpoint) {
  const std::string fault = UrlFault(endpoint.url(), endpoint.allow_private_addresses());
  if (!fault.empty()) return InvalidField("event_hook.endpoint.url", StrCat("got ", fault));
  RETURN_IF_ERROR(CheckSecrets(endpoint));
  if (endpoint.max_deliveries() < 0 || endpoint.max_deliveries() > kMaxEvents) {
    return InvalidField("event_hook.endpoint.max_deliveries",
                        StrCat("got ", endpoint.max_deliveries(), ", want 1 to ", kMaxEvents));
  }
  if (endpoint.max_requests() < 0 || endpoint.max_requests() > 1) {
    return InvalidField("event_hook.endpoint.max_requests",
                        StrCat("got ", endpoint.max_requests(), ", want 1: events are sent in order"));
  }
  const absl::Duration timeout = ToDuration(endpoint.timeout());
  if (endpoint.has_timeout() && (timeout < absl::Seconds(1) || timeout > absl::Seconds(60))) {
    return InvalidField("event_hook.endpoint.timeout",
                        StrCat("got ", absl::FormatDuration(timeout), ", want 1 s to 60 s"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::string> HookIdOf(absl::string_view name, absl::string_view field) {
  absl::string_view id = name;
  const bool is_hook = absl::ConsumePrefix(&id, "eventHooks/");
  const bool is_fit = is_hook && !id.empty() && id.size() <= kMaxId && absl::ascii_islower(id[0]) &&
                      std::all_of(id.begin(), id.end(), [](char c) {
                        return absl::ascii_islower(c) || absl::ascii_isdigit(c) || c == '-';
                      });
  if (is_fit) return std::string(id);
  return InvalidField(field,
                      StrCat("got \"", name.substr(0, 100),
                             "\", want eventHooks/{id} with 1 to 63 of a-z, 0-9 and -, a letter first"));
}

absl::Status CheckHook(const v1::EventHook& hook) {
  RETURN_IF_ERROR(CheckEndpoint(hook.endpoint()));
  RETURN_IF_ERROR(CheckFilter(hook.filter(), "event_hook.filter"));
  return hook.has_digest() ? CheckDigest(hook.digest(), "event_hook.digest") : absl::OkStatus();
}

}  // namespace cognate::feedback

#include "services/feedback/hooks/hook_check.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"
#include "common/webhook/endpoint.h"
#include "services/feedback/errors.h"
#include "services/feedback/events/digest.h"
#include "services/feedback/events/event_filter.h"

namespace cognate::feedback {
namespace {

using absl::StrCat;

constexpr size_t kMaxId = 63;
constexpr int kMaxEvents = 1'000;

// Nothing here could seal a secret.
void CheckSecrets(const v1::Webhook& endpoint, std::vector<FieldViolation>* violations) {
  for (int i = 0; i < endpoint.secrets_size(); ++i) {
    const v1::SecretReference& secret = endpoint.secrets(i);
    if (!secret.file().empty() || !secret.environment().empty()) continue;
    violations->push_back(
        {StrCat("event_hook.endpoint.secrets[", i, "]"),
         "want the path of a file or the name of an environment variable that holds the secret; "
         "the secret itself is not taken here"});
  }
}

absl::Status CheckEndpoint(const v1::Webhook& endpoint) {
  std::vector<FieldViolation> violations;
  CheckSecrets(endpoint, &violations);
  webhook::CheckEndpoint(endpoint, "event_hook.endpoint", &violations);
  if (!violations.empty()) return InvalidField(violations[0].field, violations[0].description);
  if (endpoint.max_deliveries() < 0 || endpoint.max_deliveries() > kMaxEvents) {
    return InvalidField("event_hook.endpoint.max_deliveries",
                        StrCat("got ", endpoint.max_deliveries(), ", want 1 to ", kMaxEvents));
  }
  if (endpoint.max_requests() < 0 || endpoint.max_requests() > 1) {
    return InvalidField("event_hook.endpoint.max_requests",
                        StrCat("got ", endpoint.max_requests(), ", want 1: events are sent in order"));
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

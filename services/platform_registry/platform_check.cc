#include "services/platform_registry/platform_check.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/secret/secret.h"
#include "common/status/error.h"
#include "services/platform_registry/delivery_check.h"
#include "services/platform_registry/errors.h"
#include "services/platform_registry/file_check.h"
#include "services/platform_registry/names.h"

namespace cognate::platform_registry {
namespace {

using absl::StrCat;

constexpr int kMaxDisplayName = 120;

int CountCharacters(absl::string_view utf8) {
  int count = 0;
  for (const char c : utf8) count += (static_cast<unsigned char>(c) & 0xC0) != 0x80 ? 1 : 0;
  return count;
}

void CheckDatabase(const v1::Platform& platform, std::vector<FieldViolation>* violations) {
  const bool is_postgres = platform.kind() == v1::PLATFORM_KIND_POSTGRES;
  if (!is_postgres) {
    if (platform.has_database()) {
      violations->push_back(
          {"platform.database", "got one, want none: agents have no database that Cognate reaches"});
    }
    return;
  }
  if (!platform.has_database()) {
    violations->push_back({"platform.database", "got none, want the connection of the PostgreSQL database"});
    return;
  }
  const v1::DatabaseConnection& database = platform.database();
  if (const std::string fault = secret::UriFault(database.uri()); !fault.empty()) {
    violations->push_back({"platform.database.uri", StrCat("got ", fault)});
  }
  if (!database.has_password()) return;
  if (const std::string fault = secret::ReferenceFault(database.password()); !fault.empty())
    violations->push_back({"platform.database.password", StrCat("got ", fault)});
}

// Channel and capture mode that the kind does not have.
void CheckWays(const v1::Platform& platform, std::vector<FieldViolation>* violations) {
  const bool is_agent = platform.kind() == v1::PLATFORM_KIND_AGENT;
  if (!v1::Channel_IsValid(platform.channel()) || (is_agent && platform.channel() == v1::CHANNEL_SQL)) {
    violations->push_back(
        {"platform.channel",
         StrCat(
             "got ", v1::Channel_Name(platform.channel()),
             is_agent
                 ? ", want CHANNEL_WEBHOOK, CHANNEL_AGENT or CHANNEL_NONE for a platform without a database"
                 : ", want CHANNEL_SQL, CHANNEL_WEBHOOK, CHANNEL_AGENT or CHANNEL_NONE")});
  }
  if (!v1::CaptureMode_IsValid(platform.capture_mode()) ||
      (is_agent && platform.capture_mode() == v1::CAPTURE_MODE_REPLICATION)) {
    violations->push_back({"platform.capture_mode",
                           StrCat("got ", v1::CaptureMode_Name(platform.capture_mode()),
                                  is_agent ? ", want CAPTURE_MODE_AGENT or CAPTURE_MODE_NONE for an agent"
                                           : ", want one of CaptureMode")});
  }
}

}  // namespace

void FillDefaults(v1::Platform* platform) {
  const bool is_postgres = platform->kind() == v1::PLATFORM_KIND_POSTGRES;
  if (platform->display_name().empty()) {
    platform->set_display_name(std::string(absl::StripPrefix(platform->name(), "platforms/")));
  }
  if (platform->channel() == v1::CHANNEL_UNSPECIFIED) {
    platform->set_channel(platform->has_webhook() ? v1::CHANNEL_WEBHOOK
                          : is_postgres           ? v1::CHANNEL_SQL
                                                  : v1::CHANNEL_NONE);
  }
  if (platform->capture_mode() == v1::CAPTURE_MODE_UNSPECIFIED) {
    platform->set_capture_mode(is_postgres ? v1::CAPTURE_MODE_NONE : v1::CAPTURE_MODE_AGENT);
  }
}

absl::Status CheckPlatform(const v1::Platform& platform) {
  std::vector<FieldViolation> violations;
  const auto id = ParsePlatformName(platform.name(), "platform.name");
  if (!id.ok()) violations = Violations(id.status());
  if (CountCharacters(platform.display_name()) > kMaxDisplayName) {
    violations.push_back({"platform.display_name", StrCat("got ", CountCharacters(platform.display_name()),
                                                          " characters, want at most ", kMaxDisplayName)});
  }
  if (platform.kind() != v1::PLATFORM_KIND_POSTGRES && platform.kind() != v1::PLATFORM_KIND_AGENT) {
    violations.push_back({"platform.kind", "got none, want PLATFORM_KIND_POSTGRES or PLATFORM_KIND_AGENT"});
  } else {
    CheckWays(platform, &violations);
    CheckDatabase(platform, &violations);
    CheckWebhook(platform, &violations);
  }
  CheckDeliveryPolicy(platform.delivery(), &violations);
  CheckFilePlace(platform, &violations);
  return violations.empty() ? absl::OkStatus() : InvalidFields(violations).ToStatus();
}

}  // namespace cognate::platform_registry

#include "cli/platform_delivery.h"

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "cli/output.h"
#include "cli/secret_file.h"
#include "cli/sync_options.h"
#include "common/clock/time_proto.h"
#include "common/status/status_macros.h"

namespace cognate::cli {
namespace {

constexpr const char* kDays[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

constexpr char kDuration[] = "a duration such as 30s, 5m or 1h30m";

// `sat,sun 02:00 3h Europe/Berlin`; days and zone may be left out.
absl::Status ReadWindow(const std::string& text, v1::MaintenanceWindow* window) {
  constexpr char kWant[] =
      "days, start, duration and zone, such as \"sat,sun 02:00 3h Europe/Berlin\" or \"02:00 30m\"";
  std::vector<std::string> words = absl::StrSplit(text, ' ', absl::SkipEmpty());
  size_t next = 0;
  if (!words.empty() && !absl::ascii_isdigit(static_cast<unsigned char>(words[0][0]))) {
    for (const std::string& word : std::vector<std::string>(absl::StrSplit(words[0], ','))) {
      const auto* const day = std::find(std::begin(kDays), std::end(kDays), absl::AsciiStrToLower(word));
      if (day == std::end(kDays)) return WrongOption("--maintenance", text, kWant);
      window->add_weekdays(static_cast<int>(day - std::begin(kDays)) + 1);
    }
    next = 1;
  }
  if (words.size() < next + 2 || words.size() > next + 3) return WrongOption("--maintenance", text, kWant);
  window->set_start(words[next]);
  RETURN_IF_ERROR(SetDuration("--maintenance", words[next + 1], kDuration, window->mutable_duration()));
  if (words.size() == next + 3) window->set_time_zone(words[next + 2]);
  return absl::OkStatus();
}

std::string Shown(const google::protobuf::Duration& duration) {
  return absl::FormatDuration(ToDuration(duration));
}

std::string Shown(const v1::MaintenanceWindow& window) {
  std::vector<std::string> days;
  for (const int day : window.weekdays()) {
    if (day >= 1 && day <= 7) days.emplace_back(kDays[day - 1]);
  }
  return absl::StrCat(days.empty() ? "every day" : absl::StrJoin(days, ","), " from ", window.start(),
                      " for ", Shown(window.duration()), " (",
                      window.time_zone().empty() ? "UTC" : window.time_zone(), ")");
}

// A sentence; nothing where all is as it is by default.
std::string ShownHold(const v1::HoldPolicy& hold) {
  if (hold.is_off()) return "What is refused for its login is not held, but tried again.\n";
  std::string terms;
  if (hold.is_manual()) absl::StrAppend(&terms, ", released by retry-held alone");
  if (hold.has_lifetime()) absl::StrAppend(&terms, ", for ", Shown(hold.lifetime()), " at most");
  if (hold.max_releases() > 0) {
    absl::StrAppend(&terms, ", released ", hold.max_releases(), hold.max_releases() == 1 ? " time" : " times",
                    " at most");
  }
  return terms.empty() ? "" : absl::StrCat("What is refused for its login is held", terms, ".\n");
}

}  // namespace

void PlatformDelivery::Add(CLI::App* command) {
  auto* const url =
      command->add_option("--webhook", webhook, "Deliveries go to this https:// endpoint (docs/webhooks.md)");
  command
      ->add_flag("--pull", pull,
                 "Its agent fetches deliveries: DeliveryService.Pull or Subscribe (docs/agents.md)")
      ->excludes(url);
  command
      ->add_option("--webhook-secret-file", secret_files,
                   "Where the services read the secret (whsec_… or whsk_…); may come up to four times")
      ->take_all();
  command
      ->add_option("--webhook-secret-env", secret_environments,
                   "The services' environment variable that holds the secret; may come up to four times")
      ->take_all();
  command
      ->add_option(
          "--sealed-secret-file", sealed_secret_files,
          "A file here with the secret itself, which the services keep sealed (docs/keys.md); may come up "
          "to four times")
      ->take_all();
  command->add_option("--webhook-records", max_deliveries, "Records in one request, 1 to 1000; default 100");
  command->add_option("--webhook-requests", max_requests, "Requests at a time, 1 to 16; default 1");
  command->add_option("--webhook-timeout", timeout, "How long one request may take: 15s");
  private_option_ =
      command->add_flag("--allow-private-addresses,!--no-private-addresses", allow_private_addresses,
                        "The endpoint may be inside: loopback, 10.0.0.0/8, and so on");
  command->add_option("--max-rate", max_rate, "Records a second that it gets at most; 0 for no limit");
  command->add_option(
      "--retry", retry,
      "How long at most is waited before each further attempt: 5s,5m,30m,2h; '' for the default");
  command
      ->add_option(
          "--hold", hold,
          "What is refused for its login: automatic (held until the login works), manual (held until "
          "retry-held), off (tried again as what failed)")
      ->check(CLI::IsMember({"off", "manual", "automatic"}));
  command->add_option("--hold-lifetime", hold_lifetime,
                      "How long it is held before it is DEAD: 12h; '' for the default");
  command->add_option("--hold-max-releases", hold_max_releases,
                      "How often it is released before it is DEAD; 0 for without end");
  command
      ->add_option(
          "--maintenance", maintenance,
          "When nothing is delivered: \"sat,sun 02:00 3h Europe/Berlin\"; may come often; '' for never")
      ->take_all();
}

bool PlatformDelivery::changes_webhook() const {
  return webhook || timeout || max_deliveries || max_requests || !secret_files.empty() ||
         !secret_environments.empty() || !sealed_secret_files.empty() ||
         (private_option_ != nullptr && private_option_->count() > 0);
}

absl::Status PlatformDelivery::SetWebhook(v1::Webhook* endpoint) const {
  if (webhook) endpoint->set_url(*webhook);
  if (max_deliveries) endpoint->set_max_deliveries(*max_deliveries);
  if (max_requests) endpoint->set_max_requests(*max_requests);
  if (timeout)
    RETURN_IF_ERROR(SetDuration("--webhook-timeout", *timeout, kDuration, endpoint->mutable_timeout()));
  if (private_option_ != nullptr && private_option_->count() > 0)
    endpoint->set_allow_private_addresses(allow_private_addresses);
  if (!secret_files.empty() || !secret_environments.empty() || !sealed_secret_files.empty())
    endpoint->clear_secrets();
  for (const std::string& file : secret_files) endpoint->add_secrets()->set_file(file);
  for (const std::string& name : secret_environments) endpoint->add_secrets()->set_environment(name);
  for (const std::string& file : sealed_secret_files) {
    ASSIGN_OR_RETURN(*endpoint->add_secrets()->mutable_value(), ReadSecretFile("--sealed-secret-file", file));
  }
  return absl::OkStatus();
}

absl::Status PlatformDelivery::SetHold(v1::HoldPolicy* policy) const {
  if (hold) {
    policy->set_is_off(*hold == "off");
    policy->set_is_manual(*hold == "manual");
  }
  if (hold_lifetime && hold_lifetime->empty()) {
    policy->clear_lifetime();
  } else if (hold_lifetime) {
    RETURN_IF_ERROR(SetDuration("--hold-lifetime", *hold_lifetime, kDuration, policy->mutable_lifetime()));
  }
  if (hold_max_releases) policy->set_max_releases(*hold_max_releases);
  return absl::OkStatus();
}

absl::Status PlatformDelivery::SetPolicy(v1::DeliveryPolicy* policy) const {
  if (max_rate) policy->set_max_rate(*max_rate);
  if (retry) {
    policy->clear_retry();
    for (const absl::string_view delay : absl::StrSplit(*retry, ',', absl::SkipEmpty()))
      RETURN_IF_ERROR(
          SetDuration("--retry", std::string(delay), kDuration, policy->mutable_retry()->add_delays()));
  }
  if (changes_hold()) RETURN_IF_ERROR(SetHold(policy->mutable_hold()));
  if (!maintenance.empty()) policy->clear_maintenance_windows();
  for (const std::string& text : maintenance) {
    if (!text.empty()) RETURN_IF_ERROR(ReadWindow(text, policy->add_maintenance_windows()));
  }
  return absl::OkStatus();
}

absl::Status PlatformDelivery::Set(v1::Platform* platform, std::vector<std::string>* paths) const {
  if (changes_webhook()) {
    RETURN_IF_ERROR(SetWebhook(platform->mutable_webhook()));
    platform->set_channel(v1::CHANNEL_WEBHOOK);
    paths->insert(paths->end(), {"webhook", "channel"});
  }
  if (pull) {
    platform->clear_webhook();
    platform->set_channel(v1::CHANNEL_AGENT);
    paths->insert(paths->end(), {"webhook", "channel"});
  }
  if (max_rate || retry || changes_hold() || !maintenance.empty()) {
    RETURN_IF_ERROR(SetPolicy(platform->mutable_delivery()));
    paths->emplace_back("delivery");
  }
  return absl::OkStatus();
}

void PrintPlatformDelivery(std::ostream& out, const v1::Platform& platform) {
  if (platform.has_webhook()) {
    const v1::Webhook& webhook = platform.webhook();
    out << "Deliveries go to " << webhook.url() << ", signed with " << webhook.secrets_size()
        << (webhook.secrets_size() == 1 ? " secret" : " secrets")
        << (webhook.allow_private_addresses() ? "; private addresses are allowed" : "") << ".\n";
  }
  if (platform.channel() == v1::CHANNEL_AGENT) out << "Its agent fetches deliveries.\n";
  const v1::DeliveryPolicy& policy = platform.delivery();
  if (policy.max_rate() > 0) out << "At most " << policy.max_rate() << " records a second.\n";
  if (policy.has_retry()) {
    std::vector<std::string> delays;
    for (const auto& delay : policy.retry().delays()) delays.push_back(Shown(delay));
    out << "What failed is tried again within " << absl::StrJoin(delays, ", ") << ".\n";
  }
  if (policy.has_hold()) out << ShownHold(policy.hold());
  for (const v1::MaintenanceWindow& window : policy.maintenance_windows())
    out << "Nothing is delivered " << Shown(window) << ".\n";
  if (platform.has_lock()) {
    out << "Locked since " << FormatTime(platform.lock().lock_time());
    if (platform.lock().has_expire_time()) out << " until " << FormatTime(platform.lock().expire_time());
    out << ": " << platform.lock().reason() << "\n";
  }
}

}  // namespace cognate::cli

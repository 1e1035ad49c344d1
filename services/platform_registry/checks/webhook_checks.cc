#include "services/platform_registry/checks/webhook_checks.h"

#include <memory>
#include <optional>
#include <utility>

#include <curl/curl.h>

#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "common/status/error.h"
#include "common/sync/mutex.h"
#include "common/text/excerpt.h"
#include "common/webhook/address_guard.h"
#include "common/webhook/endpoint.h"
#include "services/platform_registry/checks/addresses.h"
#include "services/platform_registry/checks/tls.h"

namespace cognate::platform_registry {
namespace {

using absl::StrCat;

constexpr absl::Duration kSoon = absl::Hours(24 * 14);
// Receivers of Standard Webhooks refuse signatures that are older.
constexpr absl::Duration kSignatureLife = absl::Minutes(5);
constexpr size_t kExcerpt = 200;

struct Url {
  std::string scheme, host;
  uint16_t port = 0;
};

std::string PartOf(CURLU* url, CURLUPart part, unsigned flags) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, flags) != CURLUE_OK) return "";
  std::string copied = text;
  curl_free(text);
  return copied;
}

Url Parse(const std::string& text) {
  const std::unique_ptr<CURLU, decltype(&curl_url_cleanup)> url(curl_url(), curl_url_cleanup);
  Url parsed;
  if (curl_url_set(url.get(), CURLUPART_URL, text.c_str(), 0) != CURLUE_OK) return parsed;
  parsed.scheme = PartOf(url.get(), CURLUPART_SCHEME, 0);
  const std::string host = PartOf(url.get(), CURLUPART_HOST, 0);
  parsed.host = std::string(absl::StripSuffix(absl::StripPrefix(host, "["), "]"));
  int port = 0;
  if (absl::SimpleAtoi(PartOf(url.get(), CURLUPART_PORT, CURLU_DEFAULT_PORT), &port))
    parsed.port = static_cast<uint16_t>(port);
  return parsed;
}

// The authorities that deliveries trust.
std::string Roots() {
  const curl_version_info_data* const info = curl_version_info(CURLVERSION_NOW);
  return info->age >= CURLVERSION_SEVENTH && info->cainfo != nullptr ? info->cainfo
                                                                     : "/etc/ssl/certs/ca-certificates.crt";
}

std::string SaidToPing(const webhook::Answer& answer) {
  const std::string excerpt = text::Excerpt(answer.body, kExcerpt);
  return StrCat("it answered ", answer.status, " to a ping", excerpt.empty() ? "" : ": ", excerpt);
}

absl::StatusOr<webhook::Answer> SendAndWait(webhook::Request request, bool allow_private) {
  Mutex mutex;
  CondVar answered;
  std::optional<absl::StatusOr<webhook::Answer>> answer;
  webhook::Sender sender({allow_private, 1 << 16, request.timeout});
  sender.Send(std::move(request), [&](absl::StatusOr<webhook::Answer> got) {
    MutexLock lock(&mutex);
    answer = std::move(got);
    answered.Signal();
  });
  MutexLock lock(&mutex);
  while (!answer.has_value()) answered.Wait(&mutex);
  return *std::move(answer);
}

// What deliveries would make of such an answer (docs/webhooks.md).
Finding JudgeAnswer(const webhook::Answer& answer, std::optional<absl::Duration> ahead) {
  const int status = answer.status;
  const std::string said = SaidToPing(answer);
  if (status == 401 || status == 403) {
    const bool too_old = ahead.has_value() && absl::AbsDuration(*ahead) > kSignatureLife;
    return Failed(
        "KEY_REFUSED",
        StrCat(said, too_old ? StrCat("; its clock is ", absl::FormatDuration(absl::AbsDuration(*ahead)),
                                      " off ours, so that signatures look too old")
                             : ""),
        too_old ? "set its clock by NTP: timedatectl set-ntp true"
                : "give the endpoint the secret of the platform (Standard Webhooks: `whsec_…`)");
  }
  if (status < 200) return Failed("CONNECTION_LOST", said, "have the endpoint answer with HTTP");
  if (status >= 300 && status < 400) {
    return Failed("ENDPOINT_REDIRECTED", said,
                  StrCat("set the URL to where it leads",
                         answer.location.empty() ? "" : StrCat(": ", answer.location)));
  }
  if (status == 404 || status == 405) return Failed("ENDPOINT_NOT_FOUND", said, "correct the URL");
  if (status == 410) return Failed("ENDPOINT_GONE", said, "correct the URL, or delete the platform");
  if (status == 429 || (status == 503 && answer.retry_after.has_value()))
    return Warned("ENDPOINT_OVERLOADED", said,
                  "check again when it is less busy; deliveries wait for as long as it asks");
  if (status >= 500 || status == 408)
    return Failed("ENDPOINT_FAILED", said, "look at the endpoint's own log");
  return Fine(StrCat("it answered ", status, " to a signed ping"));
}

class WebhookCheck {
 public:
  WebhookCheck(const WebhookChecks& parts, const v1::Platform& platform)
      : parts_(parts), platform_(platform), webhook_(platform.webhook()), url_(Parse(webhook_.url())) {}

  void Run(Checklist& list) {
    list.Try("secret", [&](absl::Duration) { return ReadSecrets(); });
    Addresses addresses(parts_.resolver, {{url_.host, "", url_.port}}, [&](const Address& address) {
      return webhook_.allow_private_addresses() || webhook::IsPublicAddress(address.generic());
    });
    addresses.Try(list);
    list.Try("tls", [&](absl::Duration limit) { return LookAtTls(addresses, limit); });
    list.Try("key", [&](absl::Duration limit) { return Ping(limit); });
    list.Try("clock", [&](absl::Duration) { return LookAtClock(); });
  }

 private:
  Finding ReadSecrets() {
    absl::StatusOr<webhook::Signer> signer = webhook::ReadSigner(webhook_);
    if (ErrorReason(signer.status()) == "UNFIT_SECRET") {
      return Failed("UNFIT_SECRET", signer.status().message(), "openssl rand -base64 32 | sed 's/^/whsec_/'");
    }
    if (!signer.ok()) return SecretFault(signer.status());
    signer_ = std::make_unique<webhook::Signer>(*std::move(signer));
    return Fine(StrCat(webhook_.secrets_size(), webhook_.secrets_size() == 1 ? " secret" : " secrets",
                       " can be read"));
  }

  Finding LookAtTls(Addresses& addresses, absl::Duration limit) const {
    if (url_.scheme != "https") return Fine("the URL is http: nothing is encrypted");
    const absl::Time now = parts_.clock.Now();
    const absl::StatusOr<TlsSeen> seen =
        Handshake(addresses.connected()[0].reached.socket, url_.host, Roots(), now, limit);
    constexpr char kFix[] =
        "renew the certificate there, for this name, by an authority that is trusted here, with "
        "its whole chain";
    if (!seen.ok()) return Failed(seen.status(), kFix);
    if (seen->expires - now < kSoon) {
      return Warned("TLS_EXPIRES_SOON",
                    StrCat("the certificate expires on ",
                           absl::FormatTime("%Y-%m-%d", seen->expires, absl::UTCTimeZone())),
                    "renew the certificate there");
    }
    return Fine(seen->version);
  }

  Finding Ping(absl::Duration limit) {
    const absl::string_view id = absl::StripPrefix(platform_.name(), "platforms/");
    const absl::Time begin = parts_.clock.Now();
    webhook::Request request = webhook::MakeRequest(webhook_, *signer_, webhook::MakePing(id, begin), begin);
    request.timeout = limit;
    const absl::StatusOr<webhook::Answer> answer =
        SendAndWait(std::move(request), webhook_.allow_private_addresses());
    if (!answer.ok()) return Failed(answer.status(), "look at the endpoint's own log");
    took_ = parts_.clock.Now() - begin;
    // A Date has whole seconds, cut off: its middle is meant.
    if (answer->date.has_value()) ahead_ = *answer->date + absl::Milliseconds(500) - (begin + took_ / 2);
    return JudgeAnswer(*answer, ahead_);
  }

  Finding LookAtClock() const {
    if (!ahead_.has_value()) return Fine("its answer has no header Date: its clock is not known");
    return JudgeClock(*ahead_, took_ / 2 + absl::Milliseconds(500));
  }

  const WebhookChecks& parts_;
  const v1::Platform& platform_;
  const v1::Webhook& webhook_;
  const Url url_;
  std::unique_ptr<webhook::Signer> signer_;
  std::optional<absl::Duration> ahead_;
  absl::Duration took_;
};

}  // namespace

void CheckWebhook(const WebhookChecks& parts, const v1::Platform& platform, Checklist& list) {
  WebhookCheck(parts, platform).Run(list);
}

}  // namespace cognate::platform_registry

#include "services/feedback/config.h"

#include "absl/strings/str_cat.h"
#include "common/status/status_macros.h"

namespace cognate::feedback {
namespace {

absl::Status Validate(const Config& config) {
  const BackoffPolicy& backoff = config.retry.backoff;
  if (backoff.initial <= absl::ZeroDuration()) {
    return config::Wrong("retry-initial", absl::FormatDuration(backoff.initial), "more than 0");
  }
  if (backoff.max < backoff.initial) {
    return config::Wrong("retry-max", absl::FormatDuration(backoff.max), "at least retry-initial");
  }
  if (backoff.factor < 1) return config::Wrong("retry-factor", absl::StrCat(backoff.factor), "at least 1");
  if (config.retry.lease < absl::Seconds(1)) {
    return config::Wrong("replay-lease", absl::FormatDuration(config.retry.lease), "at least 1s");
  }
  if (config.retry.waiting_look < absl::Seconds(1)) {
    return config::Wrong("waiting-look", absl::FormatDuration(config.retry.waiting_look), "at least 1s");
  }
  if (config.retry.hold.lifetime < absl::Minutes(1)) {
    return config::Wrong("held-max", absl::FormatDuration(config.retry.hold.lifetime), "at least 1m");
  }
  if (config.event_retention < absl::Minutes(1)) {
    return config::Wrong("event-retention", absl::FormatDuration(config.event_retention), "at least 1m");
  }
  return absl::OkStatus();
}

}  // namespace

void Config::Register(config::Settings& settings) {
  postgres.Register(settings);
  redis.Register(settings);
  settings.Add("stream-prefix", &stream_prefix, "What the names of all keys in Redis begin with.");
  peers.RegisterRegistry(settings);
  peers.RegisterChangeCapture(settings);
  peers.RegisterTransformer(settings);
  peers.RegisterDelivery(settings);
  RegisterOwn(settings);
}

void Config::RegisterOwn(config::Settings& settings) {
  settings.Add("retry-initial", &retry.backoff.initial,
               "The longest wait before the first retry of a delivery.");
  settings.Add("retry-factor", &retry.backoff.factor, "How much longer the wait may be after each attempt.");
  settings.Add("retry-max", &retry.backoff.max, "The longest wait between two attempts.");
  settings.Add("retry-attempts", &retry.max_attempts, "Attempts after which a delivery is DEAD.",
               {1, 1'000'000});
  settings.Add("waiting-look", &retry.waiting_look,
               "How often a record that waits is replayed all the same; at first sooner.");
  settings.Add("replay-lease", &retry.lease,
               "How long a replay may stay unanswered before it is made again.");
  settings.Add("held-max", &retry.hold.lifetime,
               "How long a delivery may be HELD before it is DEAD, where the platform does not say.");
  settings.Add("event-retention", &event_retention, "How long events can be watched.");
  settings.Add("max-watchers", &max_watchers, "Watchers of one process; each keeps a thread.", {1, 10'000});
  settings.AddValidation([this] { return Validate(*this); });
}

}  // namespace cognate::feedback

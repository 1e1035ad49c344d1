#include "services/change_capture/config.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace cognate::change_capture {

void Config::Register(config::Settings& settings) {
  postgres.Register(settings);
  redis.Register(settings);
  peers.RegisterRegistry(settings);
  peers.RegisterTransformer(settings);
  peers.RegisterFeedback(settings);
  RegisterOwn(settings);
}

void Config::RegisterOwn(config::Settings& settings) {
  settings.Add("commit-max-changes", &appender.max_changes_per_commit,
               "Changes of many callers in one commit", {1, 10'000});
  settings.Add("capture-max-queued-changes", &appender.max_queued_changes,
               "Changes waiting for their commit; beyond it captures are refused with CAPTURE_OVERLOADED",
               {1, 10'000'000});
  settings.Add("capture-max-queued-bytes", &appender.max_queued_bytes, "The same in bytes", {1 << 20});
  settings.Add("rules-poll-interval", &catalogue.poll_interval,
               "How often the registry is asked for new rules");
  settings.Add("changes-max-entries", &feeder.max_entries,
               "Batches on the stream of changes; beyond it they wait in the log", {1});
  settings.Add("changes-max-bytes", &feeder.max_bytes, "The same in bytes", {1 << 20});
  settings.Add(
      "changes-grace", &feeder.grace,
      "How much older than the stream's oldest entry a batch is when Redis must have lost it; more than the "
      "clocks of Postgres and Redis differ");
  settings.Add("changes-sweep-interval", &feeder.sweep_interval, "How often lost batches are looked for");
  settings.Add("run-page-records", &runs.page_records, "Records that a run replays at a time", {1, 10'000});
  settings.Add("assignments-poll-interval", &assignments.poll_interval,
               "How often the registry is asked for changed assignments, while a sync looks at them");
  settings.Add("run-max-entries", &runs.max_stream_entries,
               "A run waits while the stream of changes has as many batches", {1});
  settings.AddValidation([this]() -> absl::Status {
    if (assignments.poll_interval < absl::Milliseconds(10)) {
      return config::Wrong("assignments-poll-interval", absl::FormatDuration(assignments.poll_interval),
                           "at least 10ms");
    }
    if (feeder.grace >= absl::Milliseconds(100)) return absl::OkStatus();
    return config::Wrong("changes-grace", absl::FormatDuration(feeder.grace), "at least 100ms");
  });
}

}  // namespace cognate::change_capture

#include "services/delivery/config.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace cognate::delivery {

void Config::Register(config::Settings& settings) {
  postgres.Register(settings);
  redis.Register(settings);
  peers.RegisterRegistry(settings);
  peers.RegisterFeedback(settings);
  peers.RegisterFileTransfer(settings);
  settings.Add("stream-prefix", &lanes.stream_prefix, "What the names of all streams begin with");
  settings.Add(
      "advertise-address", &advertise_address,
      "host:port where the other replicas of delivery reach this one, so that an agent may ask any of them. "
      "Default: they send the agent away to try again.");
  RegisterOwn(settings);
}

void Config::RegisterOwn(config::Settings& settings) {
  settings.Add("lane-lease-duration", &lease_duration,
               "How long a lane stays with a process that does not answer; it is renewed at a third.");
  settings.Add("lane-max-deliveries", &lanes.max_deliveries, "Deliveries sent to a target at a time.",
               {1, 10'000});
  settings.Add("lane-refill-interval", &lanes.refill_interval,
               "How often a lane asks for what the ledger has due.");
  settings.Add("lane-refill-grace", &lanes.refill_grace,
               "How much older than a lane's oldest entry a plan is when it must be missing there.");
  settings.Add("lane-refill-limit", &lanes.refill_limit, "Records asked for in one refill.", {1, 10'000});
  settings.Add("target-connect-timeout", &sql.connect_timeout, "For the login to a target database.");
  settings.Add("target-statement-timeout", &sql.statement_timeout, "For one statement on a target database.");
  settings.Add("target-lock-timeout", &sql.lock_timeout, "For a lock on a target database.");
  settings.Add("target-call-timeout", &lanes.call_timeout,
               "How long a target may answer nothing of a batch, whatever it consists of: then it hangs.");
  settings.AddValidation([this]() -> absl::Status {
    if (lease_duration >= absl::Seconds(1)) return absl::OkStatus();
    return config::Wrong("lane-lease-duration", absl::FormatDuration(lease_duration), "at least 1s");
  });
}

}  // namespace cognate::delivery

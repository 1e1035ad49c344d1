#include "services/transformer/config.h"

#include "absl/status/status.h"

namespace cognate::transformer {

void Config::Register(config::Settings& settings) {
  redis.Register(settings);
  peers.RegisterRegistry(settings);
  peers.RegisterChangeCapture(settings);
  peers.RegisterFeedback(settings);
  settings.Add("stream-prefix", &stream_prefix, "What the names of all streams begin with");
  RegisterOwn(settings);
}

void Config::RegisterOwn(config::Settings& settings) {
  settings.Add("transformer-instance", &instance,
               "Names this replica among others; best the same after a restart. Default: the host's name");
  settings.Add("transformer-loops", &loops,
               "Loops that work side by side; with more than one, records can overtake those they refer to",
               {1, 16});
  settings.Add("transformer-round-changes", &round_changes, "Changes taken through the pipeline together",
               {1, 10'000});
  settings.Add("lane-batches", &lane_batches,
               "A lane with so many entries is full: what is due beyond it stays in the ledger",
               {1, 100'000});
  settings.Add("lane-hold", &lane_hold,
               "How long a full lane is waited for while it moves and no other target has anything to get");
  settings.Add("transformer-claim-after", &claim_after,
               "After how long entries of a dead replica are taken over");
  settings.Add("rules-interval", &rules_interval, "How often newer rules are asked for");
  settings.Add("transformer-progress-limit", &progress_limit,
               "Not ready when changes wait and none was processed for so long");
  settings.AddValidation([this]() -> absl::Status {
    if (claim_after < absl::Seconds(1)) {
      return config::Wrong("transformer-claim-after", absl::FormatDuration(claim_after), "at least 1s");
    }
    if (rules_interval < absl::Milliseconds(10)) {
      return config::Wrong("rules-interval", absl::FormatDuration(rules_interval), "at least 10ms");
    }
    return absl::OkStatus();
  });
}

}  // namespace cognate::transformer

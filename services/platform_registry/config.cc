#include "services/platform_registry/config.h"

#include "common/config/postgres_options.h"

namespace cognate::platform_registry {

void Config::Register(config::Settings& settings) {
  postgres.Register(settings);
  peers.RegisterFeedback(settings);
  config::AddPublicUrl(settings, &public_url);
  RegisterOwn(settings);
}

void Config::RegisterOwn(config::Settings& settings) {
  settings.Add("registry-database-probe-interval", &database_probe_interval,
               "How often the registry looks whether its database answers; readiness follows");
  settings.Add("plan-sweep-interval", &plan_sweep_interval,
               "How often batches of plans that are all settled are taken away");
  settings.AddValidation([this]() -> absl::Status {
    if (database_probe_interval < absl::Milliseconds(10)) {
      return config::Wrong("registry-database-probe-interval", absl::FormatDuration(database_probe_interval),
                           "at least 10ms");
    }
    if (plan_sweep_interval >= absl::Milliseconds(10)) return absl::OkStatus();
    return config::Wrong("plan-sweep-interval", absl::FormatDuration(plan_sweep_interval), "at least 10ms");
  });
}

postgres::Options PoolOptions(const Config& config) {
  postgres::Options options = config::PostgresOptions(config.postgres, kSchema);
  options.settings = config::PlansByIndex();
  return options;
}

}  // namespace cognate::platform_registry

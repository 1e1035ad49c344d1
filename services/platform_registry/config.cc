#include "services/platform_registry/config.h"

namespace cognate::platform_registry {

void Config::Register(config::Settings& settings) {
  postgres.Register(settings);
  RegisterOwn(settings);
}

void Config::RegisterOwn(config::Settings& settings) {
  settings.Add("registry-database-probe-interval", &database_probe_interval,
               "How often the registry looks whether its database answers; readiness follows");
  settings.AddValidation([this]() -> absl::Status {
    if (database_probe_interval >= absl::Milliseconds(10)) return absl::OkStatus();
    return config::Wrong("registry-database-probe-interval", absl::FormatDuration(database_probe_interval),
                         "at least 10ms");
  });
}

}  // namespace cognate::platform_registry

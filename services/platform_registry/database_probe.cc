#include "services/platform_registry/database_probe.h"

#include "services/platform_registry/configuration_store.h"

namespace cognate::platform_registry {

void DatabaseProbe::Start() {
  worker_ = std::make_unique<Worker>("database-probe", [this](StopToken& stop) {
    do Ask();
    while (!stop.WaitFor(interval_));
  });
}

absl::Status DatabaseProbe::Healthy() const {
  MutexLock lock(&mutex_);
  return last_;
}

void DatabaseProbe::Ask() {
  absl::Status status = pool_.Run(
      "probe", [](postgres::Transaction& transaction) { return ReadRevision(transaction).status(); });
  MutexLock lock(&mutex_);
  last_ = std::move(status);
}

}  // namespace cognate::platform_registry

// What the platform registry says, kept at hand: rules, platforms and models.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "cognate/v1/model.pb.h"
#include "cognate/v1/platform.pb.h"
#include "cognate/v1/sync.pb.h"
#include "common/clock/clock.h"
#include "common/sync/mutex.h"
#include "common/worker/worker.h"
#include "services/clients/registry_client.h"
#include "services/clients/rules_follower.h"

namespace cognate::change_capture {

// A model with an index over its fields.
struct KnownModel {
  v1::Model model;
  absl::flat_hash_map<std::string, int> field_index;
};

struct CatalogueOptions {
  absl::Duration poll_interval = absl::Milliseconds(200);  // of the rules
  absl::Duration refresh_age = absl::Seconds(5);  // platforms and models in use are read again after this
  absl::Duration retry_age = absl::Milliseconds(500);  // what was not found is asked for again after this
};

// Polls the rules; reads platforms and models on first use and again in the background while they are used.
// When the registry cannot be reached, what is known goes on being answered; what is not known is
// UNAVAILABLE. Thread safe.
class Catalogue {
 public:
  Catalogue(clients::RegistryClient& registry, const Clock& clock, CatalogueOptions options = {});
  ~Catalogue();

  void Start();
  void Stop();

  // The rules in force as far as known; never null, revision 0 until they were read once.
  std::shared_ptr<const v1::Rules> Rules() const { return rules_.Current(); }
  int64_t Revision() const { return Rules()->revision(); }
  // Reads the rules now; OK if they were read.
  absl::Status RefreshRules();

  // `platform` is the id without `platforms/`. NOT_FOUND PLATFORM_NOT_FOUND, or UNAVAILABLE.
  absl::StatusOr<std::shared_ptr<const v1::Platform>> Platform(absl::string_view platform);
  // NOT_FOUND MODEL_NOT_FOUND, or UNAVAILABLE. With `fresh` what was read longer than `retry_age` ago is read
  // again: for when the model seems to lack a field.
  absl::StatusOr<std::shared_ptr<const KnownModel>> Model(absl::string_view platform, absl::string_view model,
                                                          bool fresh = false);

 private:
  template <typename T>
  struct Entry {
    absl::StatusOr<std::shared_ptr<const T>> value = absl::UnavailableError("");
    absl::Time read_time = absl::InfinitePast();
    absl::Time used_time = absl::InfinitePast();
  };
  template <typename T>
  using Cache = absl::flat_hash_map<std::string, Entry<T>>;

  // What the cache has if it is not older than `max_age`, else what `read` says.
  template <typename T, typename Read>
  absl::StatusOr<std::shared_ptr<const T>> Get(Cache<T> Catalogue::*which, const std::string& key,
                                               absl::Duration max_age, Read read);
  template <typename T, typename Read>
  absl::StatusOr<std::shared_ptr<const T>> ReadAgain(Cache<T> Catalogue::*which, const std::string& key,
                                                     Read read);
  template <typename T>
  std::vector<std::string> DueForRefresh(Cache<T> Catalogue::*which);
  absl::StatusOr<std::shared_ptr<const v1::Platform>> ReadPlatform(const std::string& platform);
  absl::StatusOr<std::shared_ptr<const KnownModel>> ReadModel(const std::string& key);
  void Run(StopToken& stop);

  clients::RegistryClient& registry_;
  const Clock& clock_;
  const CatalogueOptions options_;
  clients::RulesFollower<> rules_;
  mutable Mutex mutex_;
  Cache<v1::Platform> platforms_ ABSL_GUARDED_BY(mutex_);
  Cache<KnownModel> models_ ABSL_GUARDED_BY(mutex_);  // by platform/model
  std::unique_ptr<Worker> worker_;
};

}  // namespace cognate::change_capture

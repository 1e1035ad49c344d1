#include "services/change_capture/catalogue.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/log/log.h"
#include "common/status/status_macros.h"
#include "services/change_capture/errors.h"

namespace cognate::change_capture {
namespace {

// Short: what is known is used meanwhile, and a capture waits for what is not.
const grpc_support::CallOptions kCall = {.timeout = absl::Seconds(3), .idempotent = true, .max_attempts = 3};

// Platform ids have no slash.
std::string ModelKey(absl::string_view platform, absl::string_view model) {
  return absl::StrCat(platform, "/", model);
}

// Whether the registry has said it, as opposed to not having been reached.
bool IsAnswer(const absl::Status& status) {
  return status.ok() || absl::IsNotFound(status) || absl::IsInvalidArgument(status);
}

}  // namespace

Catalogue::Catalogue(clients::RegistryClient& registry, const Clock& clock, CatalogueOptions options)
    : registry_(registry), clock_(clock), options_(options), rules_(registry, clock, kCall) {}

Catalogue::~Catalogue() { Stop(); }

void Catalogue::Start() {
  worker_ = std::make_unique<Worker>("catalogue", [this](StopToken& stop) { Run(stop); });
}

void Catalogue::Stop() { worker_.reset(); }

absl::Status Catalogue::RefreshRules() {
  const absl::Status status = rules_.Refresh();
  return status.ok() ? status : RegistryUnknown("the rules", status.message());
}

absl::StatusOr<std::shared_ptr<const v1::Platform>> Catalogue::Platform(absl::string_view platform) {
  return Get(&Catalogue::platforms_, std::string(platform), absl::InfiniteDuration(),
             [this](const std::string& key) { return ReadPlatform(key); });
}

absl::StatusOr<std::shared_ptr<const KnownModel>> Catalogue::Model(absl::string_view platform,
                                                                   absl::string_view model, bool fresh) {
  return Get(&Catalogue::models_, ModelKey(platform, model),
             fresh ? options_.retry_age : absl::InfiniteDuration(),
             [this](const std::string& key) { return ReadModel(key); });
}

template <typename T, typename Read>
absl::StatusOr<std::shared_ptr<const T>> Catalogue::Get(Cache<T> Catalogue::*which, const std::string& key,
                                                        absl::Duration max_age, Read read) {
  const absl::Time now = clock_.Now();
  {
    MutexLock lock(&mutex_);
    Cache<T>& cache = this->*which;
    const auto found = cache.find(key);
    if (found != cache.end()) {
      Entry<T>& entry = found->second;
      entry.used_time = now;
      if (now <= entry.read_time + (entry.value.ok() ? max_age : options_.retry_age)) return entry.value;
    }
  }
  return ReadAgain(which, key, read);
}

template <typename T, typename Read>
absl::StatusOr<std::shared_ptr<const T>> Catalogue::ReadAgain(Cache<T> Catalogue::*which,
                                                              const std::string& key, Read read) {
  absl::StatusOr<std::shared_ptr<const T>> value = read(key);
  MutexLock lock(&mutex_);
  Cache<T>& cache = this->*which;
  const auto found = cache.find(key);
  if (!IsAnswer(value.status())) {
    if (found != cache.end() && found->second.value.ok()) return found->second.value;
    return RegistryUnknown(key, value.status().message());
  }
  Entry<T>& entry = found != cache.end() ? found->second : cache[key];
  const absl::Time now = clock_.Now();
  entry.value = std::move(value);
  entry.read_time = now;
  if (found == cache.end()) entry.used_time = now;
  return entry.value;
}

template <typename T>
std::vector<std::string> Catalogue::DueForRefresh(Cache<T> Catalogue::*which) {
  const absl::Time now = clock_.Now();
  std::vector<std::string> due;
  MutexLock lock(&mutex_);
  Cache<T>& cache = this->*which;
  for (auto entry = cache.begin(); entry != cache.end();) {
    const bool is_used = entry->second.used_time > entry->second.read_time;
    const bool is_old = now > entry->second.read_time + options_.refresh_age;
    if (is_old && is_used) due.push_back(entry->first);
    // What nobody asked for in a long time is read again when somebody does.
    const bool is_forgotten = now > entry->second.used_time + 12 * options_.refresh_age;
    if (is_forgotten) {
      cache.erase(entry++);
    } else {
      ++entry;
    }
  }
  return due;
}

absl::StatusOr<std::shared_ptr<const v1::Platform>> Catalogue::ReadPlatform(const std::string& platform) {
  ASSIGN_OR_RETURN(v1::Platform read, registry_.GetPlatform(platform, kCall));
  return std::make_shared<const v1::Platform>(std::move(read));
}

absl::StatusOr<std::shared_ptr<const KnownModel>> Catalogue::ReadModel(const std::string& key) {
  const std::pair<absl::string_view, absl::string_view> names = absl::StrSplit(key, absl::MaxSplits('/', 1));
  auto known = std::make_shared<KnownModel>();
  ASSIGN_OR_RETURN(known->model, registry_.GetModel(names.first, names.second, kCall));
  for (int i = 0; i < known->model.fields_size(); ++i)
    known->field_index.emplace(known->model.fields(i).name(), i);
  return std::shared_ptr<const KnownModel>(std::move(known));
}

void Catalogue::Run(StopToken& stop) {
  do {
    if (const absl::Status status = rules_.Poll(); !status.ok()) {
      log::Warn("the rules cannot be read; what is known stays in force", {{"status", status}});
      continue;
    }
    for (const std::string& key : DueForRefresh(&Catalogue::platforms_)) {
      ReadAgain(&Catalogue::platforms_, key, [this](const std::string& name) { return ReadPlatform(name); })
          .status()
          .IgnoreError();
    }
    for (const std::string& key : DueForRefresh(&Catalogue::models_)) {
      ReadAgain(&Catalogue::models_, key, [this](const std::string& name) { return ReadModel(name); })
          .status()
          .IgnoreError();
    }
  } while (!stop.WaitFor(options_.poll_interval));
}

}  // namespace cognate::change_capture

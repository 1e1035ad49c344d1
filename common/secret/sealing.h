// Secrets sealed with a key that lies beside the services and not in their database: who has only the
// database has no secrets.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "cognate/v1/platform.pb.h"
#include "common/clock/clock.h"
#include "common/secret/sealing_keys.h"
#include "common/sync/mutex.h"

namespace cognate::secret {

// The keys of one file, read anew when it changes (it is looked at when a key is used, at most every 200 ms,
// and whenever a key is not known). A file that cannot be read any more is told in the log, and the keys that
// it had stay. Thread safe.
class Keyring {
 public:
  // SEALING_KEYS_INVALID when the file cannot be read, or is none of sealing keys.
  static absl::StatusOr<std::shared_ptr<Keyring>> Load(const std::string& path,
                                                       const Clock& clock = Clock::Real());

  // Under the first key.
  absl::StatusOr<v1::SealedSecret> Seal(absl::string_view value);
  // FAILED_PRECONDITION SEALING_KEY_MISSING with the metadata `sealing_key`: it was sealed under one that is
  // not there; SECRET_UNAVAILABLE: the box or the key is not what it was.
  absl::StatusOr<std::string> Open(const v1::SealedSecret& sealed);
  // The id of the key that seals.
  std::string FirstKey();
  // Tells values apart without telling them, to whoever has no key: the same for the same value while the
  // first key is the same.
  std::string Fingerprint(absl::string_view value);

 private:
  using Keys = std::shared_ptr<const SealingKeys>;
  // What tells that a file is another one, or reads otherwise.
  struct Version {
    int64_t device = 0, inode = 0, size = 0, modified_ns = 0;
    bool operator==(const Version&) const = default;
  };

  Keyring(std::string path, const Clock& clock) : path_(std::move(path)), clock_(clock) {}
  static absl::StatusOr<std::string> ReadAll(const std::string& path, Version* version);
  static Version Look(const std::string& path);
  absl::Status Read() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Keys Current(bool look_now = false);

  const std::string path_;
  const Clock& clock_;
  Mutex mutex_;
  Keys keys_ ABSL_GUARDED_BY(mutex_);
  Version version_ ABSL_GUARDED_BY(mutex_);
  absl::Time looked_ ABSL_GUARDED_BY(mutex_) = absl::InfinitePast();
};

// The keyring of this process, which Read (secret.h) opens sealed secrets with; a program says once where it
// is. Empty: there is none. SEALING_KEYS_INVALID as Keyring::Load, and what was installed before stays.
absl::Status InstallKeyring(const std::string& path);
// FAILED_PRECONDITION SEALING_KEY_MISSING when none was installed.
absl::StatusOr<std::shared_ptr<Keyring>> InstalledKeyring();

}  // namespace cognate::secret

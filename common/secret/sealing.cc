#include "common/secret/sealing.h"

#include <cerrno>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "common/log/log.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"

namespace cognate::secret {
namespace {

constexpr absl::Duration kLookEvery = absl::Milliseconds(200);
constexpr size_t kMaxFile = 64 << 10;

const unsigned char* Bytes(absl::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

unsigned char* Bytes(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

Error Unreadable(absl::string_view path, absl::string_view why) {
  return Error(absl::StatusCode::kFailedPrecondition, "SEALING_KEYS_INVALID",
               absl::StrCat("the file of sealing keys ", path, " cannot be read: ", why))
      .With("file", path);
}

Error KeyMissing(absl::string_view key, absl::string_view path) {
  return Error(absl::StatusCode::kFailedPrecondition, "SEALING_KEY_MISSING",
               absl::StrCat("a secret is sealed under the key ", key, ", which is not in ", path,
                            "; put its line back, or set the secret anew"))
      .With("sealing_key", key);
}

struct Descriptor {
  int number = -1;
  ~Descriptor() {
    if (number >= 0) close(number);
  }
};

struct Installed {
  Mutex mutex;
  std::shared_ptr<Keyring> keyring ABSL_GUARDED_BY(mutex);
};

Installed& OfThisProcess() {
  static auto& installed = *new Installed();
  return installed;
}

}  // namespace

absl::StatusOr<std::string> Keyring::ReadAll(const std::string& path, Version* version) {
  // The descriptor is asked what it is, so that contents and version belong together.
  const Descriptor file{open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  struct stat status {};
  if (file.number < 0 || fstat(file.number, &status) != 0) return Unreadable(path, std::strerror(errno));
  *version = {static_cast<int64_t>(status.st_dev), static_cast<int64_t>(status.st_ino), status.st_size,
              absl::ToUnixNanos(absl::TimeFromTimespec(status.st_mtim))};
  std::string text(kMaxFile + 1, '\0');
  size_t size = 0;
  while (size < text.size()) {
    const ssize_t got = read(file.number, text.data() + size, text.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Unreadable(path, std::strerror(errno));
    if (got == 0) break;
    size += static_cast<size_t>(got);
  }
  if (size > kMaxFile) return Unreadable(path, "it is larger than 64 KiB");
  text.resize(size);
  return text;
}

Keyring::Version Keyring::Look(const std::string& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) return Version();
  return {static_cast<int64_t>(status.st_dev), static_cast<int64_t>(status.st_ino), status.st_size,
          absl::ToUnixNanos(absl::TimeFromTimespec(status.st_mtim))};
}

absl::Status Keyring::Read() {
  Version version;
  absl::StatusOr<std::string> text = ReadAll(path_, &version);
  version_ = version;  // Also of a file that is no good: it is told once, and read again when it has changed.
  if (!text.ok()) return text.status();
  absl::StatusOr<Keys> keys = ParseSealingKeys(*text, path_);
  sodium_memzero(text->data(), text->size());
  if (!keys.ok()) return keys.status();
  keys_ = *std::move(keys);
  return absl::OkStatus();
}

absl::StatusOr<std::shared_ptr<Keyring>> Keyring::Load(const std::string& path, const Clock& clock) {
  if (sodium_init() < 0) return absl::InternalError("libsodium cannot be used on this machine");
  std::shared_ptr<Keyring> keyring(new Keyring(path, clock));
  MutexLock lock(&keyring->mutex_);
  RETURN_IF_ERROR(keyring->Read());
  keyring->looked_ = clock.Now();
  return keyring;
}

Keyring::Keys Keyring::Current(bool look_now) {
  const absl::Time now = clock_.Now();
  MutexLock lock(&mutex_);
  // A clock that was set back must not keep a new file out.
  const bool is_time = now >= looked_ + kLookEvery || now < looked_;
  if (!look_now && !is_time) return keys_;
  looked_ = now;
  if (Look(path_) == version_) return keys_;
  if (const absl::Status read = Read(); !read.ok())
    log::Warn("sealing keys not read anew, the former ones stay", {{"error", read}});
  return keys_;
}

absl::StatusOr<v1::SealedSecret> Keyring::Seal(absl::string_view value) {
  const Keys keys = Current();
  std::string box(crypto_secretbox_NONCEBYTES + crypto_secretbox_MACBYTES + value.size(), '\0');
  unsigned char* const bytes = Bytes(box);
  randombytes_buf(bytes, crypto_secretbox_NONCEBYTES);
  if (crypto_secretbox_easy(bytes + crypto_secretbox_NONCEBYTES, Bytes(value), value.size(), bytes,
                            Bytes(keys->first().bytes)) != 0) {
    return absl::InternalError("a secret cannot be sealed");
  }
  v1::SealedSecret sealed;
  sealed.set_sealing_key(keys->first().id);
  sealed.set_box(std::move(box));
  return sealed;
}

absl::StatusOr<std::string> Keyring::Open(const v1::SealedSecret& sealed) {
  Keys keys = Current();
  if (keys->Find(sealed.sealing_key()) == nullptr) keys = Current(/*look_now=*/true);
  const SealingKeys::Key* const key = keys->Find(sealed.sealing_key());
  if (key == nullptr) return KeyMissing(sealed.sealing_key(), path_);
  const absl::string_view box = sealed.box();
  constexpr size_t kOverhead = crypto_secretbox_NONCEBYTES + crypto_secretbox_MACBYTES;
  std::string value(box.size() < kOverhead ? 0 : box.size() - kOverhead, '\0');
  if (box.size() < kOverhead ||
      crypto_secretbox_open_easy(Bytes(value), Bytes(box) + crypto_secretbox_NONCEBYTES,
                                 box.size() - crypto_secretbox_NONCEBYTES, Bytes(box),
                                 Bytes(key->bytes)) != 0) {
    return Error(absl::StatusCode::kFailedPrecondition, "SECRET_UNAVAILABLE",
                 absl::StrCat("a secret sealed under the key ", key->id,
                              " cannot be opened: the key of this id in ", path_,
                              " is another one, or the stored box was changed"))
        .With("sealing_key", key->id);
  }
  return value;
}

std::string Keyring::FirstKey() { return Current()->first().id; }

std::string Keyring::Fingerprint(absl::string_view value) {
  const Keys keys = Current();
  std::string code(crypto_generichash_BYTES, '\0');
  crypto_generichash(Bytes(code), code.size(), Bytes(value), value.size(), Bytes(keys->first().bytes),
                     keys->first().bytes.size());
  return code;
}

absl::Status InstallKeyring(const std::string& path) {
  std::shared_ptr<Keyring> keyring;
  if (!path.empty()) {
    ASSIGN_OR_RETURN(keyring, Keyring::Load(path));
  }
  Installed& installed = OfThisProcess();
  MutexLock lock(&installed.mutex);
  installed.keyring = std::move(keyring);
  return absl::OkStatus();
}

absl::StatusOr<std::shared_ptr<Keyring>> InstalledKeyring() {
  Installed& installed = OfThisProcess();
  MutexLock lock(&installed.mutex);
  if (installed.keyring != nullptr) return installed.keyring;
  return Error(
      absl::StatusCode::kFailedPrecondition, "SEALING_KEY_MISSING",
      "there is no key to seal secrets with: give all services --sealing-keys-file with a file whose lines "
      "are "
      "an id and 32 bytes in base64 (docs/keys.md), or name a file or an environment variable instead");
}

}  // namespace cognate::secret

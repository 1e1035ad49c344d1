#include "cli/secret_file.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iostream>
#include <iterator>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "cli/sync_options.h"

namespace cognate::cli {
namespace {

constexpr size_t kMaxSecret = 64 << 10;
constexpr mode_t kOwnerAlone = 0600;

bool WriteAll(int descriptor, absl::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(descriptor, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    text.remove_prefix(static_cast<size_t>(written));
  }
  return true;
}

}  // namespace

absl::StatusOr<SecretOutput> SecretOutput::Open(const std::string& path) {
  if (path.empty()) return SecretOutput("", -1);
  const int descriptor = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kOwnerAlone);
  if (descriptor < 0) {
    return WrongOption(
        "--out", path,
        absl::StrCat("a path where there is no file yet and one can be made (", std::strerror(errno), ")"));
  }
  return SecretOutput(path, descriptor);
}

SecretOutput::SecretOutput(SecretOutput&& other) noexcept
    : path_(std::move(other.path_)),
      descriptor_(std::exchange(other.descriptor_, -1)),
      is_written_(other.is_written_) {}

SecretOutput::~SecretOutput() {
  if (descriptor_ < 0) return;
  close(descriptor_);
  if (!is_written_) unlink(path_.c_str());
}

absl::Status SecretOutput::Write(absl::string_view secret) {
  is_written_ = true;  // Also when only a part of it was: a person looks at that.
  const std::string line = absl::StrCat(secret, "\n");
  if (descriptor_ < 0) {
    std::cout << line << std::flush;
    return absl::OkStatus();
  }
  if (WriteAll(descriptor_, line) && fsync(descriptor_) == 0) return absl::OkStatus();
  return WrongOption("--out", path_, "a file that can be written; the secret is lost, revoke its key");
}

absl::StatusOr<std::string> ReadSecretFile(absl::string_view option, const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::istream& source = path == "-" ? std::cin : file;
  std::string text;
  if (source.good()) text.assign(std::istreambuf_iterator<char>(source), std::istreambuf_iterator<char>());
  if (!text.empty() && text.back() == '\n') text.pop_back();
  if (!text.empty() && text.back() == '\r') text.pop_back();
  if (text.empty()) return WrongOption(option, path, "a file with a secret in it, that can be read");
  if (text.size() > kMaxSecret) return WrongOption(option, path, "a file of at most 64 KiB");
  return text;
}

}  // namespace cognate::cli

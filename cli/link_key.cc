#include "cli/link_key.h"

#include <cerrno>
#include <cstdio>
#include <filesystem>

#include <fcntl.h>
#include <unistd.h>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "cli/secret_file.h"
#include "common/access/secret_text.h"
#include "common/status/status_macros.h"

namespace cognate::cli {
namespace {

absl::Status WriteSynced(const std::string& path, const std::string& text) {
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0) return absl::ErrnoToStatus(errno, path);
  const bool is_written =
      write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size()) && fsync(file) == 0;
  const absl::Status status = is_written ? absl::OkStatus() : absl::ErrnoToStatus(errno, path);
  close(file);
  return status;
}

}  // namespace

absl::StatusOr<std::string> OwnLinkKey(const std::string& data_dir) {
  const std::string path = std::filesystem::absolute(data_dir) / "link.key";
  std::error_code error;
  if (std::filesystem::exists(path, error)) return ReadSecretFile("link-key-file", path);
  std::filesystem::create_directories(data_dir, error);
  const std::string key = access::MakeSecret("cgl").text;
  // A half-written key must never be one.
  const std::string partial = absl::StrCat(path, ".part");
  RETURN_IF_ERROR(WriteSynced(partial, absl::StrCat(key, "\n")));
  if (std::rename(partial.c_str(), path.c_str()) != 0) return absl::ErrnoToStatus(errno, path);
  return key;
}

}  // namespace cognate::cli

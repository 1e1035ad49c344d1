// What Place asks of the file system. Internal to it.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "services/file_transfer/placing/place.h"

namespace cognate::file_transfer {

inline constexpr char kDrafts[] = ".cognate-drafts";

std::string Words(int error);
// Below `directory`, through no symbolic link. -1 with errno.
int OpenBelow(int directory, const std::string& path, uint64_t flags);
absl::Status Outside(const std::string& path, absl::string_view why);
absl::Status OpenFailed(int error, const std::string& path);
absl::Status WriteFailed(int error, const std::string& what);
absl::StatusOr<FileStand> StandOf(int fd, const std::string& path);
// 0, or errno.
int WriteAll(int fd, absl::string_view data);
int WriteAllAt(int fd, absl::string_view data, int64_t offset);

}  // namespace cognate::file_transfer

#pragma once

#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace cognate::file_transfer {

absl::Status InvalidField(absl::string_view field, absl::string_view description);
absl::Status PlatformNotFound(absl::string_view platform);
absl::Status FileNotFound(absl::string_view sha256);
absl::Status FileDamaged(absl::string_view sha256, absl::string_view what);
absl::Status OffsetBehindEnd(int64_t offset, int64_t size_bytes);
absl::Status UploadNotFound(absl::string_view upload);
absl::Status UploadInUse(absl::string_view upload);
// `platform`: of whose keys they are; empty: of all together.
absl::Status TooManyUploads(int limit, absl::string_view platform);
absl::Status TooManyDownloads(int limit, absl::string_view platform);
absl::Status UploadTooLarge(int64_t size_bytes, int64_t limit);
absl::Status UploadQuotaExceeded(absl::string_view platform, int64_t bytes, int64_t limit);
absl::Status WriteOffsetMismatch(int64_t got, int64_t committed_bytes);
absl::Status StoreFull(absl::string_view what);
absl::Status StoreUnavailable(absl::string_view what);
absl::Status NoLinkKey();
absl::Status LinkedFileGone();
absl::Status LinkRefused(absl::string_view why);
absl::Status PlaceMismatch(absl::string_view directory, absl::string_view platform);
absl::Status StoreMismatch(absl::string_view directory, absl::string_view what);

// Of a failed system call on the store's disk: no room, or it cannot be written to.
absl::Status StoreErrno(int error, absl::string_view what);

}  // namespace cognate::file_transfer

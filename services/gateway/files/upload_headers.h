// What the headers of tus 1.0 say. https://tus.io/protocols/resumable-upload
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace cognate::gateway {

// All errors here: INVALID_ARGUMENT INVALID_HEADER.
absl::Status InvalidHeader(absl::string_view header, absl::string_view description);

// A whole number, 0 to 2^63-1.
absl::StatusOr<int64_t> ParseByteCount(absl::string_view header, absl::string_view text);

// Upload-Metadata: "filename d29ybGQ=,is_draft". Names are not said twice.
struct UploadMetadata {
  std::vector<std::pair<std::string, std::string>> values;  // Decoded.

  // null where it is not there.
  const std::string* Find(absl::string_view name) const;
};
absl::StatusOr<UploadMetadata> ParseUploadMetadata(absl::string_view text);
// Its `sha256`, 64 hexadecimal digits, as 32 bytes; empty without it.
absl::StatusOr<std::string> Sha256Of(const UploadMetadata& metadata);

// Upload-Concat: "partial", or "final;/files/tus/a /files/tus/b".
struct UploadConcat {
  bool is_partial = false;
  bool is_final = false;
  std::vector<std::string> parts;  // Names of uploads.
};
absl::StatusOr<UploadConcat> ParseUploadConcat(absl::string_view text);

// Upload-Checksum: "sha1 Kq5sNclPz7QV2+lfQIuc6R7oRu0=".
struct UploadChecksum {
  std::string algorithm;  // One of kChecksumAlgorithms.
  std::string digest;     // Raw.
};
inline constexpr char kChecksumAlgorithms[] = "md5,sha1,sha256";
absl::StatusOr<UploadChecksum> ParseUploadChecksum(absl::string_view text);

// The name of an upload in "/files/tus/{name}", with or without a host before it. Nothing for all else.
inline constexpr char kTusPath[] = "/files/tus";
std::optional<std::string> UploadOfPath(absl::string_view path);

}  // namespace cognate::gateway

// Backups in memory, for tests.
#pragma once

#include <algorithm>
#include <string>

#include <zstd.h>

#include "absl/status/status.h"
#include "common/backup/backup_reader.h"
#include "common/status/status_macros.h"

namespace cognate::backup {

inline std::string Packed(const std::string& text) {
  std::string packed(ZSTD_compressBound(text.size()), '\0');
  packed.resize(ZSTD_compress(packed.data(), packed.size(), text.data(), text.size(), 1));
  return packed;
}

// Of what is small.
inline std::string Unpacked(const std::string& packed) {
  std::string text(size_t{1} << 20, '\0');
  text.resize(ZSTD_decompress(text.data(), text.size(), packed.data(), packed.size()));
  return text;
}

// To its end, in pieces of at most so many bytes.
inline absl::Status ReadAll(const std::string& bytes, size_t piece = 1 << 16) {
  size_t at = 0;
  BackupReader reader([&](char* buffer, size_t size) -> absl::StatusOr<size_t> {
    const size_t taken = std::min({piece, size, bytes.size() - at});
    std::copy_n(bytes.data() + at, taken, buffer);
    at += taken;
    return taken;
  });
  RETURN_IF_ERROR(reader.ReadHeader().status());
  while (true) {
    ASSIGN_OR_RETURN(const BackupReader::Kind kind, reader.Next());
    if (kind == BackupReader::Kind::kDone) return absl::OkStatus();
  }
}

}  // namespace cognate::backup

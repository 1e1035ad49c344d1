// Whether a content that is stored may come to a target: as much of its bytes is looked at as that needs.
#pragma once

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "cognate/v1/file.pb.h"
#include "cognate/v1/outcome.pb.h"
#include "services/file_transfer/contents.h"
#include "services/file_transfer/media_types.h"

namespace cognate::file_transfer {

struct NamedContent {
  const v1::FileRule& rule;
  const std::string& name;
  const std::string& extension;
  const std::string& sha256;
  int64_t size_bytes;
};

// Nothing, or why not. Fills in the media type where that is empty. Fails where the bytes cannot be read now.
absl::StatusOr<std::optional<v1::OutcomeError>> CheckStoredType(Contents& contents, MediaTypes& media_types,
                                                                const NamedContent& content,
                                                                std::string* media_type);

}  // namespace cognate::file_transfer

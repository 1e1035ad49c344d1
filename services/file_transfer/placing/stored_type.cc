#include "services/file_transfer/placing/stored_type.h"

#include <algorithm>

#include "common/status/status_macros.h"
#include "services/file_transfer/placing/file_type.h"

namespace cognate::file_transfer {

absl::StatusOr<std::optional<v1::OutcomeError>> CheckStoredType(Contents& contents, MediaTypes& media_types,
                                                                const NamedContent& content,
                                                                std::string* media_type) {
  std::string bytes;
  const auto read_up_to = [&](int64_t limit) {
    bytes.clear();
    return contents.Read(content.sha256, 0, std::min(limit, content.size_bytes),
                         [&](absl::string_view piece) {
                           bytes.append(piece.data(), piece.size());
                           return static_cast<int64_t>(bytes.size()) < limit;
                         });
  };
  RETURN_IF_ERROR(read_up_to(static_cast<int64_t>(MediaTypes::kHeadBytes)));
  if (NeedsAll(content.extension, *media_type, bytes)) RETURN_IF_ERROR(read_up_to(kMaxMarkup + 1));
  if (media_type->empty())
    *media_type = media_types.Of(absl::string_view(bytes).substr(0, MediaTypes::kHeadBytes));
  return CheckContent(content.rule, content.name, content.extension, *media_type, bytes,
                      static_cast<int64_t>(bytes.size()) >= content.size_bytes);
}

}  // namespace cognate::file_transfer

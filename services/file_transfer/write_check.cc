#include "services/file_transfer/write_check.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/access/gate.h"
#include "common/clock/time_proto.h"
#include "common/files/digest.h"
#include "common/status/status_macros.h"
#include "services/file_transfer/contents.h"
#include "services/file_transfer/errors.h"

namespace cognate::file_transfer {
namespace {

constexpr size_t kShortestName = 16;
constexpr size_t kLongestName = 64;
constexpr size_t kLongestPlatform = 200;
constexpr size_t kLongestNote = 16 << 10;
constexpr absl::Duration kDefaultLifetime = absl::Hours(24);
constexpr absl::Duration kShortestLifetime = absl::Minutes(1);
constexpr absl::Duration kLongestLifetime = absl::Hours(30 * 24);

bool IsOfName(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '_' || c == '-';
}

}  // namespace

absl::StatusOr<std::string> PlatformOf(const Parts& parts, const grpc_support::Rpc& rpc,
                                       absl::string_view named) {
  const std::string platform(absl::StripPrefix(named, "platforms/"));
  if (platform.empty() || platform.size() > kLongestPlatform)
    return InvalidField("platform", "want the id of the platform whose files these are");
  RETURN_IF_ERROR(access::CheckPlatform(rpc.principal(), platform));
  // A key has proved that its own is there.
  if (!IsOfPlatform(rpc)) RETURN_IF_ERROR(parts.platforms.Check(platform));
  return platform;
}

absl::Status CheckUploadName(absl::string_view name) {
  if (name.size() < kShortestName || name.size() > kLongestName ||
      !std::all_of(name.begin(), name.end(), IsOfName)) {
    return InvalidField("upload", absl::StrCat("got ", name.size(), " bytes, want ", kShortestName, " to ",
                                               kLongestName, " characters of A-Z a-z 0-9 . _ -"));
  }
  return absl::OkStatus();
}

absl::Status CheckSha256(absl::string_view field, absl::string_view sha256) {
  if (sha256.size() == files::kSha256Bytes) return absl::OkStatus();
  return InvalidField(field, absl::StrCat("got ", sha256.size(), " bytes, want ", files::kSha256Bytes));
}

absl::StatusOr<Upload> UploadOf(const v1::WriteRequest& first) {
  RETURN_IF_ERROR(CheckUploadName(first.upload()));
  if (first.write_offset() < 0)
    return InvalidField("write_offset", absl::StrCat("got ", first.write_offset(), ", want at least 0"));
  if (!first.sha256().empty()) RETURN_IF_ERROR(CheckSha256("sha256", first.sha256()));
  if (first.has_size_bytes() && first.size_bytes() < -1)
    return InvalidField("size_bytes", absl::StrCat("got ", first.size_bytes(), ", want at least -1"));
  if (first.note().size() > kLongestNote)
    return InvalidField("note",
                        absl::StrCat("got ", first.note().size(), " bytes, want at most ", kLongestNote));
  Upload upload;
  upload.note = first.note();
  upload.name = first.upload();
  upload.partial = NewPartialName();
  upload.size_bytes = first.has_size_bytes() ? first.size_bytes() : -1;
  upload.sha256 = first.sha256();
  upload.lifetime = first.has_lifetime() ? ToDuration(first.lifetime()) : kDefaultLifetime;
  if (upload.lifetime < kShortestLifetime || upload.lifetime > kLongestLifetime) {
    return InvalidField(
        "lifetime", absl::StrCat("got ", absl::FormatDuration(upload.lifetime), ", want 1 min to 30 days"));
  }
  return upload;
}

absl::Status CheckSame(const Upload& known, const Upload& said) {
  if (said.size_bytes >= 0 && known.size_bytes >= 0 && said.size_bytes != known.size_bytes) {
    return InvalidField("size_bytes", absl::StrCat("got ", said.size_bytes, ", and ", known.size_bytes,
                                                   " in an earlier call of this upload"));
  }
  if (!said.sha256.empty() && !known.sha256.empty() && said.sha256 != known.sha256)
    return InvalidField("sha256", "an earlier call of this upload said another; take another upload");
  return absl::OkStatus();
}

absl::Status CheckPiece(const v1::WriteRequest& message, bool is_first) {
  const auto size = static_cast<int64_t>(message.data().size());
  if (size > kLongestPiece)
    return InvalidField("data", absl::StrCat("got ", size, " bytes, want at most ", kLongestPiece));
  if (message.has_copy()) {
    RETURN_IF_ERROR(CheckSha256("copy.sha256", message.copy().sha256()));
    if (message.copy().offset() < 0 || message.copy().length() < 1)
      return InvalidField("copy", "want an offset of at least 0 and a length of at least 1");
    return absl::OkStatus();
  }
  if (message.piece_case() == v1::WriteRequest::kCopyUpload) return CheckUploadName(message.copy_upload());
  if (size == 0 && !message.finish_write() && !is_first)
    return InvalidField("data", "got nothing, want bytes, or finish_write");
  return absl::OkStatus();
}

}  // namespace cognate::file_transfer

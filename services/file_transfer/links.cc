#include "services/file_transfer/links.h"

#include <algorithm>
#include <cstdint>
#include <optional>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/clock/time_proto.h"
#include "common/files/digest.h"
#include "common/status/status_macros.h"
#include "services/file_transfer/errors.h"
#include "services/file_transfer/parts.h"
#include "services/file_transfer/write_check.h"

namespace cognate::file_transfer {
namespace {

// Of what is signed. Another form of it gets another number.
constexpr char kVersion = 1;
constexpr size_t kTimeBytes = 8;
constexpr size_t kSignatureBytes = 32;
constexpr size_t kHeadBytes = 1 + kTimeBytes + files::kSha256Bytes;
constexpr size_t kLongestName = 255;
constexpr size_t kLongestToken = 1024;
constexpr size_t kShortestKey = 32;
constexpr char kKind[] = "cognate link\n";
// It stands in a column for long, which has not much room: half of the signature is as good.
constexpr char kLastingKind[] = "cognate lasting link\n";
constexpr size_t kLastingSignatureBytes = 16;
constexpr size_t kLongestLastingToken = 4096;
constexpr absl::Duration kDefaultLifetime = absl::Hours(1);
constexpr absl::Duration kShortestLifetime = absl::Minutes(1);
constexpr absl::Duration kLongestLifetime = absl::Hours(7 * 24);

// Whatever else the key signs is none of this kind.
std::string Signature(const std::string& key, absl::string_view kind, absl::string_view payload) {
  const std::string text = absl::StrCat(kind, payload);
  unsigned char bytes[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), bytes, &size);
  return std::string(reinterpret_cast<const char*>(bytes), size);
}

// The contract's texts are UTF-8: what is none does not come here.
bool IsName(absl::string_view name) {
  return std::none_of(name.begin(), name.end(), [](char c) {
    return absl::ascii_iscntrl(static_cast<unsigned char>(c)) || c == '/' || c == '\\';
  });
}

absl::Status NotOurs() { return LinkRefused("it is not one that was made here"); }

std::string TokenOf(absl::string_view signature, absl::string_view payload) {
  std::string token = absl::WebSafeBase64Escape(absl::StrCat(signature, payload));
  token.resize(token.find_last_not_of('=') + 1);
  return token;
}

}  // namespace

std::string Links::Sign(const Link& link) const {
  std::string payload(1, kVersion);
  const auto seconds = static_cast<uint64_t>(absl::ToUnixSeconds(link.expire_at));
  for (size_t byte = kTimeBytes; byte > 0; --byte)
    payload.push_back(static_cast<char>(seconds >> (8 * (byte - 1))));
  absl::StrAppend(&payload, link.sha256, link.name);
  return TokenOf(Signature(keys_.front(), kKind, payload), payload);
}

bool Links::IsSigned(absl::string_view kind, absl::string_view payload, absl::string_view signature) const {
  return std::any_of(keys_.begin(), keys_.end(), [&](const std::string& key) {
    return CRYPTO_memcmp(Signature(key, kind, payload).data(), signature.data(), signature.size()) == 0;
  });
}

absl::StatusOr<Link> Links::Open(absl::string_view token, absl::Time now) const {
  std::string text;
  if (token.size() > kLongestToken || !absl::WebSafeBase64Unescape(token, &text) ||
      text.size() < kSignatureBytes + kHeadBytes)
    return NotOurs();
  const absl::string_view signature = absl::string_view(text).substr(0, kSignatureBytes);
  const absl::string_view payload = absl::string_view(text).substr(kSignatureBytes);
  if (!IsSigned(kKind, payload, signature) || payload.front() != kVersion) return NotOurs();
  uint64_t seconds = 0;
  for (const char byte : payload.substr(1, kTimeBytes)) seconds = seconds << 8 | static_cast<uint8_t>(byte);
  Link link;
  link.expire_at = absl::FromUnixSeconds(static_cast<int64_t>(seconds));
  link.sha256 = std::string(payload.substr(1 + kTimeBytes, files::kSha256Bytes));
  link.name = std::string(payload.substr(kHeadBytes));
  if (now >= link.expire_at)
    return LinkRefused(absl::StrCat("it expired at ", absl::FormatTime(link.expire_at, absl::UTCTimeZone())));
  return link;
}

std::string Links::SignLasting(const LastingLink& link) const {
  std::string payload(1, kVersion);
  // Neither of the two has a NUL in it.
  absl::StrAppend(&payload, link.platform, absl::string_view("\0", 1), link.path);
  return TokenOf(Signature(keys_.front(), kLastingKind, payload).substr(0, kLastingSignatureBytes), payload);
}

absl::StatusOr<LastingLink> Links::OpenLasting(absl::string_view token) const {
  std::string text;
  if (token.size() > kLongestLastingToken || !absl::WebSafeBase64Unescape(token, &text) ||
      text.size() <= kLastingSignatureBytes)
    return NotOurs();
  const absl::string_view signature = absl::string_view(text).substr(0, kLastingSignatureBytes);
  const absl::string_view payload = absl::string_view(text).substr(kLastingSignatureBytes);
  const size_t end = payload.find('\0');
  if (!IsSigned(kLastingKind, payload, signature) || payload.front() != kVersion ||
      end == absl::string_view::npos)
    return NotOurs();
  return LastingLink{std::string(payload.substr(1, end - 1)), std::string(payload.substr(end + 1))};
}

absl::StatusOr<std::vector<std::string>> LinkKeys(absl::string_view text) {
  std::vector<std::string> keys;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    line = absl::StripAsciiWhitespace(line);
    if (line.empty()) continue;
    if (line.size() < kShortestKey) {
      return absl::FailedPreconditionError(absl::StrCat("link-key: got a key of ", line.size(),
                                                        " characters, want at least ", kShortestKey,
                                                        " on each line, at random: `openssl rand -hex 32`"));
    }
    keys.emplace_back(line);
  }
  return keys;
}

absl::StatusOr<v1::CreateLinkResponse> CreateLink(Parts& parts, const v1::CreateLinkRequest& request) {
  RETURN_IF_ERROR(CheckSha256("sha256", request.sha256()));
  if (request.name().size() > kLongestName || !IsName(request.name())) {
    return InvalidField("name", absl::StrCat("want a file's name: at most ", kLongestName,
                                             " bytes, no slash, no control character"));
  }
  const absl::Duration lifetime = request.has_lifetime() ? ToDuration(request.lifetime()) : kDefaultLifetime;
  if (lifetime < kShortestLifetime || lifetime > kLongestLifetime) {
    return InvalidField("lifetime",
                        absl::StrCat("got ", absl::FormatDuration(lifetime), ", want 1 min to 7 days"));
  }
  if (!parts.links.can_sign()) return NoLinkKey();
  ASSIGN_OR_RETURN(const std::vector<std::optional<v1::File>> files, parts.contents.Find({request.sha256()}));
  if (!files.front()) return FileNotFound(request.sha256());
  const Link link = {request.sha256(), request.name(), parts.clock.Now() + lifetime};
  // Also where no record leads to it.
  RETURN_IF_ERROR(parts.contents.KeepUntil(link.sha256, link.expire_at));
  v1::CreateLinkResponse response;
  response.set_path(absl::StrCat("/files/", parts.links.Sign(link)));
  *response.mutable_expire_time() = ToTimestamp(link.expire_at);
  return response;
}

absl::StatusOr<v1::OpenLinkResponse> OpenLink(Parts& parts, const v1::OpenLinkRequest& request) {
  ASSIGN_OR_RETURN(const Link link, parts.links.Open(request.token(), parts.clock.Now()));
  ASSIGN_OR_RETURN(const std::vector<std::optional<v1::File>> files, parts.contents.Find({link.sha256}));
  if (!files.front()) return FileNotFound(link.sha256);
  v1::OpenLinkResponse response;
  *response.mutable_file() = *files.front();
  RETURN_IF_ERROR(parts.contents.FillMediaType(response.mutable_file()));
  response.set_name(link.name);
  return response;
}

}  // namespace cognate::file_transfer

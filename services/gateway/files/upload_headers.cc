#include "services/gateway/files/upload_headers.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "common/files/digest.h"
#include "common/status/error.h"

namespace cognate::gateway {
namespace {

constexpr size_t kMaxMetadataBytes = 4096;
constexpr size_t kMaxParts = 1000;
constexpr size_t kShortestUpload = 16;
constexpr size_t kLongestUpload = 64;

bool IsOfName(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '_' || c == '-';
}

// Strict: with padding, and nothing that the alphabet does not have.
bool DecodeBase64(absl::string_view text, std::string* bytes) {
  const auto is_letter = [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '+' || c == '/' || c == '=';
  };
  return text.size() % 4 == 0 && std::all_of(text.begin(), text.end(), is_letter) &&
         absl::Base64Unescape(text, bytes);
}

size_t DigestBytes(absl::string_view algorithm) {
  if (algorithm == "md5") return 16;
  if (algorithm == "sha1") return 20;
  return algorithm == "sha256" ? 32 : 0;
}

}  // namespace

absl::Status InvalidHeader(absl::string_view header, absl::string_view description) {
  return Error(absl::StatusCode::kInvalidArgument, "INVALID_HEADER", absl::StrCat(header, ": ", description))
      .With("header", header);
}

absl::StatusOr<int64_t> ParseByteCount(absl::string_view header, absl::string_view text) {
  int64_t count = 0;
  const bool is_number = !text.empty() && std::all_of(text.begin(), text.end(), absl::ascii_isdigit);
  if (is_number && absl::SimpleAtoi(text, &count)) return count;
  return InvalidHeader(header, "want a whole number of bytes");
}

const std::string* UploadMetadata::Find(absl::string_view name) const {
  const auto found =
      std::find_if(values.begin(), values.end(), [&](const auto& value) { return value.first == name; });
  return found == values.end() ? nullptr : &found->second;
}

absl::StatusOr<UploadMetadata> ParseUploadMetadata(absl::string_view text) {
  constexpr char kHeader[] = "upload-metadata";
  if (text.size() > kMaxMetadataBytes)
    return InvalidHeader(kHeader,
                         absl::StrCat("got ", text.size(), " bytes, want at most ", kMaxMetadataBytes));
  UploadMetadata metadata;
  if (text.empty()) return metadata;
  for (const absl::string_view pair : absl::StrSplit(text, ',')) {
    const std::pair<absl::string_view, absl::string_view> parts =
        absl::StrSplit(absl::StripAsciiWhitespace(pair), absl::MaxSplits(' ', 1));
    const bool is_name =
        !parts.first.empty() && std::all_of(parts.first.begin(), parts.first.end(), absl::ascii_isgraph);
    std::string value;
    if (!is_name || !DecodeBase64(absl::StripAsciiWhitespace(parts.second), &value))
      return InvalidHeader(kHeader,
                           "want names, each with a space and its value in base64, and commas between");
    if (metadata.Find(parts.first) != nullptr) return InvalidHeader(kHeader, "a name is there twice");
    metadata.values.emplace_back(std::string(parts.first), std::move(value));
  }
  return metadata;
}

absl::StatusOr<std::string> Sha256Of(const UploadMetadata& metadata) {
  const std::string* const text = metadata.Find("sha256");
  if (text == nullptr) return std::string();
  std::string sha256 = files::ParseSha256(*text);
  if (!sha256.empty()) return sha256;
  return InvalidHeader("upload-metadata", "sha256: want 64 hexadecimal digits (in base64, as every value)");
}

absl::StatusOr<UploadConcat> ParseUploadConcat(absl::string_view text) {
  constexpr char kHeader[] = "upload-concat";
  UploadConcat concat;
  if (text.empty()) return concat;
  if (text == "partial") {
    concat.is_partial = true;
    return concat;
  }
  if (!absl::ConsumePrefix(&text, "final;"))
    return InvalidHeader(kHeader, "want partial, or final;{uploads}");
  concat.is_final = true;
  for (const absl::string_view path : absl::StrSplit(text, ' ', absl::SkipEmpty())) {
    std::optional<std::string> name = UploadOfPath(path);
    if (!name) return InvalidHeader(kHeader, "want addresses of partial uploads, with spaces between");
    concat.parts.push_back(*std::move(name));
    if (concat.parts.size() > kMaxParts)
      return InvalidHeader(kHeader, absl::StrCat("want at most ", kMaxParts, " parts"));
  }
  if (concat.parts.empty()) return InvalidHeader(kHeader, "final: want at least one partial upload");
  return concat;
}

absl::StatusOr<UploadChecksum> ParseUploadChecksum(absl::string_view text) {
  constexpr char kHeader[] = "upload-checksum";
  const std::pair<absl::string_view, absl::string_view> parts = absl::StrSplit(text, absl::MaxSplits(' ', 1));
  const std::string algorithm = absl::AsciiStrToLower(parts.first);
  const size_t size = DigestBytes(algorithm);
  if (size == 0) return InvalidHeader(kHeader, absl::StrCat("want one of ", kChecksumAlgorithms));
  std::string digest;
  if (!DecodeBase64(parts.second, &digest) || digest.size() != size)
    return InvalidHeader(kHeader, absl::StrCat("want the ", size, " bytes of the checksum in base64"));
  return UploadChecksum{algorithm, digest};
}

std::optional<std::string> UploadOfPath(absl::string_view path) {
  if (absl::ConsumePrefix(&path, "http://") || absl::ConsumePrefix(&path, "https://"))
    path.remove_prefix(std::min(path.find('/'), path.size()));
  if (!absl::ConsumePrefix(&path, kTusPath) || !absl::ConsumePrefix(&path, "/")) return std::nullopt;
  if (path.size() < kShortestUpload || path.size() > kLongestUpload ||
      !std::all_of(path.begin(), path.end(), IsOfName))
    return std::nullopt;
  return std::string(path);
}

}  // namespace cognate::gateway

#include "common/s3/signer.h"

#include <algorithm>

#include <openssl/crypto.h>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "common/s3/encoding.h"

namespace cognate::s3 {
namespace {

using absl::StrAppend;
using absl::StrCat;

constexpr char kAlgorithm[] = "AWS4-HMAC-SHA256";

void Wipe(std::string& secret) { OPENSSL_cleanse(secret.data(), secret.size()); }

std::string Day(absl::Time time) { return absl::FormatTime("%Y%m%d", time, absl::UTCTimeZone()); }

std::string ScopeText(const Scope& scope, absl::Time now) {
  return StrCat(Day(now), "/", scope.region, "/", scope.service, "/aws4_request");
}

// Sorted by the encoded name, then by the encoded value.
std::string CanonicalQuery(const Pairs& query) {
  Pairs encoded;
  for (const auto& [name, value] : query) encoded.emplace_back(Encode(name), Encode(value));
  std::sort(encoded.begin(), encoded.end());
  std::string text;
  for (const auto& [name, value] : encoded) StrAppend(&text, text.empty() ? "" : "&", name, "=", value);
  return text;
}

// Runs of blanks are one, those at the ends none.
std::string Trimmed(absl::string_view value) {
  std::string trimmed(value);
  absl::RemoveExtraAsciiWhitespace(&trimmed);
  return trimmed;
}

// With Host, names in lower case, sorted; the values of one name stay in their order, with commas.
Pairs CanonicalHeaders(const Signable& request) {
  Pairs headers = {{"host", request.host}};
  for (const auto& [name, value] : request.headers)
    headers.emplace_back(absl::AsciiStrToLower(name), Trimmed(value));
  std::stable_sort(headers.begin(), headers.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  Pairs merged;
  for (auto& header : headers) {
    if (!merged.empty() && merged.back().first == header.first) {
      StrAppend(&merged.back().second, ",", header.second);
    } else {
      merged.push_back(std::move(header));
    }
  }
  return merged;
}

std::string SignedHeaders(const Pairs& canonical) {
  std::string names;
  for (const auto& header : canonical) StrAppend(&names, names.empty() ? "" : ";", header.first);
  return names;
}

std::string CanonicalRequest(const Signable& request, const Pairs& headers) {
  std::string text =
      StrCat(request.method, "\n", EncodePath(request.path), "\n", CanonicalQuery(request.query), "\n");
  for (const auto& [name, value] : headers) StrAppend(&text, name, ":", value, "\n");
  StrAppend(&text, "\n", SignedHeaders(headers), "\n", request.payload_hash);
  return text;
}

std::string Signature(absl::string_view canonical_request, const Credentials& credentials, const Scope& scope,
                      absl::Time now) {
  std::string first = StrCat("AWS4", credentials.secret_key);
  std::string of_day = HmacSha256(first, Day(now));
  Wipe(first);
  const std::string of_region = HmacSha256(of_day, scope.region);
  const std::string of_service = HmacSha256(of_region, scope.service);
  std::string key = HmacSha256(of_service, "aws4_request");
  std::string signature =
      ToHex(HmacSha256(key, StrCat(kAlgorithm, "\n", AmzDate(now), "\n", ScopeText(scope, now), "\n",
                                   Sha256Hex(canonical_request))));
  Wipe(of_day);
  Wipe(key);
  return signature;
}

}  // namespace

Credentials::Credentials(std::string access, std::string secret, std::string token)
    : access_key(std::move(access)), secret_key(std::move(secret)), session_token(std::move(token)) {}

Credentials::~Credentials() {
  Wipe(secret_key);
  Wipe(session_token);
}

std::string Target(const Signable& request) {
  const std::string query = CanonicalQuery(request.query);
  return StrCat(EncodePath(request.path), query.empty() ? "" : "?", query);
}

std::string Authorization(const Signable& request, const Credentials& credentials, const Scope& scope,
                          absl::Time now) {
  const Pairs headers = CanonicalHeaders(request);
  return StrCat(kAlgorithm, " Credential=", credentials.access_key, "/", ScopeText(scope, now),
                ",SignedHeaders=", SignedHeaders(headers),
                ",Signature=", Signature(CanonicalRequest(request, headers), credentials, scope, now));
}

std::string PresignedTarget(Signable request, const Credentials& credentials, const Scope& scope,
                            absl::Time now, absl::Duration lifetime) {
  const Pairs headers = CanonicalHeaders(request);
  request.payload_hash = kUnsignedPayload;
  request.query.insert(request.query.end(),
                       {{"X-Amz-Algorithm", kAlgorithm},
                        {"X-Amz-Credential", StrCat(credentials.access_key, "/", ScopeText(scope, now))},
                        {"X-Amz-Date", AmzDate(now)},
                        {"X-Amz-Expires", StrCat(absl::ToInt64Seconds(lifetime))},
                        {"X-Amz-SignedHeaders", SignedHeaders(headers)}});
  if (!credentials.session_token.empty())
    request.query.emplace_back("X-Amz-Security-Token", credentials.session_token);
  const std::string signature = Signature(CanonicalRequest(request, headers), credentials, scope, now);
  return StrCat(Target(request), "&X-Amz-Signature=", signature);
}

std::string AmzDate(absl::Time time) { return absl::FormatTime("%Y%m%dT%H%M%SZ", time, absl::UTCTimeZone()); }

}  // namespace cognate::s3

#include "common/s3/location.h"

#include <algorithm>

#include <arpa/inet.h>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/access/loopback.h"

namespace cognate::s3 {
namespace {

using absl::StrCat;

constexpr size_t kMaxPrefix = 512;  // of the 1,024 bytes of a key
constexpr size_t kMaxRegion = 64;

bool IsLowerOrDigit(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return absl::ascii_islower(byte) || absl::ascii_isdigit(byte);
}

bool IsBucketName(absl::string_view name) {
  return name.size() >= 3 && name.size() <= 63 && IsLowerOrDigit(name.front()) &&
         IsLowerOrDigit(name.back()) && !absl::StrContains(name, "..") &&
         std::all_of(name.begin(), name.end(),
                     [](char c) { return IsLowerOrDigit(c) || c == '-' || c == '.'; });
}

absl::Status Fault(absl::string_view what) { return absl::InvalidArgumentError(what); }

absl::string_view WithoutPort(absl::string_view host) {
  const size_t colon = host.rfind(':');
  return colon == absl::string_view::npos || absl::EndsWith(host, "]") ? host : host.substr(0, colon);
}

bool IsAddress(absl::string_view host) {
  const std::string name(WithoutPort(host));
  in_addr address;
  return absl::StartsWith(name, "[") || inet_pton(AF_INET, name.c_str(), &address) == 1;
}

bool IsThisMachine(absl::string_view host) { return access::IsLoopback(StrCat(WithoutPort(host), ":80")); }

bool IsHost(absl::string_view host) {
  const absl::string_view name = WithoutPort(host);
  if (name.empty() || (name.size() != host.size() && name.size() + 1 == host.size())) return false;
  if (name.size() != host.size()) {
    int port = 0;
    if (!absl::SimpleAtoi(host.substr(name.size() + 1), &port) || port < 1 || port > 65'535) return false;
  }
  const bool is_six = absl::StartsWith(name, "[") && absl::EndsWith(name, "]");
  return std::all_of(name.begin() + (is_six ? 1 : 0), name.end() - (is_six ? 1 : 0), [&](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '.' || (is_six && c == ':');
  });
}

bool IsRegion(absl::string_view region) {
  return !region.empty() && region.size() <= kMaxRegion &&
         std::all_of(region.begin(), region.end(), [](char c) { return IsLowerOrDigit(c) || c == '-'; });
}

}  // namespace

absl::StatusOr<BucketAndPrefix> ParseLocation(absl::string_view location) {
  absl::string_view rest = location;
  if (!absl::ConsumePrefix(&rest, "s3://")) return Fault("no s3:// at the beginning");
  const size_t slash = std::min(rest.find('/'), rest.size());
  BucketAndPrefix parsed;
  parsed.bucket = std::string(rest.substr(0, slash));
  if (!IsBucketName(parsed.bucket))
    return Fault("no bucket: its name has 3 to 63 of a-z, 0-9, - and ., as in s3://bucket/prefix");
  rest.remove_prefix(slash);
  while (absl::ConsumePrefix(&rest, "/")) {
  }
  while (absl::ConsumeSuffix(&rest, "/")) {
  }
  if (rest.size() > kMaxPrefix)
    return Fault(StrCat("a prefix of ", rest.size(), " bytes, want at most ", kMaxPrefix));
  const auto is_fit = [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
           absl::string_view("/-_.").find(c) != absl::string_view::npos;
  };
  const std::string parts = StrCat("/", rest, "/");
  if (!std::all_of(rest.begin(), rest.end(), is_fit) || absl::StrContains(rest, "//") ||
      absl::StrContains(parts, "/./") || absl::StrContains(parts, "/../"))
    return Fault("a prefix that is no path of A-Z, a-z, 0-9, -, _ and .");
  parsed.prefix = std::string(rest);
  return parsed;
}

absl::StatusOr<Endpoint> ParseEndpoint(const EndpointOptions& options) {
  if (!IsRegion(options.region)) return Fault("no region, such as us-east-1");
  const std::string amazon = StrCat("https://s3.", options.region, ".amazonaws.com");
  absl::string_view rest = options.endpoint.empty() ? amazon : options.endpoint;
  Endpoint endpoint;
  endpoint.scheme = absl::ConsumePrefix(&rest, "http://") ? "http" : "https";
  if (endpoint.scheme == "https" && !absl::ConsumePrefix(&rest, "https://"))
    return Fault("no https:// at the beginning");
  absl::ConsumeSuffix(&rest, "/");
  if (absl::StrContains(rest, '@')) return Fault("a name or password in it; keys are settings of their own");
  if (!IsHost(rest)) return Fault("more or less than https://host or https://host:port");
  if (endpoint.scheme == "http" && !options.allow_plaintext && !IsThisMachine(rest))
    return Fault("http:// to another machine, want https://: whoever is between reads every file");
  if (!options.path_style && IsAddress(rest))
    return Fault(
        "an address without a name, want path style (--s3-path-style): no bucket can stand before it");
  absl::ConsumeSuffix(&rest, endpoint.scheme == "http" ? ":80" : ":443");
  endpoint.host = absl::AsciiStrToLower(rest);
  return endpoint;
}

absl::StatusOr<Bucket> Bucket::Create(const Endpoint& endpoint, absl::string_view bucket, bool path_style) {
  if (!IsBucketName(bucket)) return Fault("no bucket: its name has 3 to 63 of a-z, 0-9, - and .");
  if (!path_style && endpoint.scheme == "https" && absl::StrContains(bucket, '.'))
    return Fault("a bucket with a dot, want path style (--s3-path-style): no certificate is for its host");
  Bucket made;
  made.name_ = std::string(bucket);
  made.scheme_ = endpoint.scheme;
  made.host_ = path_style ? endpoint.host : StrCat(bucket, ".", endpoint.host);
  made.base_path_ = path_style ? StrCat("/", bucket) : "";
  return made;
}

std::string Bucket::Path(absl::string_view key) const {
  if (key.empty()) return base_path_.empty() ? "/" : base_path_;
  return StrCat(base_path_, "/", key);
}

std::string Bucket::Url(absl::string_view target) const { return StrCat(scheme_, "://", host_, target); }

}  // namespace cognate::s3

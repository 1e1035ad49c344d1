// AWS Signature Version 4, pure: what is signed goes in, the signature comes out.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace cognate::s3 {

// The secrets are wiped when it is destroyed.
struct Credentials {
  std::string access_key;
  std::string secret_key;
  std::string session_token = {};  // of temporary ones

  Credentials() = default;
  Credentials(std::string access, std::string secret, std::string token = "");
  Credentials(const Credentials&) = default;
  Credentials& operator=(const Credentials&) = default;
  ~Credentials();
};

using Pairs = std::vector<std::pair<std::string, std::string>>;

inline constexpr char kUnsignedPayload[] = "UNSIGNED-PAYLOAD";

// One request as it will travel. Nothing in it is encoded yet.
struct Signable {
  std::string method;
  std::string host;  // as the header Host: with its port unless that is the scheme's own
  std::string path;  // begins with `/`
  Pairs query = {};
  Pairs headers = {};        // all of them are signed; without Host
  std::string payload_hash;  // SHA-256 in hex, or kUnsignedPayload
};

struct Scope {
  std::string region;
  std::string service = "s3";
};

// The path and the query as they are sent, so that what travels is what was signed:
// `/a%20b?max-keys=2&prefix=J`.
std::string Target(const Signable& request);

// The header Authorization. `request.headers` have X-Amz-Date of `now` (see AmzDate) already, and what else
// is to be signed.
std::string Authorization(const Signable& request, const Credentials& credentials, const Scope& scope,
                          absl::Time now);

// The target with the signature in its query: whoever has it may make the request until `lifetime` (at most 7
// days) has passed.
std::string PresignedTarget(Signable request, const Credentials& credentials, const Scope& scope,
                            absl::Time now, absl::Duration lifetime);

// "20130524T000000Z".
std::string AmzDate(absl::Time time);

}  // namespace cognate::s3

// Where a Redis is, and who we are there.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace cognate::redis {

struct Endpoint {
  std::string host = "localhost";
  int port = 6379;
  bool operator==(const Endpoint&) const = default;
};

// "host:port", "[::1]:port".
std::string Format(const Endpoint& endpoint);

struct Address {
  std::string unix_path;  // empty: TCP
  std::string host = "localhost";
  int port = 6379;
  int database = 0;
  std::string user;
  std::string password;
  // Not empty: one of these says where the primary of this name is; host and port say nothing.
  std::vector<Endpoint> sentinels;
  std::string primary_name;
  std::string sentinel_password;  // never within a text
};

// "unix:/path", "redis://[user:password@]host[:port][/db]" (percent encoding in user and password;
// `:password@` works), "host:port", or "redis-sentinel://[user:password@]host[:port],host[:port]/name[/db]",
// whose user and password are those of Redis. INVALID_ARGUMENT otherwise, without the password in the
// message.
absl::StatusOr<Address> ParseAddress(absl::string_view text);

}  // namespace cognate::redis

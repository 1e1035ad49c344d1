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

// In PEM; empty ones are left out.
struct TlsFiles {
  std::string ca;           // who may vouch for the server; empty: whom the machine trusts
  std::string certificate;  // of this client, with its chain
  std::string key;
};

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
  // Not empty: nodes of a Redis Cluster, any of which says where a key is.
  std::vector<Endpoint> nodes;
  bool tls = false;    // also to the sentinels
  TlsFiles tls_files;  // never within a text
};

// "unix:/path", "redis://[user:password@]host[:port][/db]" (percent encoding in user and password;
// `:password@` works), "host:port", "redis-sentinel://[user:password@]host[:port],host[:port]/name[/db]",
// whose user and password are those of Redis, or "redis-cluster://[user:password@]host[:port],host[:port]".
// With "rediss" in the place of "redis" by TLS. INVALID_ARGUMENT otherwise, without the password in the
// message.
absl::StatusOr<Address> ParseAddress(absl::string_view text);

// What all keys begin with, at an address that is valid. In a cluster a part of it stands in braces, so that
// all keys are in one slot: commands that concern several of them are possible there, and one connection
// reaches all.
std::string PrefixAt(absl::string_view address, absl::string_view prefix);

}  // namespace cognate::redis

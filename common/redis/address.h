// Where a Redis is, and who we are there.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace cognate::redis {

struct Address {
  std::string unix_path;  // empty: TCP
  std::string host = "localhost";
  int port = 6379;
  int database = 0;
  std::string user;
  std::string password;
};

// "unix:/path", "redis://[user:password@]host[:port][/db]" (percent encoding in user and password;
// `:password@` works) or "host:port". INVALID_ARGUMENT otherwise, without the password in the message.
absl::StatusOr<Address> ParseAddress(absl::string_view text);

}  // namespace cognate::redis

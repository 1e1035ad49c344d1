#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace cognate::http {

// Where a process of this machine answers on its admin port.
struct AdminAddress {
  std::string host;
  int port = 0;

  std::string Text() const;  // host:port, with brackets where they belong.
};

// Reads what --admin (COGNATE_ADMIN) says. A process that listens on every address is asked on loopback.
absl::StatusOr<AdminAddress> ReadAdminAddress(absl::string_view text);

}  // namespace cognate::http

// Which pages in browsers may call.
#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "common/http/message.h"

namespace cognate::gateway {

class Cors {
 public:
  // Origins such as "https://console.example.org", or "*". None: pages of the gateway's own address alone.
  explicit Cors(std::vector<std::string> origins) : origins_(std::move(origins)) {}

  // Whether the request asks on a page's behalf what it may do, and the page may.
  bool IsPreflight(const http::Request& request) const;
  http::Response Preflight(const http::Request& request) const;
  // For the answer to a page that may call.
  void AddHeaders(const http::Request& request, http::Headers& headers) const;

 private:
  bool Allows(absl::string_view origin) const;
  const std::vector<std::string> origins_;
};

}  // namespace cognate::gateway

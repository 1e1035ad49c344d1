// Which endpoint answers which path. A group of endpoints is a file of its own, with a function that adds
// them here.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "services/gateway/call.h"

namespace cognate::gateway {

class Routes {
 public:
  // On the thread of the HTTP server, with the whole request: must not block, and answers the call, now or
  // later.
  using Endpoint = std::function<void(const CallPtr& call)>;

  explicit Routes(CallParts& parts) : parts_(parts) {}

  // All before the first request. `methods` with commas: "GET,POST".
  void Add(absl::string_view methods, absl::string_view path, Endpoint endpoint);
  // Of all paths that begin so and have no endpoint of their own; the longest counts. It looks at the HTTP
  // method itself.
  void AddPrefix(std::string prefix, Endpoint endpoint);

  void Handle(const http::ExchangePtr& exchange) const;

 private:
  struct Exact {
    std::vector<std::string> methods;
    Endpoint endpoint;
  };

  CallParts& parts_;
  absl::flat_hash_map<std::string, Exact> exact_;
  std::vector<std::pair<std::string, Endpoint>> prefixes_;  // The longest first.
};

// 405, with what is allowed.
void RefuseMethod(Call& call, absl::string_view allowed);
// 404.
void RefusePath(Call& call);

}  // namespace cognate::gateway

#include "services/gateway/routes.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "common/status/error.h"
#include "services/gateway/connect_error.h"

namespace cognate::gateway {

void Routes::Add(absl::string_view methods, absl::string_view path, Endpoint endpoint) {
  exact_[std::string(path)] = {absl::StrSplit(methods, ','), std::move(endpoint)};
}

void Routes::AddPrefix(std::string prefix, Endpoint endpoint) {
  prefixes_.emplace_back(std::move(prefix), std::move(endpoint));
  std::sort(prefixes_.begin(), prefixes_.end(),
            [](const auto& a, const auto& b) { return a.first.size() > b.first.size(); });
}

void Routes::Handle(const http::ExchangePtr& exchange) const {
  const auto call = std::make_shared<Call>(parts_, exchange);
  const http::Request& request = exchange->request();
  if (parts_.cors.IsPreflight(request)) return exchange->Respond(parts_.cors.Preflight(request));
  if (const auto found = exact_.find(request.path); found != exact_.end()) {
    const std::vector<std::string>& methods = found->second.methods;
    if (std::find(methods.begin(), methods.end(), request.method) == methods.end())
      return RefuseMethod(*call, absl::StrJoin(methods, ", "));
    return found->second.endpoint(call);
  }
  for (const auto& [prefix, endpoint] : prefixes_) {
    if (absl::StartsWith(request.path, prefix)) return endpoint(call);
  }
  RefusePath(*call);
}

void RefuseMethod(Call& call, absl::string_view allowed) {
  const absl::Status status = Error(absl::StatusCode::kUnimplemented, "HTTP_METHOD_NOT_ALLOWED",
                                    absl::StrCat("this path takes ", allowed, " alone"))
                                  .With("allowed", allowed);
  http::Response response = ConnectError(status, 405);
  response.headers.push_back({"allow", std::string(allowed)});
  call.Answer(std::move(response), status);
}

void RefusePath(Call& call) {
  call.Refuse(Error(absl::StatusCode::kUnimplemented, "PATH_NOT_FOUND",
                    "there is nothing at this path; RPCs are at POST /cognate.v1.{Service}/{Method} "
                    "(docs/gateway.md)"),
              404);
}

}  // namespace cognate::gateway

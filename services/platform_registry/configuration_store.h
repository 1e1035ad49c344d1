// What all writers of the configuration share: the lock, the revision and the answers to creates.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/postgres/pool.h"
#include "common/status/status_macros.h"
#include "services/platform_registry/configuration.h"

namespace cognate::platform_registry {

// Writers of the configuration take turns: what one checks under this lock still holds when it commits.
absl::Status LockConfiguration(postgres::Transaction& transaction);
absl::StatusOr<int64_t> RaiseRevision(postgres::Transaction& transaction);
absl::StatusOr<int64_t> ReadRevision(postgres::Transaction& transaction);
// What another statement answers, and the revision beside it in the same round trip.
absl::StatusOr<postgres::Rows> QueryWithRevision(postgres::Transaction& transaction,
                                                 const postgres::Statement& statement,
                                                 const postgres::Params& params, int64_t* revision);
// All of it; ConfigurationCache reads what has changed.
absl::StatusOr<Configuration> LoadConfiguration(postgres::Transaction& transaction);

// A create as its caller named it. Without a request id nothing is kept.
struct CreateRequest {
  absl::string_view method;
  std::string request_id;
  std::string content;  // the serialized request
};
// The serialized answer of the first time. REQUEST_ID_REUSED when it came with other content.
absl::StatusOr<std::optional<std::string>> FindAnswer(postgres::Transaction& transaction,
                                                      const CreateRequest& request);
// For at least 24 hours.
absl::Status KeepAnswer(postgres::Transaction& transaction, const CreateRequest& request,
                        absl::string_view response);

// Runs `create` under the configuration's lock, once for each request id.
template <typename Response>
absl::StatusOr<Response> CreateOnce(
    postgres::Pool& pool, const CreateRequest& request,
    absl::FunctionRef<absl::StatusOr<Response>(postgres::Transaction&)> create) {
  Response response;
  RETURN_IF_ERROR(pool.InTransaction(request.method, [&](postgres::Transaction& transaction) -> absl::Status {
    RETURN_IF_ERROR(LockConfiguration(transaction));
    ASSIGN_OR_RETURN(const std::optional<std::string> answer, FindAnswer(transaction, request));
    if (answer.has_value() && response.ParseFromString(*answer)) return absl::OkStatus();
    ASSIGN_OR_RETURN(response, create(transaction));
    return KeepAnswer(transaction, request, response.SerializeAsString());
  }));
  return response;
}

}  // namespace cognate::platform_registry

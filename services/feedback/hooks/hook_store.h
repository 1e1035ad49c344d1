#pragma once

#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/postgres/pool.h"
#include "services/feedback/hooks/hook.h"

namespace cognate::feedback {

// The table `event_hooks`. Thread safe.
class HookStore {
 public:
  explicit HookStore(postgres::Pool& pool) : pool_(pool) {}

  // From now on: `next` is the newest position. The row that there is where it was made by the same request;
  // ALREADY_EXISTS EVENT_HOOK_ALREADY_EXISTS for another one.
  absl::StatusOr<Hook> Create(const Hook& hook, const std::string& request_id);
  // NOT_FOUND EVENT_HOOK_NOT_FOUND.
  absl::StatusOr<Hook> Get(const std::string& id);
  // By id, those after `after`.
  absl::StatusOr<std::vector<Hook>> List(const std::string& after, int limit);
  // `change` is given the configuration as it is. What was broken is taken up again. As Get; ABORTED
  // ETAG_MISMATCH where `etag` is another one, unless empty.
  absl::StatusOr<Hook> Update(const std::string& id, const std::string& etag,
                              absl::FunctionRef<absl::Status(v1::EventHook*)> change);
  absl::Status Delete(const std::string& id);

  // --- For the sender `owner` ---

  // Takes what nobody sends, and keeps what it has; all that it may send until `until`.
  absl::StatusOr<std::vector<Hook>> Lease(const std::string& owner, absl::Time now, absl::Time until);
  absl::Status ReleaseAll(const std::string& owner);
  // ABORTED when the hook is not this owner's any more, or is gone: all of these.
  absl::Status SetPending(const std::string& id, const std::string& owner, const HookMessage& message);
  absl::Status SetSent(const std::string& id, const std::string& owner, absl::Time now);
  // Nothing before it is to be sent.
  absl::Status SetNext(const std::string& id, const std::string& owner, const WatchPosition& next);
  absl::Status SetError(const std::string& id, const std::string& owner, absl::string_view error);
  absl::Status Stop(const std::string& id, const std::string& owner, absl::string_view why);
  // Events before `next` are gone.
  absl::Status SetLost(const std::string& id, const std::string& owner, const WatchPosition& next,
                       absl::string_view why);

 private:
  absl::Status Touch(const postgres::Statement& statement, const postgres::Params& params);

  postgres::Pool& pool_;
};

}  // namespace cognate::feedback

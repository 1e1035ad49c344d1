#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "cognate/v1/feedback_service.pb.h"
#include "common/postgres/pool.h"
#include "services/feedback/trouble.h"
#include "services/feedback/trouble_criteria.h"
#include "services/feedback/ways.h"

namespace cognate::feedback {

// Where a page of ListTroubles goes on: after this row.
struct TroublePosition {
  absl::Time created;
  TroubleKey key;
};

// How many troubles there are of one kind, for statistics.
struct TroubleCount {
  std::string platform;
  std::string model;
  std::string source_platform;
  std::string source_model;
  v1::ReplicaState state;
  int64_t count;
  absl::Time oldest;
};

// The table `troubles`. Methods that take a transaction belong to Report; the others are one transaction
// each. Whole batches only: no statement for a single record. Thread safe.
class TroubleStore {
 public:
  explicit TroubleStore(postgres::Pool& pool) : pool_(pool) {}

  // Whether the platform has any trouble: what Report asks before everything else that troubles cost.
  absl::StatusOr<bool> AnyOn(absl::string_view platform);

  // --- Within the transaction of a report ---

  absl::Status InTransaction(absl::string_view name, postgres::TransactionFunction function) {
    return pool_.InTransactionWithRetry(name, function);
  }

  // Lets reports with troubles of one platform take turns, so that they cannot lock each other out.
  absl::Status LockPlatform(postgres::Transaction& transaction, absl::string_view platform);
  // Deletes the troubles of replicas that were settled at the same or a higher version; entry i of the spans
  // belongs together.
  absl::Status DeleteSettled(postgres::Transaction& transaction, absl::string_view platform,
                             absl::Span<const Uuid> entities, absl::Span<const absl::string_view> models,
                             absl::Span<const int64_t> versions);
  // Makes those due that wait for one of these; says how many.
  absl::StatusOr<int64_t> FreeWaiters(postgres::Transaction& transaction, absl::string_view platform,
                                      absl::Span<const Uuid> entities,
                                      absl::Span<const absl::string_view> models, absl::Time now);
  // The platform takes our login: makes those due that were held in nobody's name or in one of these, or
  // else all, each after a wait that grows with its attempts; at most `limit`. Answers them as they are now.
  absl::StatusOr<std::vector<Trouble>> FreeHeld(postgres::Transaction& transaction,
                                                absl::string_view platform, bool all,
                                                absl::Span<const absl::string_view> identities,
                                                absl::Time now, int limit);
  // Makes those of a platform DEAD that are held since before `until`, at most `limit`; answers them as they
  // are now.
  absl::StatusOr<std::vector<Trouble>> ExpireHeld(postgres::Transaction& transaction,
                                                  absl::string_view platform, absl::Time until,
                                                  absl::Time now, int limit);
  // Troubles of these keys, locked; those that are not there are left out.
  absl::StatusOr<std::vector<Trouble>> Lock(postgres::Transaction& transaction,
                                            absl::Span<const TroubleKey> keys);
  // Inserts or replaces, but never one of a newer version by an older one. No key twice.
  absl::Status Put(postgres::Transaction& transaction, absl::Span<const Trouble> troubles);

  // --- On their own ---

  absl::StatusOr<std::vector<Trouble>> Find(absl::Span<const TroubleKey> keys);
  absl::StatusOr<std::vector<Trouble>> ListOfEntity(const Uuid& entity);

  // What is due to be replayed (or, without `replay`, to be looked at), oldest first, at most `limit`. Nobody
  // else gets the same rows; they are due again after `next_of` each, with one more replay counted if
  // `replay`.
  absl::StatusOr<std::vector<Trouble>> TakeDue(bool replay, absl::Time now, int limit,
                                               absl::FunctionRef<absl::Time(const Trouble&)> next_of);
  // Makes these due now, as far as they still have the same version; says how many.
  absl::StatusOr<int64_t> Release(absl::Span<const Trouble> troubles, bool allow_incomplete, absl::Time now);
  // Takes back a replay or a look that could not be made: it is due again at that time.
  absl::Status GiveBack(absl::Span<const Trouble> troubles, absl::Time next_attempt);
  // Those that still have the same version become DEAD for this reason; says how many were not so already.
  absl::StatusOr<int64_t> Kill(absl::Span<const Trouble> troubles, const v1::OutcomeError& error,
                               absl::Time now);
  // Deletes those that still have the same version or an older one.
  absl::Status Delete(absl::Span<const Trouble> troubles);
  // Deletes those of a way that nothing has happened to since `until`; says how many.
  absl::StatusOr<int64_t> DeleteOfWay(const Way& way, absl::Time until);

  // --- What people ask, and do ---

  absl::StatusOr<std::vector<Trouble>> List(const TroubleCriteria& criteria, int page_size,
                                            const std::optional<TroublePosition>& after);
  absl::StatusOr<std::vector<v1::TroubleGroup>> Group(const TroubleCriteria& criteria);
  absl::StatusOr<int64_t> CountOf(const TroubleCriteria& criteria);
  // Makes everything due that is meant, with its attempts forgotten; says how many.
  absl::StatusOr<int64_t> Redrive(const TroubleCriteria& criteria, absl::Time now);
  // Some of what is meant, oldest first, at most `limit`; answers them as they were. The loop leaves these
  // alone until `until`; if `replay`, they count as replayed once more, and what was held as released.
  absl::StatusOr<std::vector<Trouble>> Take(const TroubleCriteria& criteria, bool replay, absl::Time until,
                                            int limit);
  absl::StatusOr<std::vector<Trouble>> Take(postgres::Transaction& transaction,
                                            const TroubleCriteria& criteria, bool replay, absl::Time until,
                                            int limit);
  // Where something is held.
  absl::StatusOr<std::vector<std::string>> PlatformsThatHold();
  absl::StatusOr<std::vector<TroubleCount>> Count();

 private:
  postgres::Pool& pool_;
};

}  // namespace cognate::feedback

#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "common/postgres/pool.h"
#include "services/file_transfer/placing/rows.h"

namespace cognate::file_transfer {

// The table `waits`: records that were told to wait for a file. Thread safe.
class WaitStore {
 public:
  explicit WaitStore(postgres::Pool& pool) : pool_(pool) {}

  // As parts of a transaction. In order, none twice.
  static absl::Status Put(postgres::Transaction& transaction, const std::vector<WaitRow>& waits,
                          absl::Time now);
  static absl::Status Drop(postgres::Transaction& transaction, const std::vector<BindingKey>& keys);
  static absl::Status DropBehind(postgres::Transaction& transaction, const std::vector<BindingKey>& last);
  // What waits for them is looked at now.
  static absl::Status WakeSource(postgres::Transaction& transaction, absl::string_view platform,
                                 absl::string_view path, absl::Time now);
  static absl::Status WakeTargets(postgres::Transaction& transaction,
                                  const std::vector<PlacementRow>& placements, absl::Time now);
  // Those whose contents their sources have sent meanwhile, as far as 5,000 at a time.
  absl::Status WakeSent(absl::Time now);

  absl::StatusOr<std::vector<WaitRow>> Take(absl::Time now, absl::Time lease, int limit);
  // What it waits for:
  struct Stand {
    bool is_there = false;       // its copy is PLACED or REFUSED, or its content came from its source
    bool is_being_read = false;  // a worker has to read it
    bool was_refused = false;    // the source's agent will not send it
  };
  absl::StatusOr<std::vector<Stand>> StandsOf(const std::vector<WaitRow>& waits);
  // When each is looked at next, and which are ready. `lease` is what they were taken with: what has begun to
  // wait for something else since keeps its own time.
  absl::Status PutOff(const std::vector<WaitRow>& waits, const std::vector<absl::Time>& next,
                      const std::vector<bool>& ready, absl::Time lease, absl::Time now);
  // Those that nobody has asked for since, with what is only kept for them: a field's lead to a copy that
  // never came, and a copy that is due and to which no other field leads.
  absl::Status Forget(const std::vector<WaitRow>& waits, absl::Time before);

  // Contents that others wait for and the platform's agent has not sent, or that it has and are damaged here,
  // in the order of their hashes, from behind `after` on.
  absl::StatusOr<std::vector<WaitRow>> Wanted(absl::string_view platform, absl::string_view after, int limit);

 private:
  postgres::Pool& pool_;
};

}  // namespace cognate::file_transfer

#pragma once

#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "common/postgres/pool.h"
#include "services/file_transfer/placing/rows.h"

namespace cognate::file_transfer {

// The table `bindings`. Thread safe. No key twice in any list, and lists in order.
class BindingStore {
 public:
  explicit BindingStore(postgres::Pool& pool) : pool_(pool) {}

  // Each as what is asked for.
  absl::StatusOr<std::vector<std::optional<Binding>>> Find(absl::Span<const BindingKey> keys);

  // As parts of a transaction.
  static absl::Status Put(postgres::Transaction& transaction, const std::vector<Binding>& bindings,
                          absl::Time now);
  // What stands behind these positions in the same field is gone.
  static absl::Status DropBehind(postgres::Transaction& transaction, const std::vector<BindingKey>& last);
  static absl::Status Drop(postgres::Transaction& transaction, const std::vector<BindingKey>& keys);
  // Of sources, as the next two of the same lists: where no third platform has the content through this
  // record.
  static absl::Status DropSourcesBehind(postgres::Transaction& transaction,
                                        const std::vector<BindingKey>& last,
                                        const std::string& target_platform);
  static absl::Status DropSources(postgres::Transaction& transaction, const std::vector<BindingKey>& keys,
                                  const std::string& target_platform);

  // Entities that bindings name, in order.
  absl::StatusOr<std::vector<Uuid>> Entities(const Uuid& after, int limit);

 private:
  postgres::Pool& pool_;
};

}  // namespace cognate::file_transfer

// What a shape of deliveries says of records and values that the target has already: the natural keys to look
// for, what is done about unique values that are taken, and which values are only written where they are
// missing.
#pragma once

#include <cstddef>
#include <vector>

#include "absl/status/statusor.h"
#include "cognate/bus/v1/lane_batch.pb.h"
#include "common/postgres/connection.h"
#include "services/delivery/sql_channel/table.h"

namespace cognate::delivery {

// Fields by their places in the shape.
struct ContactRules {
  struct Key {
    std::vector<size_t> fields;
    v1::ExistsAction action = v1::EXISTS_ACTION_UPDATE;
    bool is_indexed = false;
  };
  // Tried in this order for records that are new.
  std::vector<Key> keys;
  // A unique value that gets a suffix where it is taken: `field` within the unique set `fields`.
  struct Suffix {
    size_t field = 0;
    std::vector<size_t> fields;
    bool only_renamed = false;  // a natural key, for records that RENAME is about
  };
  std::vector<Suffix> suffixes;
  std::vector<bool> missing_only;  // by field; empty: none

  // Something of what was written is needed again at the next delivery.
  bool remembers() const { return !suffixes.empty() || !missing_only.empty(); }
  bool HaveIndexes() const;  // of all keys
  bool any() const { return !keys.empty() || remembers(); }
};

// Whether the group says anything of the kind.
bool HasContactRules(const bus::v1::DeliveryGroup& group);

// Reads the unique sets of the table from the target's catalogue. `fields` are the group's.
absl::StatusOr<ContactRules> ReadContactRules(postgres::Connection& connection,
                                              const bus::v1::DeliveryGroup& group, const SqlTable& table,
                                              const std::vector<const SqlColumn*>& fields);

}  // namespace cognate::delivery

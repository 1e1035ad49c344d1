// Writes deliveries straight into the tables of a PostgreSQL platform.
//
// A batch is one transaction with a statement for each table and kind of work; a record that the target
// refuses is found by halving and fails alone. The version guard and the local ids are in `cognate.inbox`
// (inbox.h).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/time/time.h"
#include "common/sync/mutex.h"
#include "services/delivery/channel.h"
#include "services/delivery/sql_channel/batch.h"
#include "services/delivery/sql_channel/shapes.h"

namespace cognate::delivery {

struct SqlChannelOptions {
  absl::Duration connect_timeout = absl::Seconds(5);
  absl::Duration statement_timeout = absl::Seconds(30);
  absl::Duration lock_timeout = absl::Seconds(2);
  // While a batch is halved to find what is locked.
  absl::Duration isolating_lock_timeout = absl::Milliseconds(200);
  SqlShapesOptions shapes;
  // Each transaction says in the database's log what it has written: for a platform whose changes are
  // captured there.
  bool announces_writes = false;
  // For syncs with natural keys; null: a record that the inbox does not know may be adopted.
  AdoptFunction adopt;
};

class SqlChannel final : public Channel {
 public:
  // The connection's password is read anew at each Open.
  SqlChannel(v1::DatabaseConnection database, const SqlChannelOptions& options)
      : database_(std::move(database)), options_(options), shapes_(options.shapes) {}

  absl::Status Open() override;
  absl::StatusOr<std::vector<v1::Outcome>> Apply(absl::Span<const Outgoing> deliveries) override;
  bool knows_created() const override { return true; }
  void Interrupt() override;

 private:
  void SetConnection(std::unique_ptr<postgres::Connection> connection);
  // The models whose tables are not as they are remembered.
  using Models = absl::btree_map<std::string, Doubt>;
  // Pairs each delivery with its plan; what has none gets its outcome here. An error where the target is out
  // of reach.
  absl::Status Plan(absl::Span<const Outgoing> deliveries, std::vector<v1::Outcome>* outcomes,
                    Models* changed);
  // True if one of these tables is to be read once more.
  absl::StatusOr<bool> Forget(const Models& changed);
  absl::Status Attempt(size_t begin, size_t end, absl::Duration lock_timeout);
  absl::Status Write(std::vector<v1::Outcome>* outcomes, Models* changed);
  size_t Split(size_t begin, size_t end, const absl::Status& status) const;
  void SetApplied(const PlannedDelivery& planned, const Applied& applied, v1::Outcome* outcome);

  const v1::DatabaseConnection database_;
  const SqlChannelOptions options_;
  Mutex mutex_;  // for the pointer: only the channel's thread changes it, or uses what it points to but for
                 // Abort
  std::unique_ptr<postgres::Connection> connection_;
  SqlShapes shapes_;
  // Of the call under way.
  std::vector<PlannedDelivery> planned_;
  std::vector<Applied> applied_;  // entry i belongs to planned_[i]
};

}  // namespace cognate::delivery

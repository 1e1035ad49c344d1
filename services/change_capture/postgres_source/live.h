// Follows the live stream of one source: from the replication connection through ReplicationStream to the
// appender, with bounded memory, and back to the server how far the log is.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/postgres/replication.h"
#include "services/change_capture/postgres_source/replication_stream.h"
#include "services/change_capture/postgres_source/session.h"

namespace cognate::change_capture {

class PostgresSourceLive {
 public:
  // Both outlive it.
  PostgresSourceLive(PostgresSourceSession& session, const std::vector<StreamTable>& tables);

  // OK, with everything committed, when tables have to be prepared anew or another plan is there; CANCELLED
  // when stopping.
  absl::Status Run();

 private:
  absl::Status Begin();
  // Takes in what has arrived, as long as there is room; false if nothing had arrived.
  absl::StatusOr<bool> ReceiveSome();
  // Looks at the clocks before a message of the server is taken in.
  absl::Status OnSent(absl::Time sent);
  absl::Status OnData(absl::string_view bytes);
  absl::Status OnKeepalive(const postgres::StreamedMessage& message);
  absl::Status OnTruncate();

  bool HandsFull() const;
  // Sends what is complete, or what would become too much.
  absl::Status FlushIfDue(bool nothing_arrived);
  absl::Status Send(PendingGroup group);
  // Saves a position without changes.
  absl::Status SavePositionIfDue();
  absl::Status SendStatusIfDue();
  absl::Status InspectIfDue();
  absl::Status CloseDown();
  absl::Status Tick();
  absl::Duration UntilNextDuty() const;
  void NoteSkipped();
  void NoteReshaped();

  PostgresSourceSession& session_;
  PostgresSourceContext& context_;
  PostgresSourceSender& sender_;
  ReplicationStream stream_;
  std::unique_ptr<postgres::ReplicationConnection> connection_;
  pgoutput::Lsn received_ = 0;
  pgoutput::Lsn reported_ = 0;    // flushed, as last said to the server
  bool position_wanted_ = false;  // the server waits for it, perhaps to shut down
  bool leave_ = false;            // at the end of the transaction: tables are to be prepared anew
  absl::Time received_time_;      // of the last message
  absl::Time ask_again_time_ = absl::InfinitePast();
  absl::Time status_time_ = absl::InfinitePast();
  absl::Time lag_time_ = absl::InfinitePast();
  bool sent_since_look_ = false;  // changes, since the lag was looked at
  absl::Time save_time_ = absl::InfinitePast();
  absl::Time inspect_time_;
};

}  // namespace cognate::change_capture

// A connection in replication mode (house fact 15: pqxx has none): slots, and the stream of a logical one.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

struct pg_conn;

namespace cognate::postgres {

// Ends waits of another thread early; a signal that comes before the wait ends it at once. Thread safe.
class Interrupt {
 public:
  Interrupt();
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  void Signal();
  // Waits for a signal and takes it; false when the timeout passed first.
  bool WaitFor(absl::Duration timeout);
  void Clear();
  int descriptor() const { return descriptor_; }

 private:
  const int descriptor_;
};

struct ReplicationSystem {
  std::string identifier;  // made by initdb; the same on standbys and in restored backups
  uint32_t timeline = 0;
  uint64_t position = 0;  // the end of what is flushed
};

struct CreatedSlot {
  // Transactions whose commit record begins at or behind this position are on the stream, earlier ones in the
  // snapshot.
  uint64_t consistent_position = 0;
  std::string snapshot;  // for SET TRANSACTION SNAPSHOT; empty unless exported
};

struct SlotOptions {
  bool temporary = false;        // gone with the connection
  bool export_snapshot = false;  // usable until this connection's next command
};

struct StreamedMessage {
  enum class Kind {
    kData,       // `data` is one message of the output plugin
    kKeepalive,  // everything that was committed before `position` has been sent
    kEnd,        // the server has ended the stream
  };
  Kind kind = Kind::kData;
  absl::string_view data;  // until the next Receive
  uint64_t position = 0;
  absl::Time sent;  // by the server's clock; not of kEnd
  bool reply_wanted = false;
};

// Not thread safe. Errors of the server are those of StatusFromResult, with ServerMessage; a lost connection
// is UNAVAILABLE.
class ReplicationConnection {
 public:
  // `uri` as for Connection; its database is the one whose changes are streamed. `settings` are SET commands
  // that hold for the whole session, and so for how values are printed.
  static absl::StatusOr<std::unique_ptr<ReplicationConnection>> Open(absl::string_view uri,
                                                                     absl::string_view settings);
  ~ReplicationConnection();
  ReplicationConnection(const ReplicationConnection&) = delete;
  ReplicationConnection& operator=(const ReplicationConnection&) = delete;

  absl::StatusOr<ReplicationSystem> IdentifySystem();
  // For pgoutput. Waits for every transaction that is running now; when `cancelled` turns true after a signal
  // of `interrupt`, the wait ends with CANCELLED, and the connection is of no use any more.
  absl::StatusOr<CreatedSlot> CreateSlot(absl::string_view slot, const SlotOptions& options,
                                         Interrupt& interrupt, absl::FunctionRef<bool()> cancelled);
  absl::Status DropSlot(absl::string_view slot);

  // Begins to stream what was committed at or behind `position`, in pgoutput's protocol version 1.
  absl::Status StartStream(absl::string_view slot, absl::string_view publication, uint64_t position);
  // What has arrived: true and a message, or false if there is none yet. Never waits.
  absl::StatusOr<bool> Receive(StreamedMessage* message);
  // Until something can be received, or the interrupt is signalled, or the timeout is over.
  void Wait(absl::Duration timeout, const Interrupt& interrupt);
  // Says how far the changes are safe: the server may forget what lies before `flushed`.
  absl::Status SendStatus(uint64_t received, uint64_t flushed, bool ask_for_reply);

 private:
  struct Message {
    ~Message();
    char* bytes = nullptr;
  };

  ReplicationConnection() = default;
  absl::StatusOr<StreamedMessage> Parse(absl::string_view bytes) const;
  absl::Status FinishStream();
  absl::Status CancelCommand();

  pg_conn* raw_ = nullptr;
  Message message_;
};

}  // namespace cognate::postgres

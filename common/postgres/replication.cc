#include "common/postgres/replication.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <utility>

#include <libpq-fe.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "absl/time/clock.h"
#include "common/postgres/sqlstate.h"
#include "common/postgres/wire.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"

namespace cognate::postgres {
namespace {

constexpr size_t kDataHeader = 1 + 8 + 8 + 8;  // 'w', start, end, time
constexpr size_t kDataTime = 1 + 8 + 8;
constexpr size_t kKeepaliveSize = 1 + 8 + 8 + 1;  // 'k', end, time, reply wanted
constexpr size_t kKeepaliveTime = 1 + 8;

absl::Time TimeAt(const char* bytes) { return FromWireTime(FromBigEndian<int64_t>(bytes)); }

struct ClearResult {
  void operator()(PGresult* result) const { PQclear(result); }
};
using Result = std::unique_ptr<PGresult, ClearResult>;

std::string Quoted(absl::string_view name) {
  return absl::StrCat("\"", absl::StrReplaceAll(name, {{"\"", "\"\""}}), "\"");
}

int ToMilliseconds(absl::Duration timeout) {
  return static_cast<int>(std::clamp<int64_t>(
      absl::ToInt64Milliseconds(absl::Ceil(timeout, absl::Milliseconds(1))), 0, 3'600'000));
}

uint64_t ParsePosition(const char* text) {
  unsigned high = 0;
  unsigned low = 0;
  if (std::sscanf(text, "%X/%X", &high, &low) != 2) return 0;
  return static_cast<uint64_t>(high) << 32 | low;
}

void AppendInt64(uint64_t value, std::string* out) {
  const uint64_t big = ToBigEndian(value);
  out->append(reinterpret_cast<const char*>(&big), sizeof(big));
}

absl::Status Broken(absl::string_view what) {
  return Error(absl::StatusCode::kUnavailable, "REPLICATION_STREAM_BROKEN", what)
      .RetryAfter(absl::Seconds(1));
}

}  // namespace

Interrupt::Interrupt() : descriptor_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {}

Interrupt::~Interrupt() {
  if (descriptor_ >= 0) close(descriptor_);
}

void Interrupt::Signal() {
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = write(descriptor_, &one, sizeof(one));
}

bool Interrupt::WaitFor(absl::Duration timeout) {
  pollfd waiting = {descriptor_, POLLIN, 0};
  poll(&waiting, 1, ToMilliseconds(timeout));
  const bool signalled = (waiting.revents & POLLIN) != 0;
  Clear();
  return signalled;
}

void Interrupt::Clear() {
  uint64_t count = 0;
  [[maybe_unused]] const ssize_t taken = read(descriptor_, &count, sizeof(count));
}

ReplicationConnection::Message::~Message() {
  if (bytes != nullptr) PQfreemem(bytes);
}

absl::StatusOr<std::unique_ptr<ReplicationConnection>> ReplicationConnection::Open(
    absl::string_view uri, absl::string_view settings) {
  const std::string text(uri);
  // As of Connection.
  const char* const keys[] = {"application_name", "connect_timeout",     "tcp_user_timeout",
                              "keepalives_idle",  "keepalives_interval", "dbname",
                              "replication",      "client_encoding",     nullptr};
  const char* const values[] = {"cognate", "5", "10000", "5", "2", text.c_str(), "database", "UTF8", nullptr};
  std::unique_ptr<ReplicationConnection> connection(new ReplicationConnection);
  connection->raw_ = PQconnectdbParams(keys, values, 1);
  if (connection->raw_ == nullptr)
    return Error(absl::StatusCode::kResourceExhausted, "OUT_OF_MEMORY", "no memory");
  if (PQstatus(connection->raw_) != CONNECTION_OK) return StatusFromConnection(connection->raw_);
  PQsetNoticeProcessor(
      connection->raw_, [](void*, const char*) {}, nullptr);
  const Result result(PQexec(connection->raw_, std::string(settings).c_str()));
  if (PQresultStatus(result.get()) != PGRES_COMMAND_OK)
    return StatusFromResult(connection->raw_, result.get());
  return connection;
}

ReplicationConnection::~ReplicationConnection() { PQfinish(raw_); }

absl::StatusOr<ReplicationSystem> ReplicationConnection::IdentifySystem() {
  const Result result(PQexec(raw_, "IDENTIFY_SYSTEM"));
  if (PQresultStatus(result.get()) != PGRES_TUPLES_OK) return StatusFromResult(raw_, result.get());
  if (PQntuples(result.get()) != 1 || PQnfields(result.get()) < 3)
    return Broken("IDENTIFY_SYSTEM answered oddly");
  ReplicationSystem system;
  system.identifier = PQgetvalue(result.get(), 0, 0);
  system.timeline = static_cast<uint32_t>(std::strtoul(PQgetvalue(result.get(), 0, 1), nullptr, 10));
  system.position = ParsePosition(PQgetvalue(result.get(), 0, 2));
  return system;
}

absl::StatusOr<CreatedSlot> ReplicationConnection::CreateSlot(absl::string_view slot,
                                                              const SlotOptions& options,
                                                              Interrupt& interrupt,
                                                              absl::FunctionRef<bool()> cancelled) {
  const std::string command =
      absl::StrCat("CREATE_REPLICATION_SLOT ", Quoted(slot), options.temporary ? " TEMPORARY" : "",
                   " LOGICAL pgoutput ", options.export_snapshot ? "EXPORT_SNAPSHOT" : "NOEXPORT_SNAPSHOT");
  if (PQsendQuery(raw_, command.c_str()) == 0) return StatusFromConnection(raw_);
  while (PQisBusy(raw_) != 0) {
    pollfd waiting[] = {{PQsocket(raw_), POLLIN, 0}, {interrupt.descriptor(), POLLIN, 0}};
    poll(waiting, 2, 1000);
    interrupt.Clear();
    if (cancelled()) return CancelCommand();
    if (PQconsumeInput(raw_) == 0) return StatusFromConnection(raw_);
  }
  const Result result(PQgetResult(raw_));
  while (PGresult* more = PQgetResult(raw_)) PQclear(more);
  if (PQresultStatus(result.get()) != PGRES_TUPLES_OK) return StatusFromResult(raw_, result.get());
  if (PQntuples(result.get()) != 1 || PQnfields(result.get()) < 3)
    return Broken("CREATE_REPLICATION_SLOT answered oddly");
  CreatedSlot created;
  created.consistent_position = ParsePosition(PQgetvalue(result.get(), 0, 1));
  created.snapshot = PQgetvalue(result.get(), 0, 2);
  return created;
}

// The server would go on waiting, and hold the slot, after the connection is gone.
absl::Status ReplicationConnection::CancelCommand() {
  char error[256];
  PGcancel* const cancel = PQgetCancel(raw_);
  if (cancel != nullptr) PQcancel(cancel, error, sizeof(error));
  PQfreeCancel(cancel);
  return absl::CancelledError("interrupted while making a slot");
}

absl::Status ReplicationConnection::DropSlot(absl::string_view slot) {
  const Result result(PQexec(raw_, absl::StrCat("DROP_REPLICATION_SLOT ", Quoted(slot)).c_str()));
  if (PQresultStatus(result.get()) == PGRES_COMMAND_OK) return absl::OkStatus();
  return StatusFromResult(raw_, result.get());
}

absl::Status ReplicationConnection::StartStream(absl::string_view slot, absl::string_view publication,
                                                uint64_t position) {
  constexpr int kSendsMessages = 140000;  // those of pg_logical_emit_message
  const std::string command = absl::StrFormat(
      "START_REPLICATION SLOT %s LOGICAL %X/%X (proto_version '1', publication_names '%s'%s)", Quoted(slot),
      position >> 32, position & 0xFFFFFFFF, absl::StrReplaceAll(Quoted(publication), {{"'", "''"}}),
      PQserverVersion(raw_) >= kSendsMessages ? ", messages 'true'" : "");
  const Result result(PQexec(raw_, command.c_str()));
  if (PQresultStatus(result.get()) == PGRES_COPY_BOTH) return absl::OkStatus();
  return StatusFromResult(raw_, result.get());
}

absl::StatusOr<bool> ReplicationConnection::Receive(StreamedMessage* message) {
  if (message_.bytes != nullptr) PQfreemem(std::exchange(message_.bytes, nullptr));
  int length = PQgetCopyData(raw_, &message_.bytes, 1);
  if (length == 0) {
    if (PQconsumeInput(raw_) == 0) return StatusFromConnection(raw_);
    length = PQgetCopyData(raw_, &message_.bytes, 1);
  }
  if (length == 0) return false;
  if (length == -2) return StatusFromConnection(raw_);
  if (length == -1) {
    RETURN_IF_ERROR(FinishStream());
    message->kind = StreamedMessage::Kind::kEnd;
    return true;
  }
  ASSIGN_OR_RETURN(*message, Parse(absl::string_view(message_.bytes, static_cast<size_t>(length))));
  return true;
}

absl::StatusOr<StreamedMessage> ReplicationConnection::Parse(absl::string_view bytes) const {
  StreamedMessage message;
  if (bytes.size() >= kDataHeader && bytes[0] == 'w') {
    message.kind = StreamedMessage::Kind::kData;
    message.position = FromBigEndian<uint64_t>(bytes.data() + 1);
    message.sent = TimeAt(bytes.data() + kDataTime);
    message.data = bytes.substr(kDataHeader);
  } else if (bytes.size() == kKeepaliveSize && bytes[0] == 'k') {
    message.kind = StreamedMessage::Kind::kKeepalive;
    message.position = FromBigEndian<uint64_t>(bytes.data() + 1);
    message.sent = TimeAt(bytes.data() + kKeepaliveTime);
    message.reply_wanted = bytes[kKeepaliveSize - 1] != 0;
  } else {
    return Broken("the replication stream holds a frame of an unknown kind");
  }
  return message;
}

// The server's reason stands in the result behind the copy.
absl::Status ReplicationConnection::FinishStream() {
  const Result result(PQgetResult(raw_));
  if (result == nullptr) return absl::OkStatus();
  if (PQresultStatus(result.get()) == PGRES_COPY_IN) PQputCopyEnd(raw_, nullptr);
  if (PQresultStatus(result.get()) == PGRES_FATAL_ERROR) return StatusFromResult(raw_, result.get());
  return absl::OkStatus();
}

void ReplicationConnection::Wait(absl::Duration timeout, const Interrupt& interrupt) {
  pollfd waiting[] = {{PQsocket(raw_), POLLIN, 0}, {interrupt.descriptor(), POLLIN, 0}};
  poll(waiting, 2, ToMilliseconds(timeout));
}

absl::Status ReplicationConnection::SendStatus(uint64_t received, uint64_t flushed, bool ask_for_reply) {
  std::string status = "r";
  AppendInt64(received, &status);
  AppendInt64(flushed, &status);
  AppendInt64(flushed, &status);
  AppendInt64(static_cast<uint64_t>(ToWireTime(absl::Now())), &status);
  status.push_back(ask_for_reply ? 1 : 0);
  if (PQputCopyData(raw_, status.data(), static_cast<int>(status.size())) != 1 || PQflush(raw_) != 0) {
    return StatusFromConnection(raw_);
  }
  return absl::OkStatus();
}

}  // namespace cognate::postgres

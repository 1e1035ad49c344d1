// The messages of PostgreSQL's logical replication stream (plugin pgoutput, protocol version 1, text format),
// and their decoder: bytes in, messages out, no state, no connection.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace cognate::change_capture::pgoutput {

// A position in the write-ahead log.
using Lsn = uint64_t;

struct Begin {
  Lsn final_position = 0;      // where the commit record begins; orders transactions
  int64_t commit_time_us = 0;  // since 1970
  uint32_t transaction_id = 0;
};

struct Commit {
  Lsn position = 0;  // Begin's final_position again
  Lsn end_position = 0;
  int64_t commit_time_us = 0;
};

struct Origin {
  Lsn position = 0;
  std::string name;
};

struct Column {
  bool is_key = false;  // part of the replica identity
  std::string name;
  uint32_t type_oid = 0;
  int32_t type_modifier = -1;
};

// Comes before the first change of a table, and again after the table was altered.
struct Relation {
  uint32_t id = 0;
  std::string schema;
  std::string table;
  char replica_identity = 'd';  // as pg_class.relreplident
  std::vector<Column> columns;
};

struct Type {
  uint32_t id = 0;
  std::string schema;
  std::string name;
};

struct Cell {
  // kUnchanged: a value stored out of line that this update did not touch; the server does not send it.
  enum class Kind : uint8_t { kNull, kUnchanged, kText };
  Kind kind = Kind::kNull;
  absl::string_view text;  // into the decoded bytes
};
using Tuple = std::vector<Cell>;

enum class OldTuple : uint8_t {
  kNone,
  kKey,   // only the replica identity's columns are set
  kFull,  // REPLICA IDENTITY FULL
};

struct Insert {
  uint32_t relation_id = 0;
  Tuple row;
};

struct Update {
  uint32_t relation_id = 0;
  OldTuple old_kind = OldTuple::kNone;
  Tuple old_row;
  Tuple row;
};

struct Delete {
  uint32_t relation_id = 0;
  OldTuple old_kind = OldTuple::kKey;
  Tuple old_row;
};

struct Truncate {
  std::vector<uint32_t> relation_ids;
};

// What pg_logical_emit_message wrote; not asked for, so only passed over.
// What pg_logical_emit_message wrote.
struct LogicalMessage {
  bool transactional = false;
  absl::string_view prefix;
  absl::string_view content;
};

using Message =
    std::variant<Begin, Commit, Origin, Relation, Type, Insert, Update, Delete, Truncate, LogicalMessage>;

// One whole message. Cells point into `bytes`. DATA_LOSS (PGOUTPUT_MALFORMED) for anything that is not
// exactly one well-formed message; never reads beyond `bytes`.
absl::StatusOr<Message> Decode(absl::string_view bytes);

// `16/B374D848`, as PostgreSQL prints a position; and back.
std::string FormatLsn(Lsn position);
std::optional<Lsn> ParseLsn(absl::string_view text);

}  // namespace cognate::change_capture::pgoutput

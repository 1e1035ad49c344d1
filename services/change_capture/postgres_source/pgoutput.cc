#include "services/change_capture/postgres_source/pgoutput.h"

#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "common/status/error.h"

namespace cognate::change_capture::pgoutput {
namespace {

constexpr int64_t kMicrosFrom1970To2000 = 946'684'800'000'000;

// Reads from the front. After the first step beyond the end every answer is empty and ok() is false.
class Reader {
 public:
  explicit Reader(absl::string_view bytes) : bytes_(bytes) {}

  uint8_t Byte() { return static_cast<uint8_t>(Number(1)); }
  uint16_t Int16() { return static_cast<uint16_t>(Number(2)); }
  uint32_t Int32() { return static_cast<uint32_t>(Number(4)); }
  uint64_t Int64() { return Number(8); }

  absl::string_view Text() {
    const size_t end = bytes_.find('\0');
    if (end == absl::string_view::npos) return Fail();
    const absl::string_view text = bytes_.substr(0, end);
    bytes_.remove_prefix(end + 1);
    return text;
  }

  absl::string_view Bytes(size_t count) {
    if (count > bytes_.size()) return Fail();
    const absl::string_view bytes = bytes_.substr(0, count);
    bytes_.remove_prefix(count);
    return bytes;
  }

  absl::string_view Fail() {
    ok_ = false;
    bytes_ = absl::string_view();
    return bytes_;
  }

  bool ok() const { return ok_; }
  size_t left() const { return bytes_.size(); }
  char Peek() const { return bytes_.empty() ? '\0' : bytes_.front(); }

 private:
  uint64_t Number(size_t size) {
    uint64_t number = 0;
    for (const char byte : Bytes(size)) number = number << 8 | static_cast<uint8_t>(byte);
    return number;
  }

  absl::string_view bytes_;
  bool ok_ = true;
};

int64_t ReadTime(Reader& reader) {
  // Wraps for hostile input only, where the time does not matter.
  return static_cast<int64_t>(reader.Int64() + static_cast<uint64_t>(kMicrosFrom1970To2000));
}

Begin ReadBegin(Reader& reader) {
  Begin begin;
  begin.final_position = reader.Int64();
  begin.commit_time_us = ReadTime(reader);
  begin.transaction_id = reader.Int32();
  return begin;
}

Commit ReadCommit(Reader& reader) {
  if (reader.Byte() != 0) reader.Fail();  // flags, unused
  Commit commit;
  commit.position = reader.Int64();
  commit.end_position = reader.Int64();
  commit.commit_time_us = ReadTime(reader);
  return commit;
}

Origin ReadOrigin(Reader& reader) {
  Origin origin;
  origin.position = reader.Int64();
  origin.name = std::string(reader.Text());
  return origin;
}

Relation ReadRelation(Reader& reader) {
  Relation relation;
  relation.id = reader.Int32();
  relation.schema = std::string(reader.Text());
  // The system schema is sent as an empty name.
  if (relation.schema.empty()) relation.schema = "pg_catalog";
  relation.table = std::string(reader.Text());
  relation.replica_identity = static_cast<char>(reader.Byte());
  const uint16_t count = reader.Int16();
  for (uint16_t i = 0; i < count && reader.ok(); ++i) {
    Column column;
    column.is_key = (reader.Byte() & 1) != 0;
    column.name = std::string(reader.Text());
    column.type_oid = reader.Int32();
    column.type_modifier = static_cast<int32_t>(reader.Int32());
    relation.columns.push_back(std::move(column));
  }
  return relation;
}

Type ReadType(Reader& reader) {
  Type type;
  type.id = reader.Int32();
  type.schema = std::string(reader.Text());
  type.name = std::string(reader.Text());
  return type;
}

Cell ReadCell(Reader& reader) {
  switch (reader.Byte()) {
    case 'n':
      return {Cell::Kind::kNull, {}};
    case 'u':
      return {Cell::Kind::kUnchanged, {}};
    case 't': {
      const uint32_t length = reader.Int32();
      return {Cell::Kind::kText, reader.Bytes(length)};
    }
    default:
      reader.Fail();
      return {};  // also 'b': binary is never asked for
  }
}

Tuple ReadTuple(Reader& reader) {
  const uint16_t count = reader.Int16();
  Tuple tuple;
  if (count > reader.left()) reader.Fail();  // a cell has at least one byte
  if (!reader.ok()) return tuple;
  tuple.reserve(count);
  for (uint16_t i = 0; i < count && reader.ok(); ++i) tuple.push_back(ReadCell(reader));
  return tuple;
}

OldTuple ReadOldTuple(Reader& reader, Tuple* row) {
  const uint8_t kind = reader.Byte();
  if (kind != 'K' && kind != 'O') reader.Fail();
  *row = ReadTuple(reader);
  return kind == 'K' ? OldTuple::kKey : OldTuple::kFull;
}

Tuple ReadNewTuple(Reader& reader) {
  if (reader.Byte() != 'N') reader.Fail();
  return ReadTuple(reader);
}

Insert ReadInsert(Reader& reader) {
  Insert insert;
  insert.relation_id = reader.Int32();
  insert.row = ReadNewTuple(reader);
  return insert;
}

Update ReadUpdate(Reader& reader) {
  Update update;
  update.relation_id = reader.Int32();
  if (reader.Peek() != 'N') update.old_kind = ReadOldTuple(reader, &update.old_row);
  update.row = ReadNewTuple(reader);
  return update;
}

Delete ReadDelete(Reader& reader) {
  Delete change;
  change.relation_id = reader.Int32();
  change.old_kind = ReadOldTuple(reader, &change.old_row);
  return change;
}

Truncate ReadTruncate(Reader& reader) {
  Truncate truncate;
  const uint32_t count = reader.Int32();
  reader.Byte();  // CASCADE, RESTART IDENTITY
  if (count > reader.left() / 4) reader.Fail();
  for (uint32_t i = 0; i < count && reader.ok(); ++i) truncate.relation_ids.push_back(reader.Int32());
  return truncate;
}

LogicalMessage ReadLogicalMessage(Reader& reader) {
  LogicalMessage message;
  message.transactional = (reader.Byte() & 1) != 0;
  reader.Int64();
  message.prefix = reader.Text();
  const uint32_t length = reader.Int32();
  message.content = reader.Bytes(length);
  return message;
}

absl::Status Malformed(char kind, absl::string_view fault) {
  return Error(absl::StatusCode::kDataLoss, "PGOUTPUT_MALFORMED",
               absl::StrFormat("the replication stream sent a message of kind 0x%02x %s",
                               static_cast<uint8_t>(kind), fault));
}

}  // namespace

absl::StatusOr<Message> Decode(absl::string_view bytes) {
  Reader reader(bytes);
  const char kind = static_cast<char>(reader.Byte());
  Message message;
  switch (kind) {
    case 'B':
      message = ReadBegin(reader);
      break;
    case 'C':
      message = ReadCommit(reader);
      break;
    case 'O':
      message = ReadOrigin(reader);
      break;
    case 'R':
      message = ReadRelation(reader);
      break;
    case 'Y':
      message = ReadType(reader);
      break;
    case 'I':
      message = ReadInsert(reader);
      break;
    case 'U':
      message = ReadUpdate(reader);
      break;
    case 'D':
      message = ReadDelete(reader);
      break;
    case 'T':
      message = ReadTruncate(reader);
      break;
    case 'M':
      message = ReadLogicalMessage(reader);
      break;
    default:
      return Malformed(kind, "that protocol version 1 does not have");
  }
  if (!reader.ok()) return Malformed(kind, "that is cut off or not well formed");
  if (reader.left() > 0) return Malformed(kind, "with bytes behind its end");
  return message;
}

std::string FormatLsn(Lsn position) {
  return absl::StrFormat("%X/%X", position >> 32, position & 0xFFFFFFFF);
}

std::optional<Lsn> ParseLsn(absl::string_view text) {
  const size_t slash = text.find('/');
  if (slash == absl::string_view::npos) return std::nullopt;
  uint32_t high = 0;
  uint32_t low = 0;
  if (!absl::SimpleHexAtoi(text.substr(0, slash), &high)) return std::nullopt;
  if (!absl::SimpleHexAtoi(text.substr(slash + 1), &low)) return std::nullopt;
  return static_cast<Lsn>(high) << 32 | low;
}

}  // namespace cognate::change_capture::pgoutput

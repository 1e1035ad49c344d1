#include "bench/workload.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace cognate::bench {
namespace {

constexpr int kTextLength = 85;

std::string Text(int64_t id, int round, int column) {
  std::string text = absl::StrFormat("%d-%d-%d ", id, round, column);
  text.resize(kTextLength, static_cast<char>('a' + column));
  return text;
}

void Add(v1::Change& change, const char* name, int64_t value) {
  v1::Field& field = *change.add_fields();
  field.set_name(name);
  field.mutable_value()->set_int64_value(value);
}

void Add(v1::Change& change, const char* name, std::string value) {
  v1::Field& field = *change.add_fields();
  field.set_name(name);
  field.mutable_value()->set_text_value(std::move(value));
}

void FillRow(v1::Change& change, int64_t id, int round, bool create) {
  change.set_change_id(absl::StrCat("r", round, "-", id));
  change.set_model("row_data");
  change.set_local_id(absl::StrCat(id));
  change.set_operation(create ? v1::OPERATION_CREATE : v1::OPERATION_UPDATE);
  Add(change, "id", id);
  Add(change, "parent_id", id % kParents + 1);
  Add(change, "round_no", round);
  for (int column = 0; column < 5; ++column)
    Add(change, absl::StrCat("text", column).c_str(), Text(id, round, column));
  v1::Field& amount = *change.add_fields();
  amount.set_name("amount");
  amount.mutable_value()->set_decimal_value(absl::StrFormat("%d.%02d", id, round % 100));
  v1::Field& at = *change.add_fields();
  at.set_name("changed_at");
  at.mutable_value()->mutable_timestamp_value()->set_seconds(1'700'000'000 + id);
}

constexpr char kTexts[] =
    "rpad(i || '-%1$d-0 ', 85, 'a'), rpad(i || '-%1$d-1 ', 85, 'b'), rpad(i || '-%1$d-2 ', 85, 'c'), "
    "rpad(i || '-%1$d-3 ', 85, 'd'), rpad(i || '-%1$d-4 ', 85, 'e')";

}  // namespace

const char kSourceSchema[] = R"sql(
    CREATE TABLE parent (id bigint PRIMARY KEY, title text NOT NULL);
    CREATE TABLE row_data (id bigint PRIMARY KEY, parent_id bigint NOT NULL REFERENCES parent, round_no int NOT NULL,
        text0 text, text1 text, text2 text, text3 text, text4 text, amount numeric(20, 2), changed_at timestamptz);
)sql";

const char kTargetSchema[] = R"sql(
    CREATE TABLE parents (parent_no bigint GENERATED ALWAYS AS IDENTITY (START WITH 7000) PRIMARY KEY, code bigint, title text NOT NULL);
    CREATE TABLE rows (row_no bigint GENERATED ALWAYS AS IDENTITY (START WITH 100000000) PRIMARY KEY,
        code bigint NOT NULL, parent_no bigint NOT NULL REFERENCES parents, round_no int NOT NULL,
        text0 text, text1 text, text2 text, text3 text, text4 text, amount numeric(20, 2), changed_at timestamptz);
)sql";

std::string InsertParentsSql() {
  return absl::StrCat("INSERT INTO parent SELECT i, 'parent ' || i FROM generate_series(1, ", kParents,
                      ") i");
}

std::string InsertSql(int64_t first, int64_t count, int round) {
  return absl::StrCat("INSERT INTO row_data SELECT i, i % ", kParents, " + 1, ", round, ", ",
                      absl::StrFormat(kTexts, round), ", i + ", round,
                      " * 0.01, to_timestamp(1700000000 + i) FROM generate_series(", first, "::bigint, ",
                      first + count - 1, ") i");
}

std::string UpdateSql(int64_t first, int64_t count, int round) {
  return absl::StrCat("UPDATE row_data SET (round_no, text0, text1, text2, text3, text4, amount) = (SELECT ",
                      round, ", ", absl::StrFormat(kTexts, round), ", i + ", round,
                      " * 0.01 FROM (VALUES (id)) v(i)) WHERE id BETWEEN ", first, " AND ",
                      first + count - 1);
}

v1::CaptureStreamRequest CaptureRows(int64_t sequence, int64_t first, int64_t count, int round, bool create) {
  v1::CaptureStreamRequest request;
  request.set_sequence(sequence);
  for (int64_t id = first; id < first + count; ++id) FillRow(*request.add_changes(), id, round, create);
  return request;
}

v1::CaptureRequest CaptureParents(const std::string& platform) {
  v1::CaptureRequest request;
  request.set_platform(platform);
  for (int64_t id = 1; id <= kParents; ++id) {
    v1::Change& change = *request.add_changes();
    change.set_change_id(absl::StrCat("parent-", id));
    change.set_model("parent");
    change.set_local_id(absl::StrCat(id));
    change.set_operation(v1::OPERATION_CREATE);
    Add(change, "id", id);
    Add(change, "title", absl::StrCat("parent ", id));
  }
  return request;
}

v1::CaptureRequest CaptureOne(const std::string& platform, int64_t id, int round) {
  v1::CaptureRequest request;
  request.set_platform(platform);
  FillRow(*request.add_changes(), id, round, false);
  return request;
}

}  // namespace cognate::bench

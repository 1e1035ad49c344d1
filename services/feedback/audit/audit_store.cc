#include "services/feedback/audit/audit_store.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/access/audit_chain.h"
#include "common/clock/time_proto.h"
#include "common/status/status_macros.h"
#include "services/feedback/errors.h"

namespace cognate::feedback {
namespace {

using postgres::Params;
using postgres::Rows;
using postgres::Statement;
using postgres::Transaction;

// Kept locked until the commit.
const Statement kLockHead = {"audit_lock_head", "SELECT last_sequence, last_hash FROM audit_head FOR UPDATE"};
const Statement kAppend = {"audit_append", R"sql(
    WITH head AS (
        UPDATE audit_head SET last_sequence = $13, last_hash = $14
    )
    INSERT INTO audit_entries (sequence, created_at, phase, principal, principal_display_name, address, method, target,
                               request_id, code, request, previous_hash, hash)
    SELECT sequence, $12, phase, principal, principal_display_name, address, method, target, request_id, code, request,
           previous_hash, hash
    FROM unnest($1::bigint[], $2::smallint[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
                $9::text[], $10::text[], $11::bytea[], $15::bytea[])
         AS entry (sequence, phase, principal, principal_display_name, address, method, target, request_id, code, request,
                   previous_hash, hash))sql"};

Params AppendParams(absl::Span<const v1::AuditEntry> entries, absl::Time now) {
  std::vector<int64_t> sequences;
  std::vector<int16_t> phases;
  std::vector<absl::string_view> previous_hashes, hashes, texts;
  for (const v1::AuditEntry& entry : entries) {
    sequences.push_back(entry.sequence());
    phases.push_back(static_cast<int16_t>(entry.phase()));
    previous_hashes.push_back(entry.previous_hash());
    hashes.push_back(entry.hash());
  }
  Params params;
  params.AddInt64Array(absl::MakeConstSpan(sequences)).AddInt16Array(absl::MakeConstSpan(phases));
  for (const access::AuditText text : access::kAuditTexts) {
    texts.clear();
    for (const v1::AuditEntry& entry : entries) texts.push_back((entry.*text)());
    params.AddTextArray(absl::MakeConstSpan(texts));
  }
  params.AddByteaArray(absl::MakeConstSpan(previous_hashes)).AddTimestamp(now);
  params.AddInt64(entries.back().sequence()).AddBytes(entries.back().hash());
  params.AddByteaArray(absl::MakeConstSpan(hashes));
  return params;
}

void Chain(absl::Span<v1::AuditEntry> entries, absl::Time now, int64_t sequence, std::string head) {
  // What the table keeps of a time is what the hash must be of.
  const google::protobuf::Timestamp time = ToTimestamp(absl::FromUnixMicros(absl::ToUnixMicros(now)));
  for (v1::AuditEntry& entry : entries) {
    entry.set_sequence(++sequence);
    *entry.mutable_time() = time;
    entry.set_previous_hash(std::move(head));
    head = access::AuditHash(entry.previous_hash(), entry);
    entry.set_hash(head);
  }
}

v1::AuditEntry EntryFromRow(const Rows& rows, int row) {
  v1::AuditEntry entry;
  entry.set_sequence(rows.GetInt64(row, 0));
  *entry.mutable_time() = ToTimestamp(rows.GetTimestamp(row, 1));
  entry.set_phase(static_cast<v1::AuditPhase>(rows.GetInt32(row, 2)));
  entry.set_principal(std::string(rows.GetText(row, 3)));
  entry.set_principal_display_name(std::string(rows.GetText(row, 4)));
  entry.set_address(std::string(rows.GetText(row, 5)));
  entry.set_method(std::string(rows.GetText(row, 6)));
  entry.set_target(std::string(rows.GetText(row, 7)));
  entry.set_request_id(std::string(rows.GetText(row, 8)));
  entry.set_code(std::string(rows.GetText(row, 9)));
  entry.set_request(std::string(rows.GetText(row, 10)));
  entry.set_previous_hash(std::string(rows.GetBytes(row, 11)));
  entry.set_hash(std::string(rows.GetBytes(row, 12)));
  return entry;
}

// One condition of a list, where it is asked for. There is a statement for each set of conditions, so that
// none of them is planned for what it does not ask.
struct Condition {
  bool is_set;
  const char* sql;  // Before its parameter.
  std::string value;
};

std::vector<Condition> ConditionsOf(const AuditQuery& query) {
  const v1::AuditFilter& filter = query.filter;
  const std::string method = filter.method();
  const bool is_whole = absl::StrContains(method, '/');
  return {{!filter.principal().empty(), "principal = ", filter.principal()},
          // By the index of its last part also where the whole is given.
          {!method.empty(), "method_name = ", method.substr(method.rfind('/') + 1)},
          {is_whole, "method = ", method},
          {!filter.target().empty(), "target = ", filter.target()}};
}

}  // namespace

Statement AuditListStatement(const AuditQuery& query) {
  std::string name = absl::StrCat("audit_list_", query.newest_first ? "newest" : "oldest");
  std::string where = query.newest_first ? "sequence < $2" : "sequence > $2";
  int parameter = 2;
  const auto add = [&](bool is_set, absl::string_view sql) {
    absl::StrAppend(&name, is_set ? "_1" : "_0");
    if (is_set) absl::StrAppend(&where, " AND ", sql, "$", ++parameter);
  };
  for (const Condition& condition : ConditionsOf(query)) add(condition.is_set, condition.sql);
  add(query.filter.has_since(), "created_at >= ");
  add(query.filter.has_before(), "created_at < ");
  return {name,
          absl::StrCat("SELECT sequence, created_at, phase, principal, principal_display_name, address, "
                       "method, target, request_id, code, request, previous_hash, hash "
                       "FROM audit_entries WHERE ",
                       where, " ORDER BY sequence", query.newest_first ? " DESC" : "", " LIMIT $1")};
}

Params AuditListParams(const AuditQuery& query) {
  Params params;
  params.AddInt32(query.limit);
  params.AddInt64(query.after.value_or(query.newest_first ? INT64_MAX : INT64_MIN));
  for (const Condition& condition : ConditionsOf(query)) {
    if (condition.is_set) params.AddText(condition.value);
  }
  // A time from before anything was written may be one that no column can hold.
  const auto add = [&](const google::protobuf::Timestamp& time) {
    params.AddTimestamp(std::max(ToTime(time), absl::UnixEpoch()));
  };
  if (query.filter.has_since()) add(query.filter.since());
  if (query.filter.has_before()) add(query.filter.before());
  return params;
}

absl::Status AuditStore::Append(absl::Span<v1::AuditEntry> entries, absl::Time now) {
  if (entries.empty()) return absl::OkStatus();
  return pool_.InTransaction("audit_append", [&](Transaction& transaction) -> absl::Status {
    ASSIGN_OR_RETURN(const Rows head, transaction.Query(kLockHead));
    if (head.size() != 1) return AuditHeadMissing();
    Chain(entries, now, head.GetInt64(0, 0), std::string(head.GetBytes(0, 1)));
    return transaction.Query(kAppend, AppendParams(entries, now)).status();
  });
}

absl::StatusOr<std::vector<v1::AuditEntry>> AuditStore::List(const AuditQuery& query) {
  std::vector<v1::AuditEntry> entries;
  RETURN_IF_ERROR(pool_.Run("audit_list", [&](Transaction& transaction) -> absl::Status {
    ASSIGN_OR_RETURN(const Rows rows, transaction.Query(AuditListStatement(query), AuditListParams(query)));
    for (int row = 0; row < rows.size(); ++row) entries.push_back(EntryFromRow(rows, row));
    return absl::OkStatus();
  }));
  return entries;
}

}  // namespace cognate::feedback

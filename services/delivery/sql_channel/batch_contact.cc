// What becomes of records that are new to a target, where it has some with the same natural key.
#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"
#include "services/delivery/sql_channel/batch.h"
#include "services/delivery/sql_channel/contact_statements.h"
#include "services/delivery/sql_channel/statement_parts.h"

namespace cognate::delivery {
namespace {

// "slug", "site, slug".
std::string KeyNames(const SqlShape& shape, const ContactRules::Key& key) {
  return absl::StrJoin(key.fields, ", ", [&](std::string* out, size_t field) {
    absl::StrAppend(out, shape.fields[field]->name);
  });
}

std::string Existing(const SqlShape& shape, const ContactRules::Key& key, const std::string& local_id) {
  return absl::StrCat("the target had ", shape.table->model, " ", local_id, " with the same ",
                      KeyNames(shape, key), " before");
}

}  // namespace

bool SqlBatch::Match::wants_record() const {
  return key != nullptr && local_ids.size() == 1 &&
         (key->action == v1::EXISTS_ACTION_UPDATE || key->action == v1::EXISTS_ACTION_ADOPT);
}

void SqlBatch::BeginRules() {
  outgoing_.clear();
  for (const PlannedDelivery& planned : deliveries_) outgoing_.push_back(planned.outgoing);
  const bool any = std::any_of(deliveries_.begin(), deliveries_.end(), [](const PlannedDelivery& planned) {
    return planned.plan->shape().rules.any() || planned.outgoing->group->keeps_deletes();
  });
  verdicts_.assign(any ? deliveries_.size() : 0, nullptr);
  rewritten_.clear();
  rewritten_deliveries_.clear();
  renamed_.clear();
  kept_.clear();
}

absl::Status SqlBatch::WriteByRules(TableWork& work) {
  changed_.clear();
  RETURN_IF_ERROR(Meet(work));
  RETURN_IF_ERROR(Recall(work));
  RETURN_IF_ERROR(AvoidCollisions(work, work.updates, /*is_update=*/true));
  RETURN_IF_ERROR(Update(work));
  RETURN_IF_ERROR(AvoidCollisions(work, work.creates, /*is_update=*/false));
  RETURN_IF_ERROR(Create(work));
  return Remember(work);
}

// A value that a deleted record has is free for the one that takes its place: no suffix then.
absl::Status SqlBatch::DeleteWhatIsInTheWay() {
  for (TableWork& work : works_) {
    const auto wants_room = [&](const TableWork& other) {
      return other.plan->shape().table == work.plan->shape().table &&
             !other.plan->shape().rules.suffixes.empty();
    };
    if (work.deletes.empty() || std::none_of(works_.begin(), works_.end(), wants_room)) continue;
    RETURN_IF_ERROR(Delete(work));
    work.deletes.clear();
  }
  return absl::OkStatus();
}

absl::Status SqlBatch::Meet(TableWork& work) {
  if (work.plan->shape().rules.keys.empty() || work.creates.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(std::vector<Match> matches, FindMatches(work));
  // Two that are new cannot both be the same record.
  absl::flat_hash_map<std::string, std::vector<size_t>> claims;
  for (size_t i = 0; i < matches.size(); ++i) {
    if (matches[i].wants_record()) claims[matches[i].local_ids[0]].push_back(i);
  }
  const SqlShape& shape = work.plan->shape();
  for (const auto& [local_id, claimants] : claims) {
    if (claimants.size() < 2) continue;
    const std::string records = absl::StrJoin(claimants, ", ", [&](std::string* out, size_t i) {
      absl::StrAppend(out, deliveries_[work.creates[i]].outgoing->delivery->source_local_id());
    });
    for (const size_t i : claimants) {
      Refuse(work.creates[i], v1::OUTCOME_STATUS_CONFLICT, "AMBIGUOUS_MATCH",
             absl::StrCat("records ", records, " of ",
                          deliveries_[work.creates[i]].outgoing->group->source_model(), " all have the ",
                          KeyNames(shape, *matches[i].key), " of ", shape.table->model, " ", local_id,
                          " on the target, which is one record: change all but one of them"));
    }
  }
  RETURN_IF_ERROR(AskLedger(work.creates, &matches));
  const std::vector<size_t> creates = std::exchange(work.creates, {});
  for (size_t i = 0; i < creates.size(); ++i) Follow(creates[i], matches[i], &work);
  return absl::OkStatus();
}

absl::StatusOr<std::vector<SqlBatch::Match>> SqlBatch::FindMatches(const TableWork& work) {
  const SqlShape& shape = work.plan->shape();
  const Deliveries deliveries = Select(work.creates);
  std::vector<Uuid> entities;
  for (const size_t index : work.creates) entities.push_back(rows_[index].entity_id);
  postgres::Params params;
  params.AddUuidArray(postgres::Params::Many<Uuid>(entities));
  for (const ContactRules::Key& key : shape.rules.keys) {
    for (const size_t field : key.fields) columns_.AddTexts(field, deliveries, &params);
  }
  params.AddText(shape.table->model);
  const bool is_indexed = shape.rules.HaveIndexes();
  // One pass over the table for the whole batch.
  if (!is_indexed)
    RETURN_IF_ERROR(connection_.Execute("SET LOCAL enable_seqscan = on; SET LOCAL enable_hashjoin = on"));
  ASSIGN_OR_RETURN(const postgres::Rows rows, is_indexed
                                                  ? connection_.Query(work.plan->Match(), params)
                                                  : connection_.QueryOnce(work.plan->Match().sql, params));
  if (!is_indexed)
    RETURN_IF_ERROR(connection_.Execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_hashjoin = off"));
  std::vector<Match> matches(work.creates.size());
  for (int row = 0; row < rows.size(); ++row) {
    Match& match = matches[static_cast<size_t>(rows.GetInt64(row, 0) - 1)];
    const ContactRules::Key* const key = &shape.rules.keys[static_cast<size_t>(rows.GetInt64(row, 1))];
    if (match.key == nullptr) match.key = key;
    if (match.key == key && match.local_ids.size() < 2)
      match.local_ids.push_back(LocalIdOf(shape, rows, row, 2));
  }
  return matches;
}

// Whether these may be written at all, and have what they match.
absl::Status SqlBatch::AskLedger(const std::vector<size_t>& creates, std::vector<Match>* matches) {
  v1::AdoptRequest request;
  std::vector<size_t> asked;
  for (size_t i = 0; i < creates.size(); ++i) {
    Match& match = (*matches)[i];
    const bool is_refused = verdicts_[creates[i]] != nullptr;
    const bool is_left =
        match.key != nullptr && !match.wants_record() && match.key->action != v1::EXISTS_ACTION_RENAME;
    if (is_refused || is_left) continue;
    match.decision = v1::ADOPT_DECISION_GRANTED;
    asked.push_back(i);
    request.add_entity_ids(deliveries_[creates[i]].outgoing->delivery->entity_id());
    request.add_local_ids(match.wants_record() ? match.local_ids[0] : "");
  }
  if (asked.empty() || adopt_ == nullptr) return absl::OkStatus();
  request.set_model(deliveries_[creates[0]].outgoing->group->model());
  absl::StatusOr<v1::AdoptResponse> answer = adopt_(std::move(request));
  if (answer.ok() && answer->decisions_size() != static_cast<int>(asked.size())) {
    answer = absl::InternalError("Adopt: the answer does not fit the question");
  }
  for (size_t k = 0; k < asked.size(); ++k) {
    Match& match = (*matches)[asked[k]];
    if (answer.ok()) {
      match.decision = answer->decisions(static_cast<int>(k));
    } else {
      match.unasked = answer.status();
    }
  }
  return absl::OkStatus();
}

void SqlBatch::Follow(size_t index, const Match& match, TableWork* work) {
  if (verdicts_[index] != nullptr) return;
  const SqlShape& shape = work->plan->shape();
  if (!match.unasked.ok()) {
    return Refuse(index, v1::OUTCOME_STATUS_FAILED, "REGISTRY_UNAVAILABLE",
                  absl::StrCat("whose record it is could not be asked (", match.unasked.message(),
                               "): it is tried again"));
  }
  InboxRow& row = rows_[index];
  if (match.decision == v1::ADOPT_DECISION_ENDED) {
    row.local_id.clear();
    row.deleted = true;
    write_[index] = false;
    return;
  }
  const bool is_new = match.key == nullptr || match.decision == v1::ADOPT_DECISION_TAKEN;
  const v1::ExistsAction action = is_new ? v1::EXISTS_ACTION_UNSPECIFIED : match.key->action;
  if (action == v1::EXISTS_ACTION_RENAME) renamed_.insert(index);
  if (is_new || action == v1::EXISTS_ACTION_RENAME) {
    work->creates.push_back(index);
  } else if (action == v1::EXISTS_ACTION_SKIP) {
    Refuse(index, v1::OUTCOME_STATUS_SKIPPED, "RECORD_EXISTS",
           absl::StrCat(Existing(shape, *match.key, match.local_ids[0]),
                        ", and the sync leaves such records alone (if_exists: SKIP)"));
  } else if (action == v1::EXISTS_ACTION_ERROR) {
    Refuse(index, v1::OUTCOME_STATUS_REJECTED, "RECORD_EXISTS",
           absl::StrCat(Existing(shape, *match.key, match.local_ids[0]),
                        ": remove or change one of the two, or let the sync's if_exists be UPDATE or ADOPT"));
  } else if (match.local_ids.size() > 1) {
    Refuse(index, v1::OUTCOME_STATUS_CONFLICT, "AMBIGUOUS_MATCH",
           absl::StrCat("its ", KeyNames(shape, *match.key), " is that of ", shape.table->model, " ",
                        match.local_ids[0], " and ", match.local_ids[1],
                        " on the target, and only one of them can be the same record: remove or change the "
                        "other, then redrive"));
  } else {
    row.local_id = match.local_ids[0];
    if (action == v1::EXISTS_ACTION_UPDATE) return work->updates.push_back(index);
    row.complete = true;  // as it is
    VerdictOf(index).fingerprint = "";
  }
}

void SqlBatch::Refuse(size_t index, v1::OutcomeStatus status, absl::string_view reason, std::string message) {
  Verdict& verdict = VerdictOf(index);
  verdict.status = status;
  verdict.error.set_reason(std::string(reason));
  verdict.error.set_message(std::move(message));
  write_[index] = false;
}

Verdict& SqlBatch::VerdictOf(size_t index) {
  if (verdicts_[index] == nullptr) verdicts_[index] = std::make_shared<Verdict>();
  return *verdicts_[index];
}

}  // namespace cognate::delivery

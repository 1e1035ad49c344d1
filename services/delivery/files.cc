#include "services/delivery/files.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/log/log.h"
#include "common/value/parse.h"
#include "common/value/value.h"

namespace cognate::delivery {
namespace {

constexpr int kMaxBindings = 2'000;  // in one request, unless one record has more
constexpr int kTries = 3;
// In a row, before file-transfer counts as down. One record of a full request (2,000) that makes it fail is
// found by eleven, and its neighbours go.
constexpr int kMaxFaults = 12;
constexpr BackoffPolicy kTryBackoff = {absl::Milliseconds(50), 2.0, absl::Milliseconds(500)};
// How long nobody asks after all tries have failed: the others of the lane go on meanwhile.
constexpr BackoffPolicy kDownBackoff = {absl::Milliseconds(500), 2.0, absl::Seconds(10)};
constexpr absl::Duration kTimeout = absl::Seconds(30);  // it may read, store and place small files meanwhile

using FileField = bus::v1::FileField;

// Of a list only what is there is written.
void DropMissing(v1::Value* value) {
  v1::Value* const inside = InsideOf(value);
  if (!inside->has_list_value()) return;
  auto* const values = inside->mutable_list_value()->mutable_values();
  values->erase(
      std::remove_if(values->begin(), values->end(),
                     [](const v1::Value& element) { return element.kind_case() == v1::Value::KIND_NOT_SET; }),
      values->end());
}

void WriteText(v1::Value* value) {
  if (value->kind_case() == v1::Value::KIND_NOT_SET) *value = value::Null();
  if (!value->has_encoded_value()) return;
  const v1::Value inside = value->encoded_value().value();
  if (inside.has_null_value() || inside.kind_case() == v1::Value::KIND_NOT_SET) {
    *value = value::Null();
    return;
  }
  std::string text;
  value::AppendJson(inside, &text);
  value->set_text_value(std::move(text));
}

v1::Outcome Answer(const RoundItem& item, v1::OutcomeStatus status, v1::OutcomeError error) {
  v1::Outcome outcome;
  outcome.set_entity_id(item.delivery->entity_id());
  outcome.set_model(item.group->model());
  outcome.set_version(item.delivery->version());
  outcome.set_operation(item.delivery->operation());
  outcome.set_local_id(item.delivery->local_id());
  outcome.set_status(status);
  *outcome.mutable_error() = std::move(error);
  return outcome;
}

v1::OutcomeError ErrorOf(absl::string_view reason, absl::string_view message, absl::string_view field) {
  v1::OutcomeError error;
  error.set_reason(std::string(reason));
  error.set_message(std::string(message));
  error.set_field(std::string(field));
  return error;
}

void Wait(RoundItem& item, absl::string_view reason, const std::string& what, absl::string_view field) {
  item.outcome = Answer(item, v1::OUTCOME_STATUS_WAITING, ErrorOf(reason, what, field));
  item.outcome.set_waits_for_file(what);
}

// What a record gets of one answer. The first refusal counts, and more than any wait.
void Take(RoundItem& item, const FileField& field, const v1::BoundFile& bound, v1::Value* value) {
  const std::string& name = item.group->field_names(field.place());
  switch (bound.state()) {
    case v1::PLACEMENT_STATE_PLACED:
      *value = bound.value();
      return;
    case v1::PLACEMENT_STATE_REFUSED: {
      if (item.outcome.status() == v1::OUTCOME_STATUS_REJECTED) return;
      v1::OutcomeError error = bound.error();
      error.set_field(name);
      item.outcome = Answer(item, v1::OUTCOME_STATUS_REJECTED, std::move(error));
      return;
    }
    default:
      break;
  }
  const std::string what =
      absl::StrCat(name, " waits for ", bound.waits_for().empty() ? "a file" : bound.waits_for());
  if (field.rule().absence() != v1::FILE_ABSENCE_PLACEHOLDER) {
    if (!item.is_answered()) Wait(item, "FILE_MISSING", what, name);
    return;
  }
  if (item.waits_for_file.empty()) item.waits_for_file = what;
  value->Clear();
  if (!field.rule().placeholder().empty()) value->set_text_value(field.rule().placeholder());
}

// It is about something in the request: another one may be taken.
bool IsAboutTheRequest(const absl::Status& status) {
  return absl::IsInvalidArgument(status) || absl::IsOutOfRange(status);
}

// It may be about the request, and it may be that nothing is taken at all.
bool IsFault(const absl::Status& status) { return absl::IsInternal(status) || absl::IsUnknown(status); }

bool MayHaveHadFiles(const RoundItem& item) { return !item.delivery->local_id().empty(); }

void WriteValues(RoundItem& item) {
  for (const FileField& field : item.group->files()) {
    if (field.place() >= item.delivery->values_size()) continue;
    DropMissing(item.delivery->mutable_values(field.place()));
    WriteText(item.delivery->mutable_values(field.place()));
  }
}

}  // namespace

Files::Files(std::string platform, const Clock& clock, FileBind bind)
    : platform_(std::move(platform)),
      clock_(clock),
      bind_(bind),
      emptied_(platform_, clock, std::move(bind)),
      down_backoff_(kDownBackoff) {}

void Files::Fill(Round& round, StopToken& stop) {
  emptied_.Begin();
  std::vector<RoundItem*> items;
  std::vector<RoundItem*> plain;
  for (size_t i = 0; i < round.items().size(); ++i) {
    RoundItem& item = round.items()[i];
    if (item.group->files().empty() || item.is_delete() || item.is_answered()) continue;
    if (HasFiles(item)) {
      emptied_.Forget(item);
      items.push_back(&item);
      continue;
    }
    if (MayHaveHadFiles(item)) emptied_.Note(i, item);
    plain.push_back(&item);
  }
  AskAll(items, stop);
  for (RoundItem* const item : plain) WriteValues(*item);
}

void Files::LetGo(const Round& round, StopToken& stop) {
  emptied_.Take(round);
  if (!is_down()) emptied_.Say(stop);
}

void Files::AskAll(const std::vector<RoundItem*>& items, StopToken& stop) {
  for (size_t next = 0; next < items.size();) {
    const size_t first = next;
    int count = 0;
    while (next < items.size() && (next == first || count < kMaxBindings))
      count += BindingCount(*items[next++]);
    AskSome(absl::MakeConstSpan(items).subspan(first, next - first), stop);
    if (stop.stopping()) return;
  }
}

void Files::AskSome(absl::Span<RoundItem* const> items, StopToken& stop) {
  FileQuestion question(platform_);
  std::vector<AskedFile> asked;
  for (RoundItem* const item : items) question.Add(item, &asked);
  const absl::StatusOr<v1::BindResponse> response = Ask(question.request(), stop);
  if (!response.ok() && stop.stopping()) return;
  // One of them is refused, and the others are not to wait for it.
  const bool may_be_one = IsAboutTheRequest(response.status()) || IsFault(response.status());
  if (may_be_one && items.size() > 1 && !is_down()) {
    AskSome(items.subspan(0, items.size() / 2), stop);
    AskSome(items.subspan(items.size() / 2), stop);
    return;
  }
  if (!response.ok()) {
    for (RoundItem* const item : items) {
      Wait(*item, "FILES_UNAVAILABLE",
           absl::StrCat("its files: file-transfer could not be asked (", response.status().message(), ")"),
           "");
    }
    return;
  }
  for (size_t i = 0; i < asked.size(); ++i) {
    if (asked[i].value != nullptr)
      Take(*asked[i].item, *asked[i].field, response->files(static_cast<int>(i)), asked[i].value);
  }
  for (RoundItem* const item : items) {
    if (!item->is_answered()) WriteValues(*item);
  }
}

absl::StatusOr<v1::BindResponse> Files::Ask(const v1::BindRequest& request, StopToken& stop) {
  if (is_down()) return absl::UnavailableError("it was down a moment ago");
  Backoff backoff(kTryBackoff);
  absl::Status status;
  for (int tries = 0; tries < kTries && !stop.stopping(); ++tries) {
    if (tries > 0) stop.WaitFor(backoff.Next());
    absl::StatusOr<v1::BindResponse> response = bind_(request, kTimeout);
    if (response.ok() && response->files_size() != request.bindings_size())
      response = absl::InternalError("Bind answered another number of files");
    if (response.ok()) {
      faults_ = 0;
      down_backoff_.Reset();
      return response;
    }
    status = response.status();
    if (IsAboutTheRequest(status) || IsFault(status) || absl::IsDeadlineExceeded(status)) break;
  }
  faults_ = IsFault(status) ? faults_ + 1 : 0;
  if (IsAboutTheRequest(status) || (IsFault(status) && faults_ < kMaxFaults)) {
    log::Warn("files not bound",
              {{"platform", platform_}, {"status", status}, {"count", request.bindings_size()}});
    return status;
  }
  log::Warn("files not bound", {{"platform", platform_}, {"status", status}});
  SetDown();
  return status;
}

void Files::SetDown() {
  faults_ = 0;
  down_until_ = clock_.Now() + down_backoff_.Next();
}

}  // namespace cognate::delivery

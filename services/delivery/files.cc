#include "services/delivery/files.h"

#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "common/log/log.h"
#include "common/value/parse.h"
#include "common/value/value.h"

namespace cognate::delivery {
namespace {

constexpr int kMaxBindings = 2'000;  // in one request, unless one record has more
constexpr int kTries = 3;
constexpr BackoffPolicy kTryBackoff = {absl::Milliseconds(50), 2.0, absl::Milliseconds(500)};
// How long nobody asks after all tries have failed: the others of the lane go on meanwhile.
constexpr BackoffPolicy kDownBackoff = {absl::Milliseconds(500), 2.0, absl::Seconds(10)};
constexpr absl::Duration kTimeout = absl::Seconds(30);  // it may read, store and place small files meanwhile

using FileField = bus::v1::FileField;

bool IsFile(const v1::Value& value) {
  return value.has_file_value() || (value.has_text_value() && !value.text_value().empty());
}

// The list inside, if there is one: a text of it is written once its paths are known.
v1::Value* Inside(v1::Value* value) {
  return value->has_encoded_value() ? value->mutable_encoded_value()->mutable_value() : value;
}

bool IsEmpty(const v1::Value& value) {
  return value.has_null_value() || value.kind_case() == v1::Value::KIND_NOT_SET ||
         (value.has_text_value() && value.text_value().empty());
}

// With its position. Null: nothing is there, and what was there before is let go.
void ForEachPlace(v1::Value* value, absl::FunctionRef<void(int, v1::Value*)> visit) {
  v1::Value* const inside = Inside(value);
  if (IsFile(*inside)) visit(0, inside);
  if (IsEmpty(*inside) || (inside->has_list_value() && inside->list_value().values().empty()))
    visit(0, nullptr);
  if (!inside->has_list_value()) return;
  for (int i = 0; i < inside->list_value().values_size(); ++i) {
    v1::Value* const element = inside->mutable_list_value()->mutable_values(i);
    if (IsFile(*element)) visit(i, element);
    if (IsEmpty(*element)) visit(i, nullptr);
  }
}

// Of a list only what is there is written.
void DropMissing(v1::Value* value) {
  v1::Value* const inside = Inside(value);
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

}  // namespace

struct Files::Asked {
  RoundItem* item;
  const FileField* field;
  v1::Value* value;
};

namespace {

// Puts the records' files into a request.
class Question {
 public:
  explicit Question(const std::string& platform) { request.set_platform(platform); }

  template <typename Asked>
  void Add(RoundItem* item, std::vector<Asked>* asked) {
    for (const FileField& field : item->group->files()) {
      if (field.place() >= item->delivery->values_size()) continue;
      ForEachPlace(item->delivery->mutable_values(field.place()), [&](int position, v1::Value* value) {
        // What the target has never had, it had no files of.
        if (value == nullptr && item->delivery->local_id().empty()) return;
        v1::FileBinding& binding = *request.add_bindings();
        binding.set_entity_id(item->delivery->entity_id());
        binding.set_model(item->group->model());
        binding.set_field(item->group->field_names(field.place()));
        binding.set_position(position);
        binding.mutable_source()->set_platform(item->group->source_platform());
        binding.mutable_source()->set_model(item->group->source_model());
        binding.mutable_source()->set_local_id(item->delivery->source_local_id());
        binding.set_source_field(field.source_field());
        if (value != nullptr) *binding.mutable_value() = *value;
        binding.set_rule(RuleOf(field.rule()));
        asked->push_back({item, &field, value});
      });
    }
  }

  v1::BindRequest request;

 private:
  int RuleOf(const v1::FileRule& rule) {
    const auto [known, is_new] = rules_.emplace(rule.SerializeAsString(), request.rules_size());
    if (is_new) *request.add_rules() = rule;
    return known->second;
  }

  absl::flat_hash_map<std::string, int> rules_;
};

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

bool HasFiles(RoundItem& item) {
  bool any = false;
  for (const FileField& field : item.group->files()) {
    if (field.place() < item.delivery->values_size())
      ForEachPlace(item.delivery->mutable_values(field.place()),
                   [&](int, v1::Value* value) { any = any || value != nullptr; });
  }
  return any;
}

int CountOf(RoundItem& item) {
  int count = 0;
  for (const FileField& field : item.group->files()) {
    if (field.place() < item.delivery->values_size())
      ForEachPlace(item.delivery->mutable_values(field.place()), [&](int, v1::Value*) { ++count; });
  }
  return count;
}

// Another request may be taken.
bool IsAboutTheRequest(const absl::Status& status) {
  return absl::IsInvalidArgument(status) || absl::IsInternal(status) || absl::IsUnknown(status) ||
         absl::IsOutOfRange(status);
}

bool MayHaveHadFiles(const RoundItem& item) { return !item.delivery->local_id().empty(); }

void WriteValues(RoundItem& item) {
  for (const FileField& field : item.group->files()) {
    if (field.place() >= item.delivery->values_size()) continue;
    DropMissing(item.delivery->mutable_values(field.place()));
    WriteText(item.delivery->mutable_values(field.place()));
  }
}

}  // namespace

Files::Files(std::string platform, const Clock& clock, Bind bind)
    : platform_(std::move(platform)), clock_(clock), bind_(std::move(bind)), down_backoff_(kDownBackoff) {}

void Files::Fill(Round& round, StopToken& stop) {
  std::vector<RoundItem*> items, emptied;
  for (RoundItem& item : round.items()) {
    if (item.group->files().empty() || item.is_delete() || item.is_answered()) continue;
    if (HasFiles(item)) {
      items.push_back(&item);
      continue;
    }
    if (MayHaveHadFiles(item)) emptied.push_back(&item);
  }
  AskAll(items, stop);
  LetGo(emptied, stop);
  for (RoundItem& item : round.items()) {
    if (!item.group->files().empty() && !item.is_delete() && !item.is_answered() && !HasFiles(item))
      WriteValues(item);
  }
}

// Nothing waits for it.
void Files::LetGo(const std::vector<RoundItem*>& emptied, StopToken& stop) {
  for (size_t next = 0; next < emptied.size() && !stop.stopping();) {
    Question question(platform_);
    std::vector<Asked> asked;
    while (next < emptied.size() && question.request.bindings_size() < kMaxBindings)
      question.Add(emptied[next++], &asked);
    if (question.request.bindings_size() > 0) Ask(question.request, stop).IgnoreError();
  }
}

void Files::AskAll(const std::vector<RoundItem*>& items, StopToken& stop) {
  for (size_t next = 0; next < items.size();) {
    const size_t first = next;
    int count = 0;
    while (next < items.size() && (next == first || count < kMaxBindings)) count += CountOf(*items[next++]);
    AskSome(absl::MakeConstSpan(items).subspan(first, next - first), stop);
    if (stop.stopping()) return;
  }
}

void Files::AskSome(absl::Span<RoundItem* const> items, StopToken& stop) {
  Question question(platform_);
  std::vector<Asked> asked;
  for (RoundItem* const item : items) question.Add(item, &asked);
  const absl::StatusOr<v1::BindResponse> response = Ask(question.request, stop);
  if (!response.ok() && stop.stopping()) return;
  // One of them is refused, and the others are not to wait for it.
  if (!response.ok() && items.size() > 1 && IsAboutTheRequest(response.status())) {
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
  if (clock_.Now() < down_until_) return absl::UnavailableError("it was down a moment ago");
  Backoff backoff(kTryBackoff);
  absl::Status status;
  for (int tries = 0; tries < kTries && !stop.stopping(); ++tries) {
    if (tries > 0) stop.WaitFor(backoff.Next());
    absl::StatusOr<v1::BindResponse> response = bind_(request, kTimeout);
    if (response.ok() && response->files_size() != request.bindings_size())
      response = absl::InternalError("Bind answered another number of files");
    if (response.ok()) {
      down_backoff_.Reset();
      return response;
    }
    status = response.status();
    if (IsAboutTheRequest(status) || absl::IsDeadlineExceeded(status)) break;
  }
  if (IsAboutTheRequest(status) && request.bindings_size() > 0) {
    log::Warn("files not bound",
              {{"platform", platform_}, {"status", status}, {"count", request.bindings_size()}});
    return status;
  }
  log::Warn("files not bound", {{"platform", platform_}, {"status", status}});
  down_until_ = clock_.Now() + down_backoff_.Next();
  return status;
}

}  // namespace cognate::delivery

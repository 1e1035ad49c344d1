#include "services/transformer/acting.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "common/value/canonical_text.h"
#include "common/value/local_id.h"

namespace cognate::transformer {
namespace {

// Empty where the record does not list it, and for what has no text.
std::string TextOf(const v1::Value* value) {
  std::string text;
  if (value == nullptr || value->has_null_value() || !value::AppendCanonicalText(*value, &text)) return "";
  return text;
}

std::string OwnText(const Routed& routed, const RoutedChange& change, const ActingPath& path) {
  const size_t place = change.values + path.slot;
  return place < routed.values.size() ? TextOf(routed.values[place]) : "";
}

bool HasValues(const RoutedChange& change) {
  return !change.is_delete() || change.plan->any_target_detaches() || change.plan->asks_acting;
}

}  // namespace

std::string Acting::KeyOf(const SourcePlan& plan, const ActingPath& path, absl::string_view local_id) {
  return absl::StrCat(plan.platform, "\n", path.model, "\n", local_id);
}

v1::ListPreviousChangesRequest Acting::Ask(const Routed& routed) {
  v1::ListPreviousChangesRequest request;
  for (const RoutedChange& change : routed.changes) {
    if (!change.plan->asks_acting || !HasValues(change)) continue;
    for (const TargetPlan& target : change.plan->targets) {
      for (const ActingPath& path : target.acting) {
        std::string text = OwnText(routed, change, path);
        if (text.empty()) continue;
        if (path.model.empty()) break;  // it is found
        text = value::FitLocalId(std::move(text));
        const auto [known, is_new] = named_.try_emplace(KeyOf(*change.plan, path, text));
        if (!is_new) continue;
        known->second.place = request.records_size();
        v1::RecordKey* const record = request.add_records()->mutable_record();
        record->set_platform(change.plan->platform);
        record->set_model(path.model);
        record->set_local_id(std::move(text));
      }
    }
  }
  return request;
}

absl::Status Acting::Learn(const v1::ListPreviousChangesResponse& response) {
  if (response.changes_size() != static_cast<int>(named_.size()))
    return absl::InternalError("ListPreviousChanges: the answer does not fit the question");
  for (auto& [key, named] : named_) named.change = response.changes(named.place);
  return absl::OkStatus();
}

std::string Acting::Of(const Routed& routed, size_t index, const TargetPlan& target) const {
  const RoutedChange& change = routed.changes[index];
  if (target.acting.empty() || !HasValues(change)) return "";
  for (const ActingPath& path : target.acting) {
    std::string text = OwnText(routed, change, path);
    if (text.empty()) continue;
    if (path.model.empty()) return text;
    const auto found = named_.find(KeyOf(*change.plan, path, value::FitLocalId(std::move(text))));
    if (found == named_.end()) continue;
    // What was deleted is known by its last state.
    for (const v1::Field& field : found->second.change.fields()) {
      if (field.name() != path.model_field) continue;
      if (std::string name = TextOf(&field.value()); !name.empty()) return name;
    }
  }
  return "";
}

}  // namespace cognate::transformer

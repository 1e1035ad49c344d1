#include "services/transformer/former.h"

#include <algorithm>

#include "absl/status/status.h"

namespace cognate::transformer {
namespace {

bool IsAsked(const RoutedChange& change) { return change.plan->asks_former && !change.is_delete(); }

}  // namespace

v1::ListPreviousChangesRequest AskFormer(const Routed& routed) {
  v1::ListPreviousChangesRequest request;
  for (const RoutedChange& change : routed.changes) {
    if (!IsAsked(change)) continue;
    v1::RecordVersion* const wanted = request.add_records();
    wanted->mutable_record()->set_platform(change.plan->platform);
    wanted->mutable_record()->set_model(change.plan->model);
    wanted->mutable_record()->set_local_id(change.logged().local_id());
    wanted->set_before_version(change.logged().version());
  }
  return request;
}

absl::StatusOr<Former> Former::Read(const Routed& routed, v1::ListPreviousChangesResponse response,
                                    google::protobuf::Arena* arena) {
  auto* const kept = google::protobuf::Arena::CreateMessage<v1::ListPreviousChangesResponse>(arena);
  *kept = std::move(response);
  Former former;
  former.rows_.resize(routed.changes.size());
  int next = 0;
  for (size_t i = 0; i < routed.changes.size(); ++i) {
    const RoutedChange& change = routed.changes[i];
    if (!IsAsked(change)) continue;
    if (next == kept->changes_size())
      return absl::InternalError("ListPreviousChanges: the answer does not fit the question");
    const v1::Change& was = kept->changes(next++);
    if (was.version() == 0 || was.operation() == v1::OPERATION_DELETE) continue;
    const size_t size = change.plan->slots.size();
    auto** const row = google::protobuf::Arena::CreateArray<const v1::Value*>(arena, size);
    std::fill(row, row + size, nullptr);
    for (const v1::Field& field : was.fields()) {
      const int slot = change.plan->SlotOf(field.name());
      if (slot >= 0) row[slot] = &field.value();
    }
    former.rows_[i] = {row, size};
  }
  return former;
}

}  // namespace cognate::transformer

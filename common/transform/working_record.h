// The record at hand while a chain runs: a row of values by slot number.
#pragma once

#include <cstddef>

#include "absl/types/span.h"
#include "cognate/v1/value.pb.h"
#include "google/protobuf/arena.h"

namespace cognate::transform {

// A view; not thread safe. A slot without a value is a field that the record does not list.
class WorkingRecord {
 public:
  WorkingRecord(absl::Span<const v1::Value*> slots, google::protobuf::Arena* arena)
      : slots_(slots), arena_(arena) {}

  const v1::Value* Get(int slot) const { return slots_[static_cast<size_t>(slot)]; }
  void Set(int slot, const v1::Value* value) { slots_[static_cast<size_t>(slot)] = value; }
  // A new value on the arena, in this slot.
  v1::Value* Make(int slot) {
    auto* const value = google::protobuf::Arena::CreateMessage<v1::Value>(arena_);
    Set(slot, value);
    return value;
  }
  void Drop(int slot) { Set(slot, nullptr); }
  absl::Span<const v1::Value* const> values() const { return slots_; }
  google::protobuf::Arena* arena() const { return arena_; }

 private:
  absl::Span<const v1::Value*> slots_;
  google::protobuf::Arena* arena_;
};

}  // namespace cognate::transform

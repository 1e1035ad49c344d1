// A working record for tests, made of fields.
#pragma once

#include <vector>

#include "cognate/v1/model.pb.h"
#include "common/transform/chain.h"
#include "common/value/value.h"

namespace cognate::transform {

class TestRecord {
 public:
  // `fields` outlives it.
  TestRecord(const Chain& chain, const v1::Model& model, const v1::Fields& fields)
      : slots_(chain.slots(), nullptr), record_(absl::MakeSpan(slots_), &arena_) {
    for (int i = 0; i < model.fields_size(); ++i) {
      slots_[static_cast<size_t>(i)] = value::Find(fields, model.fields(i).name());
    }
    source_.assign(slots_.begin(), slots_.begin() + model.fields_size());
  }
  TestRecord(const TestRecord&) = delete;
  TestRecord& operator=(const TestRecord&) = delete;

  WorkingRecord& record() { return record_; }
  Context context() const {
    Context context;
    context.source = source_;
    return context;
  }
  // What the record lists now, of the fields that the chain leaves.
  v1::Fields After(const Chain& chain) const {
    v1::Fields after;
    for (const v1::ModelField& field : chain.FieldsAfter()) {
      const v1::Value* const value = record_.Get(chain.SlotAfter(field.name()));
      if (value == nullptr) continue;
      v1::Field* const listed = after.add_fields();
      listed->set_name(field.name());
      *listed->mutable_value() = *value;
    }
    return after;
  }

 private:
  google::protobuf::Arena arena_;
  std::vector<const v1::Value*> slots_;
  std::vector<const v1::Value*> source_;
  WorkingRecord record_;
};

}  // namespace cognate::transform

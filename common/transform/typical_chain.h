// A chain as it is typical, for measurements.
#pragma once

#include <stdexcept>
#include <vector>

#include "common/transform/chain.h"
#include "common/value/value.h"
#include "google/protobuf/text_format.h"

namespace cognate::transform {

// A customer of 10 fields through 6 declarative steps.
class TypicalChain {
 public:
  TypicalChain() {
    constexpr char kModel[] = R"pb(
      fields { name: "id" type: FIELD_TYPE_INTEGER size_bits: 64 }
      fields { name: "first_name" type: FIELD_TYPE_TEXT max_length: 60 }
      fields { name: "last_name" type: FIELD_TYPE_TEXT max_length: 60 }
      fields { name: "email" type: FIELD_TYPE_TEXT max_length: 200 }
      fields { name: "status" type: FIELD_TYPE_INTEGER size_bits: 16 }
      fields { name: "price" type: FIELD_TYPE_DECIMAL }
      fields { name: "created_at" type: FIELD_TYPE_TIMESTAMP }
      fields { name: "about" type: FIELD_TYPE_TEXT nullable: true }
      fields { name: "newsletter" type: FIELD_TYPE_BOOL }
      fields { name: "country_id" type: FIELD_TYPE_INTEGER size_bits: 32 nullable: true }
    )pb";
    constexpr const char* kSteps[] = {
        R"pb(rename { field: "email" into: "login" })pb",
        R"pb(template { template: "{first_name} {last_name}" into: "display_name" })pb",
        R"pb(look_up {
               field: "status"
               into: "state"
               entries {
                 from { int64_value: 0 }
                 to { text_value: "draft" }
               }
               entries {
                 from { int64_value: 1 }
                 to { text_value: "published" }
               }
             })pb",
        R"pb(change_time {
               field: "created_at"
               from { timestamp: true }
               to { format: "%Y-%m-%d %H:%M:%S" time_zone: "Europe/Berlin" }
             })pb",
        R"pb(truncate { field: "about" max_characters: 40 ellipsis: "…" })pb",
        R"pb(default {
               field: "country_id"
               value { int64_value: 1 }
             })pb"};
    v1::Model model;
    if (!google::protobuf::TextFormat::ParseFromString(kModel, &model)) throw std::logic_error("model");
    Transforms steps;
    for (const char* step : kSteps) {
      if (!google::protobuf::TextFormat::ParseFromString(step, steps.Add())) throw std::logic_error(step);
    }
    std::vector<FieldViolation> violations;
    chain_ = Chain::Compile(steps, std::vector<v1::ModelField>(model.fields().begin(), model.fields().end()),
                            &violations);
    if (!violations.empty()) throw std::logic_error(violations[0].field + ": " + violations[0].description);
    values_ = {
        value::Int(4711),
        value::Text("Åse"),
        value::Text("Bergström"),
        value::Text("ase.bergstrom@example.org"),
        value::Int(1),
        value::Decimal("129.90"),
        value::TimestampMicros(1'772'286'303'000'000),
        value::Text("Writes about rivers, mountains, and how to get from one to the other by bicycle."),
        value::Bool(true),
        value::Null()};
  }

  // The whole way of one record; whether it went through.
  bool RunOnce() const {
    google::protobuf::Arena arena;
    std::vector<const v1::Value*> slots(chain_.slots(), nullptr);
    for (size_t i = 0; i < values_.size(); ++i) slots[i] = &values_[i];
    WorkingRecord record(absl::MakeSpan(slots), &arena);
    return !chain_.Run(record, Context()).has_value();
  }

 private:
  Chain chain_;
  std::vector<v1::Value> values_;
};

}  // namespace cognate::transform

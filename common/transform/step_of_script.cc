// A step that runs a script over the record.
#include <memory>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/script/script.h"
#include "common/transform/steps.h"
#include "common/value/canonical_text.h"
#include "common/value/parse.h"
#include "common/value/value.h"

namespace cognate::transform {
namespace {

using absl::StrCat;
using v1::Value;

constexpr char kKinds[] = "text, int64, bool, double, decimal, timestamp, date, bytes, list, map";

struct Kind {
  const char* name;
  Value::KindCase kind;
  v1::FieldType type;
};

constexpr Kind kKnownKinds[] = {{"text", Value::kTextValue, v1::FIELD_TYPE_TEXT},
                                {"int64", Value::kInt64Value, v1::FIELD_TYPE_INTEGER},
                                {"bool", Value::kBoolValue, v1::FIELD_TYPE_BOOL},
                                {"double", Value::kDoubleValue, v1::FIELD_TYPE_FLOAT},
                                {"decimal", Value::kDecimalValue, v1::FIELD_TYPE_DECIMAL},
                                {"timestamp", Value::kTimestampValue, v1::FIELD_TYPE_TIMESTAMP},
                                {"date", Value::kDateValue, v1::FIELD_TYPE_DATE},
                                {"bytes", Value::kBytesValue, v1::FIELD_TYPE_BYTES},
                                {"list", Value::kListValue, v1::FIELD_TYPE_LIST},
                                {"map", Value::kMapValue, v1::FIELD_TYPE_UNSPECIFIED}};

const Kind* FindKind(absl::string_view name) {
  for (const Kind& kind : kKnownKinds) {
    if (name == kind.name) return &kind;
  }
  return nullptr;
}

// What Lua writes otherwise but means the same: numbers of its two kinds, texts of times, the empty table.
bool Adapt(Value::KindCase kind, Value* value) {
  if (value->kind_case() == kind || value->has_null_value()) return true;
  const Value from = *value;
  switch (kind) {
    case Value::kInt64Value: {
      const double number = from.double_value();
      if (!from.has_double_value() || !(number >= -9007199254740992.0 && number <= 9007199254740992.0))
        return false;
      value->set_int64_value(static_cast<int64_t>(number));
      return static_cast<double>(value->int64_value()) == number;
    }
    case Value::kDoubleValue:
      value->set_double_value(static_cast<double>(from.int64_value()));
      return from.has_int64_value();
    case Value::kDecimalValue: {
      std::string text;
      if (!from.has_int64_value() && !from.has_double_value()) return false;
      value::AppendCanonicalText(from, &text);
      value->set_decimal_value(std::move(text));
      return true;
    }
    case Value::kTimestampValue: {
      const std::optional<int64_t> micros =
          from.has_text_value() ? value::ParseTimestamp(from.text_value()) : std::nullopt;
      if (micros.has_value()) value::SetMicros(*micros, value->mutable_timestamp_value());
      return micros.has_value();
    }
    case Value::kDateValue:
      if (!from.has_text_value() || !value::IsDate(from.text_value())) return false;
      value->set_date_value(from.text_value());
      return true;
    case Value::kBytesValue:
      if (!from.has_text_value()) return false;
      value->set_bytes_value(from.text_value());
      return true;
    case Value::kListValue:
      value->mutable_list_value();
      return from.has_map_value() && from.map_value().fields().empty();
    case Value::kMapValue:
      value->mutable_map_value();
      return from.has_list_value() && from.list_value().values().empty();
    default:
      return false;
  }
}

struct Written {
  int slot = -1;
  const Kind* kind = nullptr;
};

// Everything that does not change from record to record.
struct Program {
  explicit Program(script::Script compiled) : code(std::move(compiled)) {}

  script::Script code;
  std::vector<NamedSlot> fields;  // that the record may have while the script runs
  absl::flat_hash_map<std::string, int> slots;
  absl::flat_hash_map<std::string, int> old_slots;
  absl::flat_hash_map<std::string, Written> writes;
  std::string writable;  // in words
};

class Access final : public script::RecordAccess {
 public:
  Access(const Program& program, WorkingRecord& record, const Context& context)
      : program_(program), record_(record), context_(context) {}

  const Value* Get(absl::string_view field) const override {
    const auto found = program_.slots.find(field);
    return found == program_.slots.end() ? nullptr : Checked(field, record_.Get(found->second));
  }
  const Value* GetOld(absl::string_view field) const override {
    const auto found = program_.old_slots.find(field);
    if (found == program_.old_slots.end()) return nullptr;
    const auto slot = static_cast<size_t>(found->second);
    return slot < context_.old_source.size() ? Checked(field, context_.old_source[slot]) : nullptr;
  }
  absl::Status Set(absl::string_view field, Value value) override {
    const auto found = program_.writes.find(field);
    if (found == program_.writes.end()) return absl::InvalidArgumentError(NotWritable(field));
    if (!Adapt(found->second.kind->kind, &value)) {
      return absl::InvalidArgumentError(StrCat("got ", value::Describe(value), ", want the kind ",
                                               found->second.kind->name, ", as writes says"));
    }
    if (IsTooLarge(value)) {
      Stops(StopAt(field, TooLarge()));
    }
    *record_.Make(found->second.slot) = std::move(value);
    return absl::OkStatus();
  }
  void Remove(absl::string_view field) override {
    const auto found = program_.writes.find(field);
    if (found != program_.writes.end()) return record_.Drop(found->second.slot);
    Stops(StopAt(field, {"SCRIPT_FAILED", NotWritable(field)}));
  }
  std::vector<std::string> Names() const override {
    std::vector<std::string> names;
    for (const NamedSlot& field : program_.fields) {
      if (record_.Get(field.slot) != nullptr) names.push_back(field.name);
    }
    return names;
  }

  // What forbids the record whatever the script says.
  std::optional<Stop> TakeStop() { return std::move(stop_); }

 private:
  const Value* Checked(absl::string_view field, const Value* value) const {
    if (value != nullptr && value->has_omitted_value()) Stops(StopAt(field, LeftOut(value->omitted_value())));
    return value;
  }
  std::string NotWritable(absl::string_view field) const {
    return StrCat("got ", field, ", want one of the fields that the script may write: ", program_.writable,
                  "; add it to writes");
  }
  void Stops(Stop stop) const {
    if (!stop_.has_value()) stop_ = std::move(stop);
  }

  const Program& program_;
  WorkingRecord& record_;
  const Context& context_;
  mutable std::optional<Stop> stop_;
};

std::optional<Stop> RunProgram(const Program& program, WorkingRecord& record, const Context& context) {
  static const script::SyncFacts* const kNone = new script::SyncFacts();
  Access access(program, record, context);
  const script::Ending ending = program.code.Run(access, context.sync == nullptr ? *kNone : *context.sync);
  if (std::optional<Stop> stop = access.TakeStop(); stop.has_value()) return stop;
  if (ending.kind == script::Ending::Kind::kDone) return std::nullopt;
  Stop stop;
  stop.is_skipped = ending.kind == script::Ending::Kind::kSkipped;
  stop.error.set_field(ending.field);
  stop.error.set_message(ending.message);
  if (ending.kind == script::Ending::Kind::kRejected) stop.error.set_reason("SCRIPT_REJECTED");
  if (ending.kind == script::Ending::Kind::kFailed) stop.error.set_reason("SCRIPT_FAILED");
  return stop;
}

void CompileWrites(Compiler& compiler, const v1::RunScript& step, Program* program) {
  std::vector<std::string> names;
  for (int i = 0; i < step.writes_size(); ++i) {
    const v1::ScriptField& field = step.writes(i);
    const std::string path = StrCat("writes[", i, "]");
    const Kind* const kind = FindKind(field.kind());
    if (kind == nullptr) compiler.Wrong(path + ".kind", GotWant(field.kind(), StrCat("one of ", kKinds)));
    v1::ModelField holds = kind == nullptr ? v1::ModelField() : FieldOf(kind->type);
    if (holds.type() == v1::FIELD_TYPE_INTEGER || holds.type() == v1::FIELD_TYPE_FLOAT)
      holds.set_size_bits(64);
    holds.set_nullable(true);
    const int slot =
        compiler.Write(path + ".field", field.field(), std::move(holds), false, /*keeps_old=*/true);
    names.push_back(field.field());
    if (program == nullptr) continue;
    if (!program->writes.emplace(field.field(), Written{slot, kind}).second) {
      compiler.Wrong(path + ".field", StrCat("got ", field.field(), ", which stands there already"));
    }
  }
  if (program != nullptr) program->writable = names.empty() ? "none" : absl::StrJoin(names, ", ");
}

}  // namespace

void Compile(Compiler& compiler, const v1::RunScript& step) {
  absl::StatusOr<script::Script> code = script::Script::Compile(step.source());
  if (step.source().empty()) {
    compiler.Wrong("source", "got nothing, want a script");
  } else if (!code.ok()) {
    compiler.Wrong("source", code.status().message());
  }
  compiler.ReadEverything();
  // One in another word costs a look too much.
  if (absl::StrContains(step.source(), "old")) compiler.ReadOld();
  if (!code.ok()) return CompileWrites(compiler, step, nullptr);
  auto program = std::make_shared<Program>(*std::move(code));
  CompileWrites(compiler, step, program.get());
  for (const KnownField& known : compiler.Fields()) {
    program->fields.push_back({known.field.name(), known.slot});
    program->slots.emplace(known.field.name(), known.slot);
  }
  for (const NamedSlot& source : compiler.source()) program->old_slots.emplace(source.name, source.slot);
  compiler.Run([program](WorkingRecord& record, const Context& context) {
    return RunProgram(*program, record, context);
  });
}

}  // namespace cognate::transform

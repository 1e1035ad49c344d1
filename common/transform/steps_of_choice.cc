// Steps that choose among values that stand in the sync, or between true and false.
#include <memory>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "common/transform/makers.h"
#include "common/transform/steps.h"
#include "common/value/canonical_text.h"
#include "common/value/value.h"

namespace cognate::transform {
namespace {

using absl::StrCat;
using v1::Value;

// The kinds that a table tells apart: numbers are one, whichever kind carries them.
char KeyClass(Value::KindCase kind) {
  switch (kind) {
    case Value::kInt64Value:
    case Value::kDoubleValue:
    case Value::kDecimalValue:
      return 'n';
    case Value::kBoolValue:
      return 'b';
    case Value::kTextValue:
      return 't';
    case Value::kBytesValue:
      return 'x';
    case Value::kTimestampValue:
      return 'p';
    case Value::kDateValue:
      return 'd';
    default:
      return '\0';  // nothing that a table can look up
  }
}

// Field types whose values are of this class.
TypeSet TypesOf(char key_class) {
  switch (key_class) {
    case 'n':
      return kNumbers;
    case 'b':
      return Only(v1::FIELD_TYPE_BOOL);
    case 't':
      return kTexts;
    case 'x':
      return Only(v1::FIELD_TYPE_BYTES);
    case 'p':
      return kTimes;
    default:
      return Only(v1::FIELD_TYPE_DATE);
  }
}

bool AppendKey(const Value& value, std::string* key) {
  const char key_class = KeyClass(value.kind_case());
  if (key_class == '\0') return false;
  key->push_back(key_class);
  return value::AppendCanonicalText(value, key);
}

struct Table {
  absl::flat_hash_map<std::string, Value> entries;
  std::string shown;  // the first of them, for messages
  std::optional<Value> fallback;
  bool pass = false;
};

class TableBuilder {
 public:
  TableBuilder(Compiler& compiler, const v1::LookUp& step, const std::optional<KnownField>& from)
      : compiler_(compiler), step_(step), from_(from) {}

  // What is written, beside NULL.
  std::shared_ptr<const Table> Build(v1::ModelField* holds) {
    if (step_.entries().empty()) compiler_.Wrong("entries", "got none, want at least one");
    if (step_.entries_size() > kMaxTableEntries) {
      compiler_.Wrong("entries", StrCat("got ", step_.entries_size(), ", want at most ", kMaxTableEntries));
      return nullptr;
    }
    for (int i = 0; i < step_.entries_size(); ++i) Add(i);
    if (step_.has_fallback() && compiler_.CheckValue("fallback", step_.fallback())) {
      table_->fallback = step_.fallback();
      Holds(FieldOf(step_.fallback()));
    }
    table_->pass = step_.pass();
    if (table_->pass && from_.has_value()) Holds(from_->field);
    if (holds_.has_value()) *holds = *holds_;
    return std::move(table_);
  }

 private:
  void Add(int i) {
    const v1::LookUpEntry& entry = step_.entries(i);
    const std::string path = StrCat("entries[", i, "]");
    const bool is_good = compiler_.CheckValue(path + ".to", entry.to());
    if (is_good) Holds(FieldOf(entry.to()));
    std::string key;
    if (!AppendKey(entry.from(), &key)) {
      compiler_.Wrong(path + ".from", StrCat("got ", value::Describe(entry.from()),
                                             ", want a text, a number, a bool or a time; NULL stays NULL"));
      return;
    }
    if (!compiler_.CheckValue(path + ".from", entry.from())) return;
    if (from_.has_value() && !IsIn(*from_, TypesOf(key[0]))) {
      compiler_.Wrong(path + ".from", StrCat("got ", value::Describe(entry.from()), ", want a value that ",
                                             step_.field(), " can have"));
    }
    const auto [known, is_new] = places_.emplace(key, i);
    if (!is_new) {
      compiler_.Wrong(path + ".from", StrCat("got ", value::Describe(entry.from()), ", which entries[",
                                             known->second, "] has already"));
    }
    if (i < kShown) absl::StrAppend(&table_->shown, i == 0 ? "" : ", ", value::Describe(entry.from()));
    if (i == kShown) table_->shown += ", …";
    table_->entries.emplace(std::move(key), entry.to());
  }

  void Holds(const v1::ModelField& field) { holds_ = holds_.has_value() ? EitherOrNull(field) : field; }
  // A NULL among the values says nothing of their type.
  v1::ModelField EitherOrNull(const v1::ModelField& field) const {
    const auto is_null = [](const v1::ModelField& one) {
      return one.type() == v1::FIELD_TYPE_UNSPECIFIED && one.nullable();
    };
    v1::ModelField either = is_null(*holds_) ? field : is_null(field) ? *holds_ : Either(*holds_, field);
    either.set_nullable(holds_->nullable() || field.nullable());
    return either;
  }

  static constexpr int kShown = 5;
  Compiler& compiler_;
  const v1::LookUp& step_;
  const std::optional<KnownField>& from_;
  std::shared_ptr<Table> table_ = std::make_shared<Table>();
  absl::flat_hash_map<std::string, int> places_;
  std::optional<v1::ModelField> holds_;
};

Failed LookUpIn(const Table& table, const Value& from, Value* to) {
  std::string key;
  if (AppendKey(from, &key)) {
    const auto found = table.entries.find(key);
    if (found != table.entries.end()) {
      *to = found->second;
      return std::nullopt;
    }
  }
  if (table.fallback.has_value() || table.pass) {
    *to = table.pass ? from : *table.fallback;
    return std::nullopt;
  }
  return Failure{"NOT_IN_TABLE",
                 StrCat("got ", value::Describe(from), ", want one of ", table.shown,
                        "; add it to the entries, or say what becomes of others by fallback or pass")};
}

bool IsFalseWord(absl::string_view text) {
  if (text.size() > 5) return false;
  const std::string word = absl::AsciiStrToLower(text);
  return word.empty() || word == "0" || word == "false" || word == "no" || word == "off" || word == "n" ||
         word == "f";
}

bool IsTrue(const Value& value) {
  switch (value.kind_case()) {
    case Value::KIND_NOT_SET:
    case Value::kNullValue:
      return false;
    case Value::kBoolValue:
      return value.bool_value();
    case Value::kInt64Value:
      return value.int64_value() != 0;
    case Value::kDoubleValue:
      return value.double_value() != 0;
    case Value::kDecimalValue: {
      std::string canonical;
      return !value::AppendCanonicalDecimal(value.decimal_value(), &canonical) || canonical != "0";
    }
    case Value::kTextValue:
      return !IsFalseWord(value.text_value());
    case Value::kListValue:
      return value.list_value().values_size() > 0;
    case Value::kMapValue:
      return value.map_value().fields_size() > 0;
    default:
      return true;
  }
}

}  // namespace

void Compile(Compiler& compiler, const v1::LookUp& step) {
  const std::optional<KnownField> from =
      compiler.Read("field", step.field(), kScalars, "a text, a number, a bool or a time");
  v1::ModelField holds;
  const std::shared_ptr<const Table> table = TableBuilder(compiler, step, from).Build(&holds);
  if (!from.has_value()) return WriteAnything(compiler, IntoOf(step.field(), step.into()));
  AddValueStep(compiler, *from, step.into(), holds,
               [table](const Value& value, Value* to) { return LookUpIn(*table, value, to); });
}

void Compile(Compiler& compiler, const v1::Truthy& step) {
  if (step.fields().empty()) compiler.Wrong("fields", "got none, want at least one field");
  if (step.fields_size() > 1 && step.into().empty()) {
    compiler.Wrong("into", "got nothing, want a name for the bool, as there are several fields");
  }
  std::vector<NamedSlot> from;
  v1::ModelField holds = FieldOf(v1::FIELD_TYPE_BOOL);
  for (int i = 0; i < step.fields_size(); ++i) {
    const std::optional<KnownField> known = compiler.Read(StrCat("fields[", i, "]"), step.fields(i));
    if (!known.has_value()) continue;
    from.push_back({step.fields(i), known->slot});
    if (known->may_be_left_out) holds.set_nullable(true);
  }
  const std::string& into = step.fields_size() == 1 ? IntoOf(step.fields(0), step.into()) : step.into();
  if (into.empty()) return;
  const int to = compiler.Write("into", into, std::move(holds));
  compiler.Run(
      [from, to, negate = step.negate()](WorkingRecord& record, const Context&) -> std::optional<Stop> {
        bool any = false;
        bool all_listed = true;
        for (const NamedSlot& each : from) {
          const Value* const value = record.Get(each.slot);
          if (value == nullptr) {
            all_listed = false;
            continue;
          }
          if (value->has_omitted_value()) return StopAt(each.name, LeftOut(value->omitted_value()));
          any |= IsTrue(*value);
        }
        if (any || all_listed) {
          record.Make(to)->set_bool_value(any != negate);
        } else {
          record.Drop(to);
        }
        return std::nullopt;
      });
}

void Compile(Compiler& compiler, const v1::StatusFromDeleted& step) {
  compiler.CheckValue("alive", step.alive());
  compiler.CheckValue("deleted", step.deleted());
  const std::optional<KnownField> from = compiler.Read("field", step.field());
  const int to = compiler.Write("into", step.into(), Either(FieldOf(step.alive()), FieldOf(step.deleted())));
  if (!from.has_value()) return;
  compiler.Run([field = step.field(), from = from->slot, to,
                values = std::make_shared<const v1::StatusFromDeleted>(step)](
                   WorkingRecord& record, const Context&) -> std::optional<Stop> {
    const Value* const value = record.Get(from);
    if (value != nullptr && value->has_omitted_value()) return StopAt(field, LeftOut(value->omitted_value()));
    record.Set(to, value == nullptr ? nullptr : IsTrue(*value) ? &values->deleted() : &values->alive());
    return std::nullopt;
  });
}

}  // namespace cognate::transform

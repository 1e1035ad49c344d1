#include <cstdio>
#include <map>
#include <random>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/transform/inverse.h"
#include "common/transform/test_record.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/environment.h"
#include "tests/support/proto_matchers.h"

namespace cognate::transform {
namespace {

using ::cognate::test_support::ParseProto;

using Mappings = google::protobuf::RepeatedPtrField<v1::FieldMapping>;

// Random records, and random chains of steps that all have a way back.
class Maker {
 public:
  explicit Maker(uint64_t seed) : random_(seed) {}

  void Make() {
    AddField("word", v1::FIELD_TYPE_TEXT, value::Text(Word()));
    AddField("phrase", v1::FIELD_TYPE_TEXT, value::Text(absl::StrCat(Word(), "|", Word(), "|", Word())));
    AddField("level", v1::FIELD_TYPE_INTEGER, value::Int(Number(4)));
    AddField("flag", v1::FIELD_TYPE_INTEGER, value::Int(Number(2)));
    AddField("at", v1::FIELD_TYPE_TIMESTAMP,
             value::TimestampMicros(int64_t{1'000'000} * Number(2'000'000'000)));
    AddField("day", v1::FIELD_TYPE_DATE,
             value::Date(absl::StrCat("20", 10 + Number(80), "-0", 1 + Number(9), "-1", Number(10))));
    AddField("list", v1::FIELD_TYPE_LIST,
             value::List({value::Text(Word()), value::Int(Number(1000)), value::Text(Word())}));
    AddField("encoded", v1::FIELD_TYPE_TEXT,
             value::Text(absl::StrCat("[\"", Word(), "\",", Number(99), "]")));
    AddField("prefixed", v1::FIELD_TYPE_TEXT, value::Text(absl::StrCat("wp_", Word())));
    AddField("link", v1::FIELD_TYPE_TEXT,
             value::Text(absl::StrCat("see https://blog.example.org/", Word(), " and so on")));
    for (int left = 1 + Number(8); left > 0; --left) AddStep();
  }

  v1::Model model;
  v1::Fields record;
  Transforms steps;
  std::vector<std::string> present;  // after the steps

 private:
  int Number(int below) { return std::uniform_int_distribution<int>(0, below - 1)(random_); }
  std::string Word() {
    static const std::vector<std::string> kWords = {"river", "Åre", "œuvre", "ship", "日本", "x", "Lyon"};
    return kWords[static_cast<size_t>(Number(static_cast<int>(kWords.size())))];
  }
  void AddField(const std::string& name, v1::FieldType type, const v1::Value& value) {
    v1::ModelField* const field = model.add_fields();
    field->set_name(name);
    field->set_type(type);
    v1::Field* const listed = record.add_fields();
    listed->set_name(name);
    *listed->mutable_value() = value;
    present.push_back(name);
    kinds_[name] = name;
  }
  std::string Fresh() { return absl::StrCat("made", ++made_); }
  std::string Any() { return present[static_cast<size_t>(Number(static_cast<int>(present.size())))]; }
  // The name that a field of this kind has now; empty if it has changed.
  std::string Of(const std::string& kind) const {
    for (const auto& [name, is] : kinds_) {
      if (is == kind) return name;
    }
    return "";
  }
  void Gone(const std::string& name) {
    std::erase(present, name);
    kinds_.erase(name);
  }
  void Step(const std::string& text) { *steps.Add() = ParseProto<v1::Transform>(text); }
  // Mostly into another field, where the first is then dropped or stays.
  void Unary(const std::string& kind, const std::string& after, const std::string& text) {
    const std::string name = Of(kind);
    if (name.empty()) return;
    const bool in_place = Number(2) == 0;
    const std::string into = in_place ? name : Fresh();
    const size_t at = text.find('{') + 1;
    Step(absl::StrCat(text.substr(0, at), " ", kind == "flag" ? "fields" : "field", ": '", name, "' into: '",
                      into, "' ", text.substr(at)));
    if (!in_place) {
      present.push_back(into);
      if (Number(2) == 0) {
        Step(absl::StrCat("drop { fields: '", name, "' }"));
        Gone(name);
      } else {
        kinds_[name] = "done";
      }
    }
    kinds_[into] = after;
  }
  void AddStep() {
    switch (Number(14)) {
      case 0: {
        const std::string name = Any(), into = Fresh(), kind = kinds_[name];
        Step(absl::StrCat("rename { field: '", name, "' into: '", into, "' }"));
        Gone(name);
        present.push_back(into);
        kinds_[into] = kind;
        return;
      }
      case 1: {
        const std::string into = Fresh();
        Step(absl::StrCat("copy { field: '", Any(), "' into: '", into, "' }"));
        present.push_back(into);
        return;
      }
      case 2: {
        const std::string into = Fresh();
        Step(absl::StrCat("constant { into: '", into, "' value { text_value: 'x' } }"));
        present.push_back(into);
        return;
      }
      case 3:
        return Unary(
            "level", "looked",
            "look_up { entries { from { int64_value: 0 } to { text_value: 'a' } } entries { from { "
            "int64_value: 1 } to "
            "{ text_value: 'b' } } entries { from { int64_value: 2 } to { int64_value: 7 } } entries { from "
            "{ int64_value: 3 } to { bool_value: true } } }");
      case 4:
        return Unary("flag", "bool", "truthy { }");
      case 5:
        return Unary("at", "text",
                     "change_time { from { timestamp: true } to { format: '%d.%m.%Y %H:%M:%S' time_zone: "
                     "'Asia/Tokyo' } }");
      case 6:
        return Unary("at", "unix", "change_time { from { timestamp: true } to { unix_seconds: true } }");
      case 7:
        return Unary("day", "text", "change_time { from { date: true } to { format: '%d/%m/%Y' } }");
      case 8:
        return Unary("list", "json", "encode { encoding: ENCODING_JSON }");
      case 9:
        return Unary("list", "php", "encode { encoding: ENCODING_PHP }");
      case 10:
        return Unary("encoded", "list", "decode { encoding: ENCODING_JSON }");
      case 11:
        return Unary("prefixed", "other", "rewrite_prefix { from: 'wp_' to: 'site2_' }");
      case 12:
        return Unary("link", "other",
                     "rewrite_urls { rewrites { from: 'blog.example.org' to: 'www.example.net/b' } }");
      default:
        return PutTogetherOrTakeApart();
    }
  }
  void PutTogetherOrTakeApart() {
    const std::string word = Of("word"), phrase = Of("phrase");
    if (!phrase.empty() && Number(2) == 0) {
      const std::string a = Fresh(), b = Fresh(), c = Fresh();
      Step(absl::StrCat("split { field: '", phrase, "' separator: '|' into: '", a, "' into: '", b,
                        "' into: '", c, "' }"));
      Step(absl::StrCat("drop { fields: '", phrase, "' }"));
      Gone(phrase);
      present.insert(present.end(), {a, b, c});
      kinds_[b] = "word2";
    } else if (!word.empty() && !Of("prefixed").empty()) {
      const std::string other = Of("prefixed"), into = Fresh();
      Step(absl::StrCat("concat { fields: '", word, "' fields: '", other, "' separator: ';' into: '", into,
                        "' }"));
      Step(absl::StrCat("drop { fields: '", word, "' fields: '", other, "' }"));
      Gone(word);
      Gone(other);
      present.push_back(into);
    }
  }

  std::mt19937_64 random_;
  std::map<std::string, std::string> kinds_;
  int made_ = 0;
};

// The record as the other side has it, or gets it.
v1::Fields Mapped(const v1::Fields& fields, const Mappings& mappings) {
  v1::Fields mapped;
  for (const v1::FieldMapping& mapping : mappings) {
    const v1::Value* const value = value::Find(fields, mapping.source());
    if (value == nullptr) continue;
    v1::Field* const field = mapped.add_fields();
    field->set_name(mapping.target());
    *field->mutable_value() = *value;
  }
  return mapped;
}

TEST(InversePropertyTest, InvertedChainsGiveTheRecordBack) {
  const uint64_t seed = test_support::TestSeed();
  SCOPED_TRACE(absl::StrCat("COGNATE_TEST_SEED=", seed));
  constexpr int kChains = 3'000;
  size_t steps = 0, differing = 0;
  for (int i = 0; i < kChains && !HasFailure(); ++i) {
    Maker maker(seed + static_cast<uint64_t>(i));
    maker.Make();
    steps += static_cast<size_t>(maker.steps.size());
    std::string told = absl::StrJoin(maker.steps, "\n", [](std::string* out, const v1::Transform& step) {
      absl::StrAppend(out, step.ShortDebugString());
    });
    SCOPED_TRACE(told);
    std::vector<FieldViolation> violations;
    const Chain there = Chain::Compile(
        maker.steps, std::vector<v1::ModelField>(maker.model.fields().begin(), maker.model.fields().end()),
        &violations);
    for (const FieldViolation& violation : violations)
      FAIL() << violation.field << ": " << violation.description;
    Mappings mappings;
    v1::Model other;  // its names are those of this side, shuffled, so that they meet
    for (size_t at = 0; at < maker.present.size(); ++at) {
      v1::FieldMapping* const mapping = mappings.Add();
      mapping->set_source(maker.present[at]);
      mapping->set_target(maker.present[(at + 1) % maker.present.size()]);
      v1::ModelField* const field = other.add_fields();
      *field = *there.FieldAfter(mapping->source());
      field->set_name(mapping->target());
    }
    TestRecord first(there, maker.model, maker.record);
    const std::optional<Stop> stop = there.Run(first.record(), first.context());
    if (stop.has_value()) FAIL() << stop->error.message();
    const v1::Fields on_the_other_side = Mapped(first.After(there), mappings);

    const Inverse inverse = Invert(maker.steps, mappings);
    for (const NotInvertible& missing : inverse.missing) FAIL() << missing.path << ": " << missing.reason;
    const Chain back = Chain::Compile(
        inverse.transforms, std::vector<v1::ModelField>(other.fields().begin(), other.fields().end()),
        &violations);
    for (const FieldViolation& violation : violations)
      FAIL() << violation.field << ": " << violation.description;
    TestRecord second(back, other, on_the_other_side);
    const std::optional<Stop> second_stop = back.Run(second.record(), second.context());
    if (second_stop.has_value()) FAIL() << second_stop->error.message();
    const v1::Fields came_back = Mapped(second.After(back), inverse.fields);
    for (const v1::Field& field : maker.record.fields()) {
      const v1::Value* const value = value::Find(came_back, field.name());
      const bool is_same = value != nullptr && value::Equal(*value, field.value());
      EXPECT_TRUE(is_same) << field.name() << " was " << value::Describe(field.value()) << " is "
                           << (value == nullptr ? "gone" : value::Describe(*value));
      differing += is_same ? 0 : 1;
    }
  }
  std::printf("figure transform.inverse seed=%llu chains=%d steps=%zu differing=%zu\n",
              static_cast<unsigned long long>(seed), kChains, steps, differing);
}

}  // namespace
}  // namespace cognate::transform

// Random records of the tests' model, and random conditions that are well typed.
#pragma once

#include <random>
#include <string>
#include <vector>

#include "common/condition/test_model.h"
#include "common/condition/test_naive_evaluator.h"
#include "common/value/parse.h"

namespace cognate::condition::naive {

inline constexpr const char* kNumbers[] = {"0",
                                           "1",
                                           "3",
                                           "3.0",
                                           "3.00001",
                                           "-3",
                                           "0.1",
                                           "-0.5e1",
                                           "1e30",
                                           "10",
                                           "10.5",
                                           "10.50",
                                           "1e-7",
                                           "-1e30",
                                           "100e-10",
                                           "-0.0",
                                           "9007199254740993",
                                           "9007199254740992",
                                           "9223372036854775807",
                                           "-9223372036854775808",
                                           "9223372036854775808"};
inline constexpr double kDoubles[] = {0.1,  3,    -3,   10.5, 9007199254740992.0, 9223372036854775808.0,
                                      1e30, 1e-7, -0.0, 1e300};
inline constexpr const char* kTexts[] = {"",   "a",  "A", "ab", "b a", " a ", "aB\n", "\"q\" 'x' \\",
                                         "中", "🌍a", "zz"};
inline constexpr const char* kStates[] = {"draft", "published", "trash"};
inline constexpr const char* kTimes[] = {"2026-02-28 13:45:00+00", "2026-02-28 13:45:00.000001+00",
                                         "1960-01-01 00:00:00+00"};
inline constexpr const char* kDates[] = {"2026-02-28", "2026-03-01", "0999-12-31"};
inline constexpr const char* kPatterns[] = {"^a", "b$", "[ab]+", "a.b", "^$"};

class Generator {
 public:
  explicit Generator(uint64_t seed) : random_(seed) {}

  World MakeWorld() {
    World world;
    for (Record* record : {&world.record, &world.old_record}) {
      for (const ModelOfTests::Entry& entry : ModelOfTests::Entries()) {
        if (OneIn(6)) continue;
        (*record)[entry.name] = OneIn(6) ? value::Null() : ValueOf(entry.type);
      }
    }
    if (OneIn(4)) world.old_record.clear();
    for (const char* platform : {"shop", "blog"}) {
      if (OneIn(2)) world.assigned.push_back(platform);
    }
    return world;
  }

  Node MakeTruth(int depth) {
    switch (random_() % (depth > 0 ? 9 : 6)) {
      case 0:
        return Relation({"=", "!=", "<", "<=", ">", ">="}, Pair(depth));
      case 1:
        return Relation({"in", "not in"}, List(depth));
      case 2:
        return Relation({"contains", "starts with", "ends with", "=", ">"},
                        {TextOperand(depth), TextOperand(depth)});
      case 3:
        return Simple();
      case 4:
        return Relation({"is null", "is not null", "is listed", "is not listed"}, {AnyField()});
      case 5:
        return Relation({"=", "!="}, {Literal(value::Bool(OneIn(2))),
                                      depth > 0 ? MakeTruth(depth - 1) : Field("featured")});
      case 6:
        return Relation({"not"}, {MakeTruth(depth - 1)});
      default: {
        Node chain{OneIn(2) ? "and" : "or"};
        for (uint64_t i = 2 + random_() % 3; i > 0; --i) chain.children.push_back(MakeTruth(depth - 1));
        return chain;
      }
    }
  }

 private:
  bool OneIn(uint64_t n) { return random_() % n == 0; }
  template <typename T, size_t kSize>
  const T& OneOf(const T (&all)[kSize]) {
    return all[random_() % kSize];
  }

  v1::Value Number() {
    switch (random_() % 3) {
      case 0:
        return value::Double(OneOf(kDoubles));
      case 1:
        return value::Decimal(OneIn(20) ? "NaN" : OneIn(20) ? "-Infinity" : OneOf(kNumbers));
      default:
        return value::Int(OneIn(3) ? 9007199254740993 : static_cast<int64_t>(random_() % 12) - 3);
    }
  }

  v1::Value ValueOf(v1::FieldType type) {
    switch (type) {
      case v1::FIELD_TYPE_BOOL:
        return value::Bool(OneIn(2));
      case v1::FIELD_TYPE_INTEGER:
      case v1::FIELD_TYPE_FLOAT:
      case v1::FIELD_TYPE_DECIMAL:
        return Number();
      case v1::FIELD_TYPE_TIMESTAMP:
      case v1::FIELD_TYPE_LOCAL_TIMESTAMP:
        return value::TimestampMicros(*value::ParseTimestamp(OneOf(kTimes)));
      case v1::FIELD_TYPE_DATE:
        return value::Date(OneOf(kDates));
      case v1::FIELD_TYPE_ENUM:
        return value::Text(OneOf(kStates));
      case v1::FIELD_TYPE_BYTES:
        return value::Bytes(OneOf(kTexts));
      case v1::FIELD_TYPE_LIST:
        return value::List({value::Text(OneOf(kTexts)), value::Null(), value::Text(OneOf(kTexts))});
      case v1::FIELD_TYPE_JSON:
      case v1::FIELD_TYPE_UNSPECIFIED:
        if (OneIn(6)) return value::List({Number(), value::Null(), value::Text(OneOf(kTexts))});
        return ValueOf(
            OneOf({v1::FIELD_TYPE_BOOL, v1::FIELD_TYPE_DECIMAL, v1::FIELD_TYPE_TEXT, v1::FIELD_TYPE_DATE}));
      default:
        return value::Text(OneOf(kTexts));
    }
  }
  template <size_t kSize>
  v1::FieldType OneOf(const v1::FieldType (&all)[kSize]) {
    return all[random_() % kSize];
  }

  static Node Literal(v1::Value value, std::string written = "") {
    Node node{"literal"};
    node.literal = std::move(value);
    node.written = std::move(written);
    return node;
  }
  Node Field(const std::string& name) {
    Node node{"field"};
    node.field = name;
    node.is_old = OneIn(3);
    return node;
  }
  Node AnyField() { return Field(ModelOfTests::Entries()[random_() % ModelOfTests::Entries().size()].name); }

  Node NumberLiteral() {
    const std::string text = OneOf(kNumbers);
    return Literal(value::Decimal(text), text);
  }
  Node NumberOperand(int depth) {
    if (OneIn(3)) return NumberLiteral();
    if (depth > 0 && OneIn(4)) return Node{"length", {OneIn(3) ? Field("tags") : TextOperand(depth - 1)}};
    static constexpr const char* kFields[] = {"price", "cost", "stock", "rating", "active", "any", "other"};
    return Field(OneOf(kFields));
  }
  Node TextOperand(int depth) {
    static constexpr const char* kFields[] = {"title", "email", "first name", "any", "other"};
    static constexpr const char* kFunctions[] = {"lower", "upper", "trim"};
    if (OneIn(3)) return Literal(value::Text(OneOf(kTexts)));
    if (depth > 0 && OneIn(3)) return Node{OneOf(kFunctions), {TextOperand(depth - 1)}};
    return Field(OneOf(kFields));
  }
  Node DateOperand() { return OneIn(2) ? Literal(ValueOf(v1::FIELD_TYPE_DATE)) : Field("birthday"); }
  Node TimeOperand() {
    return OneIn(2) ? Literal(ValueOf(v1::FIELD_TYPE_TIMESTAMP))
                    : Field(OneIn(2) ? "created_at" : "deleted_at");
  }

  std::vector<Node> Pair(int depth) {
    switch (random_() % 5) {
      case 0:
        return {TextOperand(depth), TextOperand(depth)};
      case 1:
        return {DateOperand(), DateOperand()};
      case 2:
        return {TimeOperand(), TimeOperand()};
      case 3:
        return {Field("any"), Field("other")};
      default:
        return {NumberOperand(depth), NumberOperand(depth)};
    }
  }

  std::vector<Node> List(int depth) {
    const uint64_t kind = random_() % 5;
    std::vector<Node> list = {kind == 0   ? NumberOperand(depth)
                              : kind == 1 ? TextOperand(depth)
                              : kind == 2 ? Field("status")
                              : kind == 3 ? Field("birthday")
                                          : Field("any")};
    for (uint64_t i = 1 + random_() % 6; i > 0; --i) {
      const uint64_t of = kind == 4 ? random_() % 4 : kind;
      list.push_back(of == 0   ? NumberLiteral()
                     : of == 1 ? Literal(value::Text(OneOf(kTexts)))
                     : of == 2 ? Literal(value::Text(OneOf(kStates)))
                               : Literal(value::Date(OneOf(kDates))));
      if (OneIn(8)) list.back() = Literal(value::Null());
    }
    return list;
  }

  Node Relation(const std::vector<const char*>& words, std::vector<Node> children) {
    return Node{words[random_() % words.size()], std::move(children)};
  }

  Node Simple() {
    switch (random_() % 6) {
      case 0:
        return Field(OneIn(2) ? "featured" : "any");
      case 1:
        return Literal(value::Bool(OneIn(2)));
      case 2: {
        Node node{"assigned"};
        node.literal = value::Text(OneIn(2) ? "shop" : "app");
        return node;
      }
      case 3: {
        Node node{"matches", {TextOperand(1)}};
        node.literal = value::Text(OneOf(kPatterns));
        return node;
      }
      case 4:
        return Relation({"=", "!="}, {Field("status"), Literal(value::Text(OneOf(kStates)))});
      default:
        return Relation({"contains"}, {Field("tags"), Literal(value::Text(OneOf(kTexts)))});
    }
  }

  std::mt19937_64 random_;
};

}  // namespace cognate::condition::naive

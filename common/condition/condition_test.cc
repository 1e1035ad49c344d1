#include "common/condition/condition.h"

#include <chrono>
#include <cstdio>
#include <limits>

#include "common/condition/test_model.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace cognate::condition {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using value::Bool;
using value::Date;
using value::Decimal;
using value::Double;
using value::Int;
using value::List;
using value::Map;
using value::Null;
using value::Text;
using value::TimestampMicros;

Condition Parsed(absl::string_view text) {
  absl::StatusOr<Condition> condition = Condition::Parse(text, ModelOfTests::AllNames());
  if (!condition.ok()) {
    ADD_FAILURE() << text << ": " << condition.status();
    return *Condition::Parse("false", {});
  }
  return *std::move(condition);
}

bool Holds(absl::string_view text, const RecordOfTests& record) {
  return Parsed(text).Matches(record.subject());
}

std::string Explained(absl::string_view text, const RecordOfTests& record) {
  return Parsed(text).Explain(record.subject());
}

TEST(ConditionTest, CombinesByPrecedence) {
  const RecordOfTests record({{"featured", Bool(true)}, {"stock", Int(0)}, {"price", Decimal("10.50")}});
  EXPECT_TRUE(Holds("featured or featured and stock = 1", record));
  EXPECT_FALSE(Holds("(featured or featured) and stock = 1", record));
  EXPECT_FALSE(Holds("not featured or stock = 1", record));
  EXPECT_TRUE(Holds("not (featured and stock = 1)", record));
  EXPECT_TRUE(Holds("not not featured", record));
  EXPECT_TRUE(Holds("not stock = 1", record));
  EXPECT_TRUE(Holds("(stock = 0) = featured", record));
  EXPECT_TRUE(Holds("price >= 10.5 and price <= 10.5 and not (price < 10.5) and price > -3", record));
}

TEST(ConditionTest, NullEqualsOnlyNullAndHasNoOrder) {
  for (const v1::Value& absent : {Null(), v1::Value()}) {
    const RecordOfTests record(
        {{"price", absent}, {"title", absent}, {"featured", absent}, {"tags", absent}, {"stock", Int(1)}});
    EXPECT_TRUE(Holds("price is null and price = null and not (price is not null)", record));
    EXPECT_TRUE(Holds("price != 10 and price = cost", record));
    EXPECT_FALSE(Holds("price = 10 or price < 10 or price >= 10 or price <= cost", record));
    EXPECT_FALSE(Holds(
        "title contains \"\" or title starts with \"\" or title ends with '' or title matches \"\"", record));
    EXPECT_FALSE(
        Holds("tags contains \"a\" or length(title) >= 0 or lower(title) = \"\" or featured", record));
    EXPECT_TRUE(Holds("length(title) is null and trim(title) is null and stock is not null", record));
    EXPECT_TRUE(Holds("title in (\"a\", null) and title not in (\"a\")", record));
  }
}

TEST(ConditionTest, KnowsUnlistedFieldsFromNull) {
  const RecordOfTests record({{"price", Null()}}, {{"title", Text("x")}});
  EXPECT_TRUE(Holds("price is listed and title is not listed and old.title is listed", record));
  EXPECT_TRUE(Holds("title is null", record));
  EXPECT_FALSE(Parsed("price is listed").Matches(Subject()));
}

TEST(ConditionTest, ComparesNumbersOfAllKindsExactly) {
  const auto equal = [](const v1::Value& a, const v1::Value& b) {
    const RecordOfTests record({{"any", a}, {"other", b}});
    EXPECT_EQ(Holds("any < other or any > other", record), !Holds("any = other", record));
    return Holds("any = other and any <= other and other >= any", record);
  };
  EXPECT_TRUE(equal(Int(3), Decimal("3.00")));
  EXPECT_TRUE(equal(Int(3), Double(3)));
  EXPECT_TRUE(equal(Decimal("0.1"), Double(0.1)));
  EXPECT_TRUE(equal(Decimal("1e3"), Int(1000)));
  EXPECT_TRUE(equal(Decimal("-0"), Int(0)));
  EXPECT_TRUE(equal(Double(std::numeric_limits<double>::quiet_NaN()), Decimal("NaN")));
  EXPECT_TRUE(equal(Double(std::numeric_limits<double>::infinity()), Decimal("Infinity")));
  EXPECT_FALSE(equal(Int(9007199254740993), Double(9007199254740992)));
  EXPECT_TRUE(equal(Int(9007199254740992), Double(9007199254740992)));
  EXPECT_FALSE(equal(Int(std::numeric_limits<int64_t>::max()), Double(9223372036854775808.0)));
  EXPECT_FALSE(equal(Int(9223372036854775807), Decimal("9223372036854775807.0000000000000001")));
  const RecordOfTests record(
      {{"stock", Int(9007199254740993)}, {"rating", Double(-2.5)}, {"price", Decimal("1e30")}});
  EXPECT_TRUE(
      Holds("stock = 9007199254740993 and stock > 9007199254740992 and stock > 9007199254740992.9", record));
  EXPECT_TRUE(Holds("rating = -2.50 and rating < -2.4999999999999999999 and rating in (1, -25e-1)", record));
  EXPECT_TRUE(Holds("price > 9223372036854775808 and price = 1000000000000000000000000000000", record));
}

TEST(ConditionTest, ComparesTextsByCodePoints) {
  const RecordOfTests record({{"title", Text("Äpfel 🌍")}, {"status", Text("draft")}});
  EXPECT_TRUE(Holds("title > \"Z\" and title < \"\\u{1F30D}\" and title = '\\u{c4}pfel 🌍'", record));
  EXPECT_TRUE(
      Holds("length(title) = 7 and title contains \"pfel\" and title starts with 'Ä' and title ends with '🌍'",
            record));
  EXPECT_TRUE(Holds("lower(title) = \"äpfel 🌍\" and upper(trim(title)) starts with \"ÄPFEL\"", record));
  EXPECT_TRUE(Holds("title matches \"^\\\\pL+ .$\" and not (title matches \"^pfel\")", record));
  EXPECT_TRUE(Holds("status in (\"draft\", \"trash\") and status not in ('published')", record));
}

TEST(ConditionTest, ComparesTimesWithTimesAndDatesWithDates) {
  const RecordOfTests record(
      {{"created_at", TimestampMicros(1'772'282'096'123'456)}, {"birthday", Date("2026-02-28")}});
  EXPECT_TRUE(Holds("created_at = time \"2026-02-28T12:34:56.123456Z\"", record));
  EXPECT_TRUE(
      Holds("created_at > '2026-02-28 12:34:56' and created_at < \"2026-02-28T13:34:57+00:00\"", record));
  EXPECT_TRUE(Holds(
      "birthday = \"2026-02-28\" and birthday < date \"2026-03-01\" and birthday in ('2026-02-28')", record));
  EXPECT_TRUE(Holds("created_at is not null and deleted_at is null", record));
}

TEST(ConditionTest, LooksIntoLists) {
  const RecordOfTests record(
      {{"tags", List({Text("a"), Null(), Text("b")})}, {"any", List({Int(3), Bool(true)})}});
  EXPECT_TRUE(Holds("tags contains \"b\" and not (tags contains \"c\") and length(tags) = 3", record));
  EXPECT_TRUE(Holds("any contains 3.0 and any contains true and not (any contains \"3\")", record));
}

TEST(ConditionTest, ComparesAFieldWithWhatItWas) {
  const v1::Value tags = List({Text("a"), Int(1)});
  const RecordOfTests record(
      {{"status", Text("published")}, {"tags", tags}, {"meta", Map({{"a", Int(1)}, {"b", Text("x")}})}},
      {{"status", Text("draft")}, {"tags", tags}, {"meta", Map({{"b", Text("x")}, {"a", Decimal("1.0")}})}});
  EXPECT_TRUE(Holds("status != old.status and tags = old.tags and meta = old.meta", record));
  EXPECT_FALSE(Holds("tags = old.tags", RecordOfTests({{"tags", tags}})));
}

TEST(ConditionTest, AsksForAssignments) {
  const RecordOfTests record({}, {}, {"blog", "shop"});
  EXPECT_TRUE(Holds("assigned(\"shop\") and not assigned('app')", record));
  EXPECT_THAT(Parsed("assigned('x') or assigned('a') or assigned('x')").assigned_platforms(),
              testing::ElementsAre("x", "a"));
  EXPECT_TRUE(Parsed("true").assigned_platforms().empty());
}

TEST(ConditionTest, AsksForItsOwnPlatform) {
  Names names = ModelOfTests::AllNames();
  names.assignments.own_platform = "shop";
  const absl::StatusOr<Condition> condition = Condition::Parse("assigned()", names);
  ASSERT_TRUE(condition.ok()) << condition.status();
  EXPECT_THAT(condition->assigned_platforms(), testing::ElementsAre("shop"));
  EXPECT_TRUE(condition->Matches(RecordOfTests({}, {}, {"blog", "shop"}).subject()));
  EXPECT_EQ(condition->Explain(RecordOfTests({}, {}, {"blog"}).subject()),
            "the record is not assigned to shop, want it assigned");
}

TEST(ConditionTest, NamesItsFieldsOnce) {
  const Condition condition =
      Parsed("price > 1 and `first name` = old.title and (price < cost or old.title is listed)");
  EXPECT_THAT(condition.fields(), ElementsAre("price", "first name", "cost"));
  EXPECT_THAT(condition.old_fields(), ElementsAre("title"));
  EXPECT_THAT(Parsed("true").fields(), IsEmpty());
  EXPECT_EQ(Parsed(" true ").text(), " true ");
}

TEST(ConditionTest, TakesWordsOfTheLanguageAsNamesWhereTheyFit) {
  Names names;
  names.find_field = [](absl::string_view, bool) { return FieldInfo{0, v1::FIELD_TYPE_TEXT}; };
  for (const char* text :
       {"date = \"x\"", "old = \"x\"", "old.old = \"x\"", "`and` = \"x\"", "length = \"x\"",
        "old.`a``b` = 'x'", "old.in = 'x'", "with starts with listed", "time is listed", "größe_2 = ''"}) {
    EXPECT_TRUE(Condition::Parse(text, names).ok()) << Condition::Parse(text, names).status();
  }
}

TEST(ConditionTest, AValueThatWasLeftOutEqualsNothing) {
  v1::Value omitted;
  omitted.mutable_omitted_value()->set_size_bytes(9 << 20);
  const RecordOfTests record({{"title", omitted}}, {{"title", omitted}});
  EXPECT_FALSE(Holds("title = old.title or title is null or title contains \"\"", record));
  EXPECT_TRUE(Holds("title is listed", record));
}

TEST(ConditionTest, ExplainsWhatDecided) {
  const RecordOfTests record({{"status", Text("draft")},
                              {"price", Int(8)},
                              {"cost", Decimal("10")},
                              {"title", Text(" Hat ")},
                              {"tags", List({Text("a")})},
                              {"featured", Bool(false)}},
                             {{"status", Text("trash")}}, {"shop"});
  EXPECT_EQ(Explained("status = \"published\" and price > 1", record),
            "status is \"draft\", want \"published\"");
  EXPECT_EQ(Explained("price >= cost", record), "price is 8, want >= cost (10)");
  EXPECT_EQ(Explained("price > 5 and not featured", record),
            "price is 8, which is > 5 and featured is false");
  EXPECT_EQ(Explained("price > 10 or featured", record),
            "price is 8, want > 10 and featured is false, want true");
  EXPECT_EQ(Explained("not (old.status in (\"draft\", \"trash\"))", record),
            "old.status is \"trash\", want none of \"draft\", \"trash\"");
  EXPECT_EQ(Explained("stock > 1", record), "stock is not listed, want > 1");
  EXPECT_EQ(Explained("stock is listed", record), "stock is not listed, want it listed");
  EXPECT_EQ(Explained("title is null", record), "title is \" Hat \", want NULL");
  EXPECT_EQ(Explained("tags is not null", record), "tags is a list of 1 values");
  EXPECT_EQ(Explained("lower(trim(title)) contains \"x\"", record),
            "lower(trim(title)) is \"hat\", want one that contains \"x\"");
  EXPECT_EQ(Explained("not title matches \"H\"", record),
            "title is \" Hat \", want one that does not match \"H\"");
  EXPECT_EQ(Explained("assigned(\"shop\")", record), "the record is assigned to shop");
  EXPECT_EQ(Explained("not assigned(\"shop\")", record),
            "the record is assigned to shop, want it not assigned");
  EXPECT_EQ(Explained("status != \"draft\"", record), "status is \"draft\", want not \"draft\"");
  const RecordOfTests large({{"title", Text(std::string(1 << 20, 'x'))}});
  EXPECT_LT(Explained("title = \"a\"", large).size(), 200u);
}

TEST(ConditionTest, MatchesQuickly) {
  const Condition condition = Parsed("status = \"published\" and price > 10");
  const RecordOfTests record({{"status", Text("published")}, {"price", Decimal("12.50")}});
  const Subject subject = record.subject();
  constexpr int kRounds = 200'000;
  int matches = 0;
  const auto start = std::chrono::steady_clock::now();
  for (int round = 0; round < kRounds; ++round) matches += condition.Matches(subject) ? 1 : 0;
  const std::chrono::duration<double, std::nano> elapsed = std::chrono::steady_clock::now() - start;
  EXPECT_EQ(matches, kRounds);
  std::printf("figure condition.matches ns=%.0f\n", elapsed.count() / kRounds);
}

}  // namespace
}  // namespace cognate::condition

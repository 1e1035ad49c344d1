#pragma once

#include <algorithm>
#include <iostream>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/end_to_end/bad_input_world.h"
#include "tests/support/proto_matchers.h"

namespace cognate::bad_input {

inline constexpr char kSale[] = R"pb(
  model: "sale"
  key_fields: "code"
  fields { name: "code" type: FIELD_TYPE_TEXT }
  fields { name: "amount" type: FIELD_TYPE_INTEGER size_bits: 64 nullable: true }
  fields { name: "note" type: FIELD_TYPE_TEXT nullable: true }
)pb";

// One world for all tests of the program, and what they count.
class BadInputTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (world_ == nullptr) world_ = std::make_unique<World>();
  }

  static World& world() { return *world_; }

  // Compares what was said with what should be, and counts both.
  static void Judge(const std::string& what, const Said& said, const Want& want) {
    ++cases_;
    const bool named = std::find(said.fields.begin(), said.fields.end(), want.field) != said.fields.end();
    const bool is_clear = said.infos == 1 && said.code == want.code && said.reason == want.reason && named &&
                          absl::StrContains(said.text, want.fix);
    clear_ += is_clear ? 1 : 0;
    if (want.open) {
      if (!is_clear)
        std::cout << "open: " << what << " says " << said.reason << " " << said.text << std::endl;
      return;
    }
    EXPECT_EQ(said.infos, 1) << what;
    EXPECT_EQ(said.code, want.code) << what << ": " << said.text;
    EXPECT_EQ(said.reason, want.reason) << what << ": " << said.text;
    EXPECT_TRUE(named) << what << ": want the field " << want.field << ", got "
                       << absl::StrJoin(said.fields, ", ") << ": " << said.text;
    EXPECT_THAT(said.text, ::testing::HasSubstr(want.fix)) << what;
  }

  // Counts what was taken and is not there.
  static void Arrives(postgres::Connection& target, const std::string& sql, const std::string& answer) {
    const bool there = world().Answers(target, sql, answer);
    lost_ += there ? 0 : 1;
    EXPECT_TRUE(there) << sql << ": got " << world().Ask(target, sql) << ", want " << answer;
  }

  // The model `sale` of `till`, with a table and a sync of its own for each test.
  static std::string SaleModel() {
    std::string name = absl::StrCat("sale_", ::testing::UnitTest::GetInstance()->current_test_info()->name());
    v1::Model model = test_support::ParseProto<v1::Model>(kSale);
    model.set_model(name);
    world().PutModel(model);
    world().Run(*world().goal,
                absl::StrCat("CREATE TABLE \"", name,
                             "\" (no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, code text "
                             "NOT NULL, amount bigint, note text)"));
    world().Analyze("goal");
    world().CreateSync(SyncOf(absl::AsciiStrToLower(absl::StrReplaceAll(name, {{"_", "-"}})), "till", name,
                              "goal", absl::StrCat("public.", name),
                              {{"code", "code"}, {"amount", "amount"}, {"note", "note"}}));
    return name;
  }
  static v1::Change Sale(const std::string& model, const std::string& id, v1::Value amount, v1::Value note) {
    return Create(absl::StrCat(model, "-", id), model, id,
                  {{"code", Text(id)}, {"amount", std::move(amount)}, {"note", std::move(note)}});
  }
  static std::string CodesIn(const std::string& model) {
    return absl::StrCat("SELECT string_agg(code, ',' ORDER BY code) FROM \"", model, "\"");
  }
  // The results of a batch: the one at `index` refused, the others taken.
  static Said OnlyRefused(const v1::CaptureResponse& response, int index) {
    for (const v1::CaptureResult& result : response.results()) {
      EXPECT_EQ(result.version() == 0, result.index() == index) << result.DebugString();
    }
    return SaidBy(response.results(index).error());
  }

  friend class TheWorldEnds;
  static inline std::unique_ptr<World> world_;
  static inline int cases_ = 0;
  static inline int clear_ = 0;
  static inline int lost_ = 0;
};

}  // namespace cognate::bad_input

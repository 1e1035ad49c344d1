// Values that their source takes and their target does not: from an agent, and from a followed database.
#include <ostream>
#include <string>
#include <tuple>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/end_to_end/bad_input_fixture.h"
#include "tests/support/eventually.h"

namespace cognate::bad_input {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

// A value that its source takes and its target does not.
struct Misfit {
  const char* name;
  const char* source_column;  // In the source database.
  const char* source_field;   // Of the agent's model.
  const char* target_column;
  const char* bad;  // As SQL.
  const char* good;
  const char* change;  // What happens to the column after the catalogue was read: only the target knows.
  const char* reason;
  const char* fix;
  const char* mend;  // On the target; empty where the source mends it.
};

std::ostream& operator<<(std::ostream& out, const Misfit& misfit) { return out << misfit.name; }

constexpr char kAsText[] = "type: FIELD_TYPE_TEXT nullable: true";
constexpr char kAsInteger[] = "type: FIELD_TYPE_INTEGER size_bits: 64 nullable: true";
constexpr Misfit kMisfits[] = {
    {"too_long", "text", kAsText, "varchar(4)", "'fives'", "'four'", "", "VALUE_TOO_LONG",
     "shorten it at the source or widen the target field", "TYPE text"},
    {"too_long_by_now", "text", kAsText, "varchar(9)", "'fives'", "'four'", "TYPE varchar(4)",
     "VALUE_TOO_LONG", "Correct the value at the source, or change the column", "TYPE text"},
    {"out_of_range", "bigint", kAsInteger, "smallint", "40000", "400", "", "OUT_OF_RANGE", "want",
     "TYPE integer"},
    {"out_of_range_by_now", "bigint", kAsInteger, "bigint", "40000", "400", "TYPE smallint",
     "VALUE_OUT_OF_RANGE", "Correct the value at the source, or change the column", "TYPE integer"},
    {"no_date", "text", kAsText, "date", "'yesterday'", "'2026-02-28'", "", "INVALID_TEXT", "want a date",
     "TYPE text USING value::text"},
    {"null", "text", kAsText, "text NOT NULL", "NULL", "'x'", "", "NOT_NULL",
     "fill it in at the source or let the target field be empty", "DROP NOT NULL"},
    {"null_by_now", "text", kAsText, "text", "NULL", "'x'", "SET NOT NULL", "NOT_NULL_VIOLATION",
     "make it nullable", "DROP NOT NULL"},
    {"encoding", "text", kAsText, "text", "'漢'", "'é'", "", "BAD_ENCODING",
     "Correct the value at the source, or change the column", ""}};

v1::Value AsValue(absl::string_view sql) {
  if (sql == "NULL") return Null();
  if (sql.front() == '\'') return Text(sql.substr(1, sql.size() - 2));
  return Integer(std::stoll(std::string(sql)));
}

class MisfitTest : public BadInputTest, public ::testing::WithParamInterface<std::tuple<Misfit, bool>> {
 protected:
  const Misfit& misfit() const { return std::get<0>(GetParam()); }
  bool from_agent() const { return std::get<1>(GetParam()); }
  std::string table() const {
    return absl::StrCat("misfit_", misfit().name, from_agent() ? "_agent" : "_postgres");
  }
  std::string platform() const { return from_agent() ? "till" : "origin"; }
  std::string model() const { return from_agent() ? table() : absl::StrCat("public.", table()); }
  std::string target_platform() const { return std::string(misfit().name) == "encoding" ? "latin" : "goal"; }
  postgres::Connection& target() const {
    return target_platform() == "latin" ? *world().latin : *world().goal;
  }

  void AddSource() {
    if (!from_agent()) {
      world().Run(*world().origin,
                  absl::StrCat("CREATE TABLE ", table(), " (id int PRIMARY KEY, code text NOT NULL, ",
                               "value ", misfit().source_column, ")"));
      return world().Analyze("origin");
    }
    v1::Model model = test_support::ParseProto<v1::Model>(absl::StrCat(
        "key_fields: 'code' fields { name: 'code' type: FIELD_TYPE_TEXT } fields { name: 'value' ",
        misfit().source_field, " }"));
    model.set_model(table());
    world().PutModel(model);
  }

  void Write(const std::vector<std::pair<int, std::string>>& rows, const std::string& change = "") {
    std::vector<v1::Change> changes;
    std::string sql = absl::StrCat("INSERT INTO ", table(), " VALUES ");
    for (const auto& [id, value] : rows) {
      const std::string code = absl::StrCat(id);
      changes.push_back(Create(absl::StrCat(table(), change, id), table(), code,
                               {{"code", Text(code)}, {"value", AsValue(value)}}));
      absl::StrAppend(&sql, id == rows.front().first ? "" : ", ", "(", id, ", '", id, "', ", value, ")");
    }
    absl::StrAppend(&sql, " ON CONFLICT (id) DO UPDATE SET value = excluded.value");
    if (!from_agent()) return world().Run(*world().origin, sql);
    const v1::CaptureResponse response = world().Capture(changes);
    for (const v1::CaptureResult& result : response.results()) EXPECT_NE(result.version(), 0);
  }

  void AlterTarget(const std::string& how) {
    world().Run(target(), absl::StrCat("ALTER TABLE ", table(), " ALTER COLUMN value ", how));
  }
  std::string Codes() const {
    return absl::StrCat("SELECT string_agg(code, ',' ORDER BY code) FROM ", table());
  }
};

TEST_P(MisfitTest, FailsAloneIsExplainedAndArrivesWhenItsCauseIsMended) {
  AddSource();
  world().Run(target(),
              absl::StrCat("CREATE TABLE ", table(),
                           " (no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, code text NOT NULL, value ",
                           misfit().target_column, ")"));
  world().Analyze(target_platform());
  const std::vector<std::string> warnings = world().CreateSync(
      SyncOf(absl::StrReplaceAll(table(), {{"_", "-"}}), platform(), model(), target_platform(),
             absl::StrCat("public.", table()), {{"code", "code"}, {"value", "value"}}));
  const bool known_beforehand = *misfit().change == '\0' && target_platform() == "goal";
  if (known_beforehand) {
    EXPECT_THAT(warnings, Contains(HasSubstr("value"))) << "the registry can know that some do not fit";
  }
  if (*misfit().change != '\0') AlterTarget(misfit().change);

  Write({{1, misfit().good}, {2, misfit().bad}, {3, misfit().good}});
  Arrives(target(), Codes(), "1,3");
  const v1::RecordKey bad = Key(platform(), model(), "2");
  const std::string explained = world().WaitUntilDead(bad);
  EXPECT_THAT(explained, HasSubstr("value"));
  const std::vector<v1::Trouble> troubles = world().TroublesOf(bad);
  ASSERT_EQ(troubles.size(), 1u);
  EXPECT_EQ(troubles[0].state(), v1::REPLICA_STATE_DEAD);
  Judge(table(), SaidBy(troubles[0].error()),
        {.reason = misfit().reason, .field = "value", .fix = misfit().fix});

  if (*misfit().mend != '\0') {
    AlterTarget(misfit().mend);
    world().Analyze(target_platform());
    v1::RedriveRequest redrive;
    *redrive.mutable_source() = bad;
    v1::RedriveResponse redriven;
    world().Try(*world().feedback, &v1::FeedbackService::Stub::Redrive, redrive, &redriven);
    EXPECT_EQ(redriven.redriven_count(), 1);
    // No person is so quick, but a table is read anew only 100 ms after the last time.
    test_support::Eventually([&] {
      const std::vector<v1::Trouble> left = world().TroublesOf(bad);
      if (left.empty()) return true;
      if (left[0].state() == v1::REPLICA_STATE_DEAD)
        world().Try(*world().feedback, &v1::FeedbackService::Stub::Redrive, redrive, &redriven);
      return false;
    });
  } else {
    Write({{2, misfit().good}}, "again");
  }
  Arrives(target(), Codes(), "1,2,3");
  EXPECT_TRUE(test_support::Eventually([&] { return world().TroublesOf(bad).empty(); }))
      << world().TroublesOf(bad)[0].ShortDebugString();
}

INSTANTIATE_TEST_SUITE_P(Misfits, MisfitTest,
                         ::testing::Combine(::testing::ValuesIn(kMisfits), ::testing::Bool()),
                         [](const auto& tested) {
                           return absl::StrCat(std::get<0>(tested.param).name,
                                               std::get<1>(tested.param) ? "_agent" : "_postgres");
                         });

}  // namespace
}  // namespace cognate::bad_input

// Bad input through the front doors: each is told clearly, at the earliest place that can know; in a batch
// the bad record alone fails; and nothing that was taken is lost.
#include <iostream>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "common/value/local_id.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/end_to_end/bad_input_fixture.h"
#include "tests/support/eventually.h"

namespace cognate::bad_input {

using absl::StatusCode;
using test_support::ParseProto;
using ::testing::HasSubstr;
using Registry = v1::PlatformRegistryService::Stub;

class TheWorldEnds : public ::testing::Environment {
 public:
  void TearDown() override {
    BadInputTest::world_.reset();
    std::cout << "figure bad_input cases=" << BadInputTest::cases_ << " clear=" << BadInputTest::clear_
              << " lost=" << BadInputTest::lost_ << std::endl;
  }
};
namespace {

const auto* const the_world_ends = ::testing::AddGlobalTestEnvironment(new TheWorldEnds);

TEST_F(BadInputTest, UnknownNamesAreRefusedByTheRegistry) {
  const std::string model = SaleModel();
  const std::string target = absl::StrCat("public.", model);
  const auto sync = [&](const std::string& platform, const std::string& source, const std::string& to,
                        const std::string& from, const std::string& field) {
    return world().TryCreateSync(
        SyncOf("unknown", platform, source, "goal", to, {{"code", "code"}, {from, field}}));
  };
  Judge("a sync's platform", sync("nowhere", model, target, "note", "note"),
        {StatusCode::kInvalidArgument, "INVALID_FIELD", "sync.source_platform", "CreatePlatform adds it"});
  Judge("a sync's source model", sync("till", "nothing", target, "note", "note"),
        {StatusCode::kInvalidArgument, "INVALID_FIELD", "sync.source_model", "PutModels describes it"});
  Judge("a sync's target model", sync("till", model, "public.nothing", "note", "note"),
        {StatusCode::kInvalidArgument, "INVALID_FIELD", "sync.target_model", "AnalyzeModels reads it again"});
  Judge("a sync's source field", sync("till", model, target, "nought", "note"),
        {StatusCode::kInvalidArgument, "INVALID_FIELD", "sync.fields[1].source", "want a field of"});
  Judge("a sync's target field", sync("till", model, target, "note", "nought"),
        {StatusCode::kInvalidArgument, "INVALID_FIELD", "sync.fields[1].target", "code, amount, note"});
  Judge("a sync's types", sync("till", model, target, "note", "amount"),
        {StatusCode::kInvalidArgument, "INVALID_FIELD", "sync.fields[1].source",
         "change the type on one side"});
  v1::AnalyzeModelsRequest analyze;
  analyze.set_platform("platforms/nowhere");
  Judge("a platform", world().Try(*world().registry, &Registry::AnalyzeModels, analyze),
        {StatusCode::kNotFound, "PLATFORM_NOT_FOUND", "platform", "CreatePlatform adds it"});
  v1::GetModelRequest get;
  get.set_name("platforms/goal/models/public.nothing");
  Judge("a model", world().Try(*world().registry, &Registry::GetModel, get),
        {StatusCode::kNotFound, "MODEL_NOT_FOUND", "model", "AnalyzeModels reads it again"});
}

TEST_F(BadInputTest, UnknownNamesInACaptureFailAlone) {
  const std::string model = SaleModel();
  Judge("a capture's platform", world().TryCapture("nowhere", {Sale(model, "a", Integer(1), Text("x"))}),
        {StatusCode::kNotFound, "PLATFORM_NOT_FOUND", "platform", "CreatePlatform adds it"});
  Judge("a platform without agent", world().TryCapture("goal", {Sale(model, "a", Integer(1), Text("x"))}),
        {StatusCode::kFailedPrecondition, "PLATFORM_IS_NO_SOURCE", "platform", "CAPTURE_MODE_AGENT"});
  Judge("a change's model",
        OnlyRefused(world().Capture({Sale(model, "a", Integer(1), Text("x")),
                                     Sale("nothing", "b", Integer(1), Text("x")),
                                     Sale(model, "c", Integer(1), Text("x"))}),
                    1),
        {.reason = "MODEL_NOT_FOUND",
         .field = "changes[1].model",
         .fix = "PutModels or AnalyzeModels adds it"});
  Judge("a change's field",
        OnlyRefused(
            world().Capture({Create("unknown-field", model, "d", {{"code", Text("d")}, {"nought", Null()}}),
                             Sale(model, "e", Integer(1), Text("x"))}),
            0),
        {.reason = "FIELD_NOT_FOUND",
         .field = "changes[0].fields[1].name",
         .fix = "PutModels or AnalyzeModels adds it"});
  Arrives(*world().goal, CodesIn(model), "a,c,e");
}

TEST_F(BadInputTest, ValuesThatNoSourceFieldHoldsAreNotTaken) {
  const std::string model = SaleModel();
  Judge("a wrong type",
        OnlyRefused(world().Capture({Sale(model, "a", Integer(1), Text("x")),
                                     Sale(model, "b", Text("twelve"), Text("x"))}),
                    1),
        {.reason = "WRONG_TYPE", .field = "changes[1].fields[1].value", .fix = "want"});
  Judge("a NUL character",
        OnlyRefused(world().Capture({Sale(model, "c", Integer(1), Text(absl::string_view("x\0y", 3))),
                                     Sale(model, "d", Integer(1), Text("x"))}),
                    0),
        {.reason = "BAD_ENCODING", .field = "changes[0].fields[2].value", .fix = ""});
  Judge("a field of 20 MiB",
        OnlyRefused(world().Capture({Sale(model, "e", Integer(1), Text(std::string(20 << 20, 'x'))),
                                     Sale(model, "f", Integer(1), Text("x"))}),
                    0),
        {.reason = "VALUE_TOO_LARGE", .field = "changes[0].fields[2].value", .fix = "want at most 8388608"});
  // No handler sees this one: the message itself cannot be read.
  Judge("a text that is not UTF-8", world().TryCapture("till", {Sale(model, "g", Integer(1), Text("\xff"))}),
        {StatusCode::kInvalidArgument, "BAD_ENCODING", "request", "UTF-8"});
  Arrives(*world().goal, CodesIn(model), "a,d,f");
}

TEST_F(BadInputTest, ARowWithAHugeFieldHoldsUpNoOther) {
  world().Run(*world().origin, "CREATE TABLE huge (id int PRIMARY KEY, code text NOT NULL, note text)");
  world().Run(*world().goal,
              "CREATE TABLE huge (no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, code text "
              "NOT NULL, note text)");
  world().Analyze("origin");
  world().Analyze("goal");
  world().CreateSync(
      SyncOf("huge", "origin", "public.huge", "goal", "public.huge", {{"code", "code"}, {"note", "note"}}));
  world().Run(*world().origin,
              "INSERT INTO huge VALUES (1, 'a', 'x'), (2, 'b', repeat('x', 20 << 20)), (3, 'c', 'x')");
  Arrives(*world().goal, "SELECT string_agg(code, ',' ORDER BY code) FROM huge WHERE note = 'x'", "a,c");
  const v1::RecordKey b = Key("origin", "public.huge", "2");
  EXPECT_THAT(world().WaitUntilDead(b), HasSubstr("note"));
  const std::vector<v1::Trouble> troubles = world().TroublesOf(b);
  Judge("a row's field of 20 MiB", troubles.empty() ? Said() : SaidBy(troubles[0].error()),
        {.reason = "VALUE_TOO_LARGE", .field = "note", .fix = "got 20971520 bytes, want at most 8388608"});
  world().Run(*world().origin, "UPDATE huge SET note = 'x' WHERE id = 2");
  Arrives(*world().goal, "SELECT string_agg(code, ',' ORDER BY code) FROM huge WHERE note = 'x'", "a,b,c");
  EXPECT_TRUE(test_support::Eventually([&] { return world().TroublesOf(b).empty(); }));

  // Now by the stream: what the target has stays as it is, also when another field of the row changes.
  world().Run(*world().origin, "UPDATE huge SET note = repeat('x', 9 << 20) WHERE id = 2");
  EXPECT_THAT(world().WaitUntilDead(b), HasSubstr("got 9437184 bytes"));
  world().Run(*world().origin,
              "UPDATE huge SET code = 'z' WHERE id = 2; UPDATE huge SET code = 'd' WHERE id = 3");
  Arrives(*world().goal, "SELECT string_agg(code, ',' ORDER BY code) FROM huge WHERE note = 'x'", "a,b,d");
  EXPECT_THAT(world().WaitUntilDead(b), HasSubstr("got 9437184 bytes"));
  world().Run(*world().origin, "UPDATE huge SET note = 'x' WHERE id = 2");
  Arrives(*world().goal, "SELECT string_agg(code, ',' ORDER BY code) FROM huge WHERE note = 'x'", "a,d,z");
  EXPECT_TRUE(test_support::Eventually([&] { return world().TroublesOf(b).empty(); }));
}

TEST_F(BadInputTest, ARowWithAHugeOrEmptyKeyHoldsUpNoOther) {
  world().Run(*world().origin, "CREATE TABLE keyed (name text PRIMARY KEY, code text NOT NULL)");
  world().Run(*world().goal,
              "CREATE TABLE keyed (no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, code text NOT NULL)");
  world().Analyze("origin");
  world().Analyze("goal");
  world().CreateSync(SyncOf("keyed", "origin", "public.keyed", "goal", "public.keyed", {{"code", "code"}}));
  const std::string codes = "SELECT string_agg(code, ',' ORDER BY code) FROM keyed";
  const auto key = [](const std::string& name) {
    return Key("origin", "public.keyed", value::FitLocalId(name));
  };
  world().Run(
      *world().origin,
      "INSERT INTO keyed VALUES ('a', 'a'), (repeat('k', 513), 'b'), (repeat('m', 600), 'c'), ('d', 'd')");
  Arrives(*world().goal, codes, "a,d");
  world().Run(*world().origin, "INSERT INTO keyed VALUES ('', 'e'), ('f', 'f')");
  Arrives(*world().goal, codes, "a,d,f");
  // A person may name the record by its whole key.
  EXPECT_THAT(world().WaitUntilDead(Key("origin", "public.keyed", std::string(513, 'k'))),
              HasSubstr("513 bytes"));
  EXPECT_THAT(world().WaitUntilDead(key("")), HasSubstr("of 0 bytes, want 1 to 512"));
  const std::vector<v1::Trouble> troubles = world().TroublesOf(key(std::string(513, 'k')));
  Judge("a row's key of 513 bytes", troubles.empty() ? Said() : SaidBy(troubles[0].error()),
        {.reason = "UNFIT_KEY", .field = "name", .fix = "want 1 to 512"});
  world().Run(*world().origin,
              "UPDATE keyed SET name = code WHERE length(name) <> 1 AND code <> 'c'; DELETE FROM keyed WHERE "
              "code = 'c'");
  Arrives(*world().goal, codes, "a,b,d,e,f");
  for (const std::string& name : {std::string(513, 'k'), std::string(600, 'm'), std::string()}) {
    EXPECT_TRUE(test_support::Eventually([&] { return world().TroublesOf(key(name)).empty(); })) << name;
  }
}

TEST_F(BadInputTest, ABatchOfTooManyRecordsIsRefusedAsAWhole) {
  const std::string model = SaleModel();
  std::vector<v1::Change> changes;
  changes.reserve(10'001);
  for (int i = 0; i < 10'001; ++i) changes.push_back(Sale(model, absl::StrCat(i), Integer(i), Null()));
  Judge("10,001 changes", world().TryCapture("till", changes),
        {StatusCode::kInvalidArgument, "BATCH_TOO_LARGE", "changes", "send it in several calls"});
  changes.pop_back();  // Had any been taken, its change id would be known.
  world().Capture(changes);
  Arrives(*world().goal, absl::StrCat("SELECT count(*) FROM \"", model, "\""), "10000");
  v1::ReplayRequest replay;
  for (int i = 0; i < 10'001; ++i) *replay.add_records() = Key("till", model, absl::StrCat(i));
  Judge("10,001 records", world().Try(*world().capture, &v1::ChangeCaptureService::Stub::Replay, replay),
        {StatusCode::kInvalidArgument, "INVALID_FIELD", "records", "10"});
}

TEST_F(BadInputTest, AChangeIdWithOtherContentFailsAlone) {
  const std::string model = SaleModel();
  const v1::Change first = Sale(model, "a", Integer(1), Text("first"));
  const int64_t version = world().Capture({first}).results(0).version();
  EXPECT_EQ(world().Capture({first}).results(0).version(), version) << "the same content answers as before";
  Judge("a change id used again",
        OnlyRefused(world().Capture({Sale(model, "b", Integer(1), Text("x")),
                                     Sale(model, "a", Integer(1), Text("second"))}),
                    1),
        {.reason = "CHANGE_ID_REUSED", .field = "changes[1].change_id", .fix = "needs an id of its own"});
  Arrives(*world().goal, CodesIn(model), "a,b");
  EXPECT_EQ(world().Ask(*world().goal, absl::StrCat("SELECT note FROM \"", model, "\" WHERE code = 'a'")),
            "first");
}

TEST_F(BadInputTest, TwoSyncsOfOneFieldAndCyclesAreRefused) {
  const std::string ring =
      "CREATE TABLE ring (id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, x text, y text)";
  world().Run(*world().origin, ring);
  world().Run(*world().goal, ring);
  world().Analyze("origin");
  world().Analyze("goal");
  world().CreateSync(SyncOf("ring", "origin", "public.ring", "goal", "public.ring", {{"x", "x"}}));
  Judge("a field written twice",
        world().TryCreateSync(
            SyncOf("ring-again", "origin", "public.ring", "goal", "public.ring", {{"x", "y"}, {"y", "x"}})),
        {StatusCode::kFailedPrecondition, "FIELD_WRITTEN_TWICE", "sync.fields[1].target",
         "take it out of one of the two"});
  Judge("a field written twice by one sync",
        world().TryCreateSync(
            SyncOf("ring-twice", "origin", "public.ring", "goal", "public.ring", {{"x", "y"}, {"y", "y"}})),
        {StatusCode::kInvalidArgument, "INVALID_FIELD", "sync.fields[1].target", "fields[0] writes already"});
  // The platform that would be written back to captures through an agent no longer.
  Judge("a mapping cycle",
        world().TryCreateSync(
            SyncOf("ring-back", "goal", "public.ring", "origin", "public.ring", {{"x", "y"}})),
        {StatusCode::kInvalidArgument, "MAPPING_CYCLE", "sync.fields", "take one of these mappings out"});
}

TEST_F(BadInputTest, NamesWithQuotesAndSpacesWorkAndInjectNothing) {
  const std::string kTable = R"(it's "one"; DROP TABLE victims; --)";
  const std::string kColumn = R"("); DROP TABLE victims; -- \ $1 %s)";
  const auto quoted = [](const std::string& name) {
    return absl::StrCat("\"", absl::StrReplaceAll(name, {{"\"", "\"\""}}), "\"");
  };
  const auto table = quoted(kTable);
  for (postgres::Connection* connection : {world().origin.get(), world().goal.get()}) {
    world().Run(*connection, "CREATE TABLE victims (id int PRIMARY KEY)");
    world().Run(*connection, absl::StrCat("CREATE TABLE ", table, " (", quoted("the id"),
                                          " int PRIMARY KEY, ", quoted(kColumn), " text NOT NULL)"));
  }
  v1::Model till =
      ParseProto<v1::Model>("key_fields: 'the id' fields { name: 'the id' type: FIELD_TYPE_TEXT }");
  till.set_model(kTable);
  till.add_fields()->set_name(kColumn);
  till.mutable_fields(1)->set_type(v1::FIELD_TYPE_TEXT);
  world().PutModel(till);
  const std::string agents = quoted("agent's " + kTable);
  world().Run(*world().goal, absl::StrCat("CREATE TABLE ", agents, " (", quoted("no \"1\""),
                                          " bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, ",
                                          quoted(kColumn), " text NOT NULL)"));
  world().Analyze("origin");
  world().Analyze("goal");
  const std::string model = absl::StrCat("public.", kTable);
  world().CreateSync(
      SyncOf("odd", "origin", model, "goal", model, {{"the id", "the id"}, {kColumn, kColumn}}));
  world().CreateSync(SyncOf("odd-agent", "till", kTable, "goal", absl::StrCat("public.agent's ", kTable),
                            {{kColumn, kColumn}}));
  const std::string value = R"('); DROP TABLE victims; -- \ $$ $1 ")";
  const std::string literal = absl::StrCat("'", absl::StrReplaceAll(value, {{"'", "''"}}), "'");
  world().Run(*world().origin, absl::StrCat("INSERT INTO ", table, " VALUES (1, ", literal, "), (2, 'two')"));
  world().Capture({Create("odd", kTable, R"('; DROP TABLE victims; --)",
                          {{"the id", Text("odd")}, {kColumn.c_str(), Text(value)}})});
  const std::string content =
      absl::StrCat("SELECT string_agg(", quoted("the id"), " || ' ' || ", quoted(kColumn), ", '|' ORDER BY ",
                   quoted("the id"), ") FROM ", table);
  Arrives(*world().goal, content, absl::StrCat("1 ", value, "|2 two"));
  Arrives(*world().goal, absl::StrCat("SELECT ", quoted(kColumn), " FROM ", agents), value);
  world().Run(*world().origin,
              absl::StrCat("UPDATE ", table, " SET ", quoted(kColumn), " = 'new' WHERE ", quoted("the id"),
                           " = 1; DELETE FROM ", table, " WHERE ", quoted("the id"), " = 2"));
  Arrives(*world().goal, content, "1 new");
  for (postgres::Connection* connection : {world().origin.get(), world().goal.get()}) {
    EXPECT_EQ(world().Ask(*connection, "SELECT to_regclass('victims')"), "victims");
  }
}

}  // namespace
}  // namespace cognate::bad_input

#include "services/delivery/sql_channel/sql_channel.h"

#include <chrono>
#include <random>

#include "common/value/fingerprint.h"
#include "gmock/gmock.h"
#include "services/delivery/sql_channel/sql_channel_fixture.h"

namespace cognate::delivery {
namespace {

using ::testing::HasSubstr;
using value::Int;
using value::Null;
using value::Text;

constexpr char kNations[] =
    "CREATE TABLE nations (id serial PRIMARY KEY, code text NOT NULL UNIQUE, name varchar(20), "
    "parent_id int REFERENCES nations)";

class NationsTest : public SqlChannelTest {
 protected:
  void SetUp() override {
    SqlChannelTest::SetUp();
    Execute(kNations);
    ASSERT_OK(channel_->Open());
  }
  static bus::v1::DeliveryGroup Nations() { return Group("public.nations", {"code", "name", "parent_id"}); }
};

TEST_F(NationsTest, ACreateTakesTheLocalIdThatTheTargetGives) {
  Execute("SELECT setval('nations_id_seq', 41)");
  auto group = Nations();
  Add(group, 1, 10, {Text("de"), Text("Germany"), Null()});
  Add(group, 2, 11, {Text("fr"), Text("France"), Null()});
  const auto outcomes = Apply(group);
  EXPECT_EQ(outcomes[0].status(), v1::OUTCOME_STATUS_APPLIED) << outcomes[0].ShortDebugString();
  EXPECT_EQ(outcomes[0].local_id(), "42");
  EXPECT_EQ(outcomes[0].version(), 10);
  EXPECT_EQ(outcomes[1].local_id(), "43");
  EXPECT_EQ(outcomes[0].fingerprint(),
            value::Fingerprint(
                value::Fields({{"name", Text("Germany")}, {"parent_id", Null()}, {"code", Text("de")}})));
  EXPECT_EQ(Ask("SELECT id || code || name FROM nations ORDER BY id"), "42deGermany|43frFrance");
  EXPECT_EQ(Ask("SELECT local_id || ' ' || version || complete || deleted FROM cognate.inbox ORDER BY 1"),
            "42 10truefalse|43 11truefalse");
}

TEST_F(NationsTest, ANewerVersionUpdatesTheSameRowAndAnOlderOneIsRefused) {
  auto created = Nations();
  Add(created, 1, 10, {Text("de"), Text("Germany"), Null()});
  Apply(created);
  auto newer = Nations();
  Add(newer, 1, 12, {Text("de"), Text("Deutschland"), Null()});
  EXPECT_EQ(ApplyOne(newer).local_id(), "1");
  auto older = Nations();
  Add(older, 1, 11, {Text("de"), Text("old"), Null()});
  const v1::Outcome refused = ApplyOne(older);
  EXPECT_EQ(refused.status(), v1::OUTCOME_STATUS_APPLIED);
  EXPECT_EQ(refused.version(), 12);
  EXPECT_EQ(refused.local_id(), "1");
  EXPECT_EQ(Ask("SELECT name FROM nations"), "Deutschland");
}

TEST_F(NationsTest, ADeliveryThatComesTwiceMakesOneRow) {
  auto group = Nations();
  Add(group, 1, 10, {Text("de"), Text("Germany"), Null()});
  const v1::Outcome first = ApplyOne(group);
  // The answer was lost, and another process sends it again.
  channel_ = MakeChannel();
  ASSERT_OK(channel_->Open());
  const v1::Outcome second = ApplyOne(group);
  EXPECT_EQ(second.local_id(), first.local_id());
  EXPECT_EQ(second.fingerprint(), first.fingerprint());
  EXPECT_EQ(Ask("SELECT count(*) FROM nations"), "1");
}

TEST_F(NationsTest, ADeletedRowIsCreatedAnewByTheNextVersion) {
  auto group = Nations();
  Add(group, 1, 10, {Text("de"), Text("Germany"), Null()});
  Apply(group);
  Execute("DELETE FROM nations");
  auto next = Nations();
  Add(next, 1, 11, {Text("de"), Text("Germany"), Null()});
  EXPECT_EQ(ApplyOne(next).local_id(), "2");
  EXPECT_EQ(Ask("SELECT local_id || ' ' || version FROM cognate.inbox"), "2 11");
}

TEST_F(NationsTest, ARowThatWasDeletedOnATargetThatSaysSoItselfIsNotMadeAnew) {
  announces_writes_ = true;
  channel_ = MakeChannel();
  ASSERT_OK(channel_->Open());
  auto group = Nations();
  Add(group, 1, 10, {Text("de"), Text("Germany"), Null()});
  Apply(group);
  Execute("DELETE FROM nations");
  auto next = Nations();
  next.set_keeps_deletes(true);
  Add(next, 1, 11, {Text("de"), Text("Germany"), Null()});
  Add(next, 2, 12, {Text("fr"), Text("France"), Null()});
  Add(next, 3, 13, {Text("at"), Text("Austria"), Null()});
  next.mutable_deliveries(2)->set_local_id("9");  // was made there, and never delivered to
  for (int time = 1; time <= 2; ++time) {
    const auto outcomes = Apply(next);
    for (const int place : {0, 2}) {
      EXPECT_EQ(outcomes[static_cast<size_t>(place)].status(), v1::OUTCOME_STATUS_SKIPPED);
      EXPECT_EQ(outcomes[static_cast<size_t>(place)].error().reason(), "DELETED_ON_TARGET");
    }
    EXPECT_EQ(outcomes[0].local_id(), "1");
    EXPECT_EQ(outcomes[2].local_id(), "9");
    EXPECT_EQ(outcomes[1].status(), v1::OUTCOME_STATUS_APPLIED);
    EXPECT_EQ(Ask("SELECT string_agg(code, ' ') FROM nations"), "fr");
  }
}

TEST_F(NationsTest, WhatADeliveryDeletedIsMadeAnewByALaterOneThereToo) {
  announces_writes_ = true;
  channel_ = MakeChannel();
  ASSERT_OK(channel_->Open());
  auto group = Nations();
  Add(group, 1, 10, {Text("de"), Text("Germany"), Null()});
  Apply(group);
  auto gone = Nations();
  AddDelete(gone, 1, 11);
  Apply(gone);
  auto back = Nations();
  back.set_keeps_deletes(true);
  Add(back, 1, 12, {Text("de"), Text("Germany"), Null()});
  back.mutable_deliveries(0)->set_local_id("1");  // the ledger has not heard of the delete yet
  EXPECT_EQ(ApplyOne(back).status(), v1::OUTCOME_STATUS_APPLIED);
  EXPECT_EQ(Ask("SELECT string_agg(code, ' ') FROM nations"), "de");
}

TEST_F(NationsTest, ADeleteStaysKnownSoThatAnOlderVersionCannotBringTheRecordBack) {
  auto group = Nations();
  Add(group, 1, 10, {Text("de"), Text("Germany"), Null()});
  Apply(group);
  auto gone = Nations();
  AddDelete(gone, 1, 12);
  AddDelete(gone, 2, 13);  // never was there
  const auto outcomes = Apply(gone);
  EXPECT_EQ(outcomes[0].status(), v1::OUTCOME_STATUS_APPLIED);
  EXPECT_EQ(outcomes[0].local_id(), "");
  EXPECT_EQ(outcomes[1].status(), v1::OUTCOME_STATUS_APPLIED);
  auto older = Nations();
  Add(older, 1, 11, {Text("de"), Text("Germany"), Null()});
  Add(older, 2, 9, {Text("fr"), Text("France"), Null()});
  for (const v1::Outcome& outcome : Apply(older)) {
    EXPECT_EQ(outcome.status(), v1::OUTCOME_STATUS_APPLIED);
    EXPECT_EQ(outcome.operation(), v1::OPERATION_DELETE);
    EXPECT_GE(outcome.version(), 12);
  }
  EXPECT_EQ(Ask("SELECT count(*) FROM nations"), "0");
}

TEST_F(NationsTest, ARecordThatThePlatformMadeItselfIsUpdatedAndDeletedByItsKnownId) {
  Execute("INSERT INTO nations (id, code) VALUES (7, 'de'), (8, 'fr')");
  auto group = Nations();
  Add(group, 1, 10, {Text("de"), Text("Germany"), Null()}).set_local_id("7");
  AddDelete(group, 2, 11).set_local_id("8");
  const auto outcomes = Apply(group);
  EXPECT_EQ(outcomes[0].local_id(), "7");
  EXPECT_EQ(Ask("SELECT id || name FROM nations"), "7Germany");
}

TEST_F(NationsTest, AnIncompleteRecordIsPatchedByTheSameVersion) {
  auto group = Nations();
  Add(group, 1, 10, {Text("de"), Text("Germany"), Null()});
  EXPECT_EQ(ApplyOne(group, false).status(), v1::OUTCOME_STATUS_INCOMPLETE);
  EXPECT_EQ(ApplyOne(group, false).status(), v1::OUTCOME_STATUS_INCOMPLETE);
  auto parent = Nations();
  Add(parent, 2, 11, {Text("eu"), Text("Europe"), Null()});
  Apply(parent);
  group.mutable_deliveries(0)->mutable_values(2)->set_int64_value(2);
  const v1::Outcome patched = ApplyOne(group);
  EXPECT_EQ(patched.status(), v1::OUTCOME_STATUS_APPLIED);
  EXPECT_EQ(patched.local_id(), "1");
  EXPECT_EQ(Ask("SELECT parent_id FROM nations WHERE id = 1"), "2");
}

TEST_F(NationsTest, AReferenceIsWrittenAsTheTargetsOwnId) {
  auto parent = Nations();
  Add(parent, 1, 10, {Text("eu"), Text("Europe"), Null()});
  Apply(parent);
  v1::Value reference;
  reference.mutable_reference_value()->set_local_id("1");
  auto child = Nations();
  Add(child, 2, 11, {Text("de"), Text("Germany"), reference});
  EXPECT_EQ(ApplyOne(child).fingerprint(),
            value::Fingerprint(
                value::Fields({{"name", Text("Germany")}, {"parent_id", Int(1)}, {"code", Text("de")}})));
  EXPECT_EQ(Ask("SELECT parent_id FROM nations WHERE code = 'de'"), "1");
}

TEST_F(NationsTest, ParentsAreDeletedAfterTheirChildrenInOneBatch) {
  Execute("CREATE TABLE towns (id serial PRIMARY KEY, name text, nation_id int NOT NULL REFERENCES nations)");
  auto nations = Nations();
  Add(nations, 1, 10, {Text("de"), Text("Germany"), Null()});
  auto towns = Group("public.towns", {"name", "nation_id"});
  Add(towns, 2, 11, {Text("Bonn"), Int(1)});
  Apply({&nations, &towns});
  nations.clear_deliveries();
  towns.clear_deliveries();
  AddDelete(nations, 1, 12);
  AddDelete(towns, 2, 13);
  for (const v1::Outcome& outcome : Apply({&nations, &towns})) {
    EXPECT_EQ(outcome.status(), v1::OUTCOME_STATUS_APPLIED) << outcome.ShortDebugString();
  }
  EXPECT_EQ(Ask("SELECT count(*) FROM nations"), "0");
}

// Redelivery and reordering, as a lane after a crash would do it.
TEST_F(NationsTest, NoVersionGoesBackwardsUnderRandomReorderingAndDuplication) {
  const auto seed = static_cast<unsigned>(std::chrono::steady_clock::now().time_since_epoch().count());
  std::printf("seed %u\n", seed);
  std::mt19937 random(seed);
  Execute("CREATE TABLE items (id serial PRIMARY KEY, name text, version bigint)");
  Execute("CREATE TABLE backwards (id int, had bigint, got bigint)");
  Execute(
      "CREATE FUNCTION watch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.version < OLD.version "
      "THEN "
      "INSERT INTO backwards VALUES (OLD.id, OLD.version, NEW.version); END IF; RETURN NEW; END $$");
  Execute("CREATE TRIGGER watch BEFORE UPDATE ON items FOR EACH ROW EXECUTE FUNCTION watch()");
  constexpr int kEntities = 40;
  std::vector<int64_t> newest(kEntities, 0);
  int64_t version = 0;
  for (int round = 0; round < 60; ++round) {
    auto group = Group("public.items", {"name", "version"});
    for (int entity = 0; entity < kEntities; ++entity) {
      if (random() % 2 == 0) continue;
      const int64_t sent = random() % 3 == 0 ? 1 + static_cast<int64_t>(random() % (version + 1)) : ++version;
      Add(group, entity, sent, {Text(absl::StrCat("v", sent)), Int(sent)});
      newest[static_cast<size_t>(entity)] = std::max(newest[static_cast<size_t>(entity)], sent);
    }
    for (const v1::Outcome& outcome : Apply(group)) ASSERT_EQ(outcome.status(), v1::OUTCOME_STATUS_APPLIED);
    if (random() % 4 == 0) Apply(group);
  }
  EXPECT_EQ(Ask("SELECT count(*) FROM backwards"), "0");
  EXPECT_EQ(Ask("SELECT count(*) FROM items i JOIN cognate.inbox b ON b.local_id = i.id::text AND b.version "
                "<> i.version"),
            "0");
  EXPECT_EQ(Ask("SELECT count(*) FROM items"),
            absl::StrCat(std::count_if(newest.begin(), newest.end(), [](int64_t v) { return v > 0; })));
}

TEST_F(SqlChannelTest, EveryKindOfKeyGivesItsLocalId) {
  Execute("CREATE TABLE pairs (a int, b text, n int, PRIMARY KEY (a, b))");
  Execute("CREATE TABLE always (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, n int)");
  Execute("CREATE TABLE given (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), n int)");
  Execute("CREATE SCHEMA \"my schema\"");
  Execute(
      "CREATE TABLE \"my schema\".\"Odd \"\"table\"\".x\" (\"the id\" serial PRIMARY KEY, \"a \"\" b\" int)");
  Execute("CREATE TABLE money (amount numeric(10,2) PRIMARY KEY, at timestamp, n int)");
  ASSERT_OK(channel_->Open());

  auto pairs = Group("public.pairs", {"a", "b", "n"}, {"a", "b"});
  Add(pairs, 1, 1, {Int(5), Text("x,y\\z"), Int(1)});
  auto always = Group("public.always", {"id", "n"});
  Add(always, 2, 2, {Int(77), Int(1)});
  auto given = Group("public.given", {"n"});
  Add(given, 3, 3, {Int(1)});
  auto odd = Group("my schema.Odd \"table\".x", {"a \" b"}, {"the id"});
  Add(odd, 4, 4, {Int(1)});
  auto money = Group("public.money", {"amount", "at", "n"}, {"amount"});
  Add(money, 5, 5, {value::Decimal("5"), value::Timestamp(absl::FromUnixSeconds(0)), Int(1)});
  const std::vector<bus::v1::DeliveryGroup*> groups = {&pairs, &always, &given, &odd, &money};
  auto outcomes = Apply({&pairs, &always, &given, &odd, &money});
  EXPECT_EQ(outcomes[0].local_id(), "5,x\\,y\\\\z");
  EXPECT_EQ(outcomes[1].local_id(), "77");
  EXPECT_EQ(outcomes[2].local_id(), Ask("SELECT id FROM given"));
  EXPECT_EQ(outcomes[3].local_id(), "1");
  EXPECT_EQ(outcomes[4].local_id(), "5");
  const std::string id = outcomes[2].local_id();

  for (bus::v1::DeliveryGroup* group : groups) {
    bus::v1::Delivery& delivery = *group->mutable_deliveries(0);
    delivery.set_version(10);
    delivery.mutable_values(delivery.values_size() - 1)->set_int64_value(2);
  }
  outcomes = Apply({&pairs, &always, &given, &odd, &money});
  for (const v1::Outcome& outcome : outcomes)
    EXPECT_EQ(outcome.status(), v1::OUTCOME_STATUS_APPLIED) << outcome.ShortDebugString();
  EXPECT_EQ(outcomes[2].local_id(), id);
  EXPECT_EQ(Ask("SELECT n FROM pairs"), "2");
  EXPECT_EQ(Ask("SELECT n FROM always WHERE id = 77"), "2");
  EXPECT_EQ(Ask("SELECT n FROM given"), "2");
  EXPECT_EQ(Ask("SELECT \"a \"\" b\" FROM \"my schema\".\"Odd \"\"table\"\".x\""), "2");
  EXPECT_EQ(Ask("SELECT amount || ' ' || at || ' ' || n FROM money"), "5.00 1970-01-01 00:00:00 2");

  for (bus::v1::DeliveryGroup* group : groups) {
    group->mutable_deliveries(0)->set_version(20);
    group->mutable_deliveries(0)->set_operation(v1::OPERATION_DELETE);
    group->mutable_deliveries(0)->clear_values();
  }
  Apply({&pairs, &always, &given, &odd, &money});
  EXPECT_EQ(
      Ask("SELECT (SELECT count(*) FROM pairs) + (SELECT count(*) FROM always) + (SELECT count(*) FROM "
          "given) + "
          "(SELECT count(*) FROM \"my schema\".\"Odd \"\"table\"\".x\") + (SELECT count(*) FROM money)"),
      "0");
}

TEST_F(SqlChannelTest, AChangedKeyIsTheNewLocalId) {
  Execute("CREATE TABLE codes (code text PRIMARY KEY, n int)");
  ASSERT_OK(channel_->Open());
  auto group = Group("public.codes", {"code", "n"}, {"code"});
  Add(group, 1, 1, {Text("a"), Int(1)});
  EXPECT_EQ(ApplyOne(group).local_id(), "a");
  group.mutable_deliveries(0)->set_version(2);
  group.mutable_deliveries(0)->mutable_values(0)->set_text_value("b");
  EXPECT_EQ(ApplyOne(group).local_id(), "b");
  EXPECT_EQ(Ask("SELECT code FROM codes"), "b");
}

TEST_F(SqlChannelTest, ValuesOfAllKindsArriveAsTheyAre) {
  Execute("CREATE TYPE mood AS ENUM ('sad', 'happy')");
  Execute("CREATE DOMAIN short AS varchar(5) CHECK (VALUE <> 'no')");
  Execute(
      "CREATE TABLE kinds (id serial PRIMARY KEY, s smallint, i bigint, b bool, f real, d double precision, "
      "n numeric, "
      "t text, c char(4), y bytea, ts timestamp, tz timestamptz, da date, u uuid, j jsonb, m mood, a int[], "
      "sh short, iv interval)");
  ASSERT_OK(channel_->Open());
  auto group = Group("public.kinds", {"s", "i", "b", "f", "d", "n", "t", "c", "y", "ts", "tz", "da", "u", "j",
                                      "m", "a", "sh", "iv"});
  const absl::Time time = absl::FromUnixMicros(1'700'000'000'123'456);
  Add(group, 1, 1,
      {Int(-3), Int(std::numeric_limits<int64_t>::min()), value::Bool(true), value::Double(1.5),
       value::Double(0.1), value::Decimal("123456789012345678901234567890.5"), Text("ä'\"\\,{}"), Text("ab"),
       value::Bytes(absl::string_view("\0\xff", 2)), value::Timestamp(time), value::Timestamp(time),
       value::Date("2026-02-28"), Text("0190a0b0-0000-7000-8000-000000000001"), Text("{\"a\": 1}"),
       Text("happy"), value::List({Int(1), Null()}), Text("yes"), Text("1 day")});
  Add(group, 2, 2, std::vector<v1::Value>(18, Null()));
  const auto outcomes = Apply(group);
  ASSERT_EQ(outcomes[0].status(), v1::OUTCOME_STATUS_APPLIED) << outcomes[0].ShortDebugString();
  EXPECT_EQ(outcomes[1].status(), v1::OUTCOME_STATUS_APPLIED);
  EXPECT_EQ(Ask("SELECT concat_ws(' ', s, i, b, f, d, n, t, c, y, ts, tz, da, u, j, m, a, sh, iv) FROM kinds "
                "WHERE id = 1"),
            "-3 -9223372036854775808 t 1.5 0.1 123456789012345678901234567890.5 ä'\"\\,{} ab   \\x00ff "
            "2023-11-14 22:13:20.123456 "
            "2023-11-14 22:13:20.123456+00 2026-02-28 0190a0b0-0000-7000-8000-000000000001 {\"a\": 1} happy "
            "{1,NULL} yes 1 day");
  // Other kinds than the columns' own travel as text, here and from now on.
  auto texts = Group("public.kinds", {"s", "i", "b", "t", "tz"});
  Add(texts, 3, 3, {Text("7"), value::Decimal("8"), Text("false"), Int(9), Text("2023-11-14 22:13:20+00")});
  EXPECT_EQ(ApplyOne(texts).status(), v1::OUTCOME_STATUS_APPLIED);
  EXPECT_EQ(Ask("SELECT concat_ws(' ', s, i, b, t, tz) FROM kinds WHERE id = 3"),
            "7 8 f 9 2023-11-14 22:13:20+00");
}

TEST_F(SqlChannelTest, AnInboxThatIsGoneIsMadeAgainByTheNextOpen) {
  Execute("CREATE TABLE things (id serial PRIMARY KEY, a int)");
  ASSERT_OK(channel_->Open());
  Execute("DROP TABLE cognate.inbox");
  auto group = Group("public.things", {"a"});
  Add(group, 1, 1, {Int(1)});
  EXPECT_THAT(TryApply({&group}), test_support::StatusIs(absl::StatusCode::kUnavailable));
  ASSERT_OK(channel_->Open());
  EXPECT_EQ(ApplyOne(group).status(), v1::OUTCOME_STATUS_APPLIED);
}

TEST_F(SqlChannelTest, AMissingRightIsNamedByItsGrant) {
  Execute("DROP ROLE IF EXISTS writer; CREATE ROLE writer LOGIN");
  channel_ = MakeChannel("writer");
  const absl::Status refused = channel_->Open();
  EXPECT_THAT(refused, test_support::HasReason("INBOX_UNUSABLE"));
  EXPECT_THAT(std::string(refused.message()), HasSubstr("GRANT CREATE ON DATABASE"));
  Execute("CREATE SCHEMA cognate");
  EXPECT_THAT(std::string(channel_->Open().message()), HasSubstr("GRANT USAGE, CREATE ON SCHEMA cognate"));
  Execute("GRANT USAGE, CREATE ON SCHEMA cognate TO writer");
  EXPECT_OK(channel_->Open());
  Execute("DROP OWNED BY writer");
}

TEST_F(SqlChannelTest, ALostConnectionIsAnErrorOfTheWholeCall) {
  Execute("CREATE TABLE things (id serial PRIMARY KEY, a int)");
  ASSERT_OK(channel_->Open());
  Execute(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'cognate-delivery' "
      "AND datname = current_database()");
  auto group = Group("public.things", {"a"});
  Add(group, 1, 1, {Int(1)});
  EXPECT_THAT(TryApply({&group}), test_support::StatusIs(absl::StatusCode::kUnavailable));
  ASSERT_OK(channel_->Open());
  EXPECT_EQ(ApplyOne(group).status(), v1::OUTCOME_STATUS_APPLIED);
}

}  // namespace
}  // namespace cognate::delivery

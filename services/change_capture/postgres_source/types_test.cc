// Every common type, through the snapshot and through the stream.
#include <map>
#include <string>

#include "common/value/value.h"
#include "services/change_capture/postgres_source/test_source.h"
#include "tests/support/proto_matchers.h"

namespace cognate::change_capture {
namespace {

using test_support::EqualsProto;

constexpr char kTable[] = R"sql(
    CREATE EXTENSION IF NOT EXISTS citext;
    CREATE TYPE mood AS ENUM ('fine', 'so so', 'bad');
    CREATE DOMAIN positive AS int CHECK (VALUE > 0);
    CREATE DOMAIN price AS numeric(12, 2);
    CREATE DOMAIN tags AS text[];
    CREATE TYPE point3 AS (x int, y int, z text);
    CREATE TABLE everything (
        id bigint PRIMARY KEY, b bool, i2 int2, i4 int4, i8 int8, f4 float4, f8 float8, n numeric, n2 numeric(30, 10),
        t text, vc varchar(20), c char(5), na name, ci citext, by bytea, ts timestamp, tz timestamptz, d date, ti time,
        tt timetz, iv interval, u uuid, j json, jb jsonb, m mood, p positive, pr price, ip inet, cd cidr, ma macaddr,
        bi bit(3), vb varbit, mo money, xm xml, r4 int4range, tr tstzrange, pt point, co point3, o oid, q "char",
        ai int[], at text[], am mood[], an numeric[], ad date[], atz timestamptz[], ab bool[], aby bytea[], af float8[],
        au uuid[], ajb jsonb[], ap positive[], tg tags, ats tsvector, aii int[][],
        "Weird ""name"" ü" text);
)sql";

constexpr char kRows[] = R"sql(
    INSERT INTO everything SELECT 1, true, -32768, 2147483647, -9223372036854775808, 0.1, 1e-300, 12345678901234567890.123,
        -0.0000000001, E'line\nwith "quotes", \\ and ü 💡', 'ab', 'x', 'a name', 'MiXed', '\x00ff0a5c'::bytea,
        '2026-02-28 23:59:59.999999', '2026-03-29 02:30:00.5+02', '2026-02-28', '23:59:59.5', '12:00:00+05:30',
        '1 year 2 mons -3 days 04:05:06.7', '0190b5a8-0000-7000-8000-00000000abcd', '{"a":  [1, 2.0, null]}',
        '{"b": {"c": "é"}, "a": 1e2}', 'so so', 5, 19.90, '10.0.0.1/8', '10.0.0.0/8', '08:00:2b:01:02:03', B'101', B'1',
        '12.34', '<a>b</a>', '[1,5)', '["2026-01-01 00:00:00+00",)', '(1.5,-2)', ROW(1, 2, 'a,b')::point3, 4000000000, 'z',
        '{1,NULL,-3}', ARRAY['a', 'b,c', 'NULL', NULL, '', 'd"e\f', '{x}'], '{fine,"so so"}', '{1.10,NaN}',
        '{2026-01-01,infinity}', '{"2026-01-01 00:00:00+00"}', '{t,f,NULL}', ARRAY['\x00ff'::bytea], '{1.5,Infinity}',
        '{0190b5a8-0000-7000-8000-00000000abcd}', ARRAY['{"a": "b,c"}'::jsonb], '{1,2}', '{x,y}', 'a:1 b:2',
        '{{1,2},{3,4}}', 'w';
    INSERT INTO everything (id) VALUES (2);
    INSERT INTO everything SELECT 3, false, 32767, -2147483648, 9223372036854775807, 'NaN', 'Infinity', 'NaN', 0, '',
        '', '', '', '', '', 'infinity', '-infinity', 'infinity', '24:00:00', '00:00:00+00', '00:00:00',
        '00000000-0000-0000-0000-000000000000', 'null', 'null', 'fine', 1, 0, '::1', '::/0', '00:00:00:00:00:00', B'000',
        '', '-0.01', '', 'empty', 'empty', '(0,0)', NULL, 0, '', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}',
        '{}', '{}', '{}', '{}', '', '{}', '';
    INSERT INTO everything (id, ts, tz, d, f4, f8, n, ai, at) VALUES
        (4, '0044-03-15 12:00:00 BC', '0044-03-15 12:00:00+00 BC', '0044-03-15 BC', '-Infinity', '-0', 1e20, '[0:1]={7,8}',
         '{{a,b},{NULL,"c d"}}'),
        (5, '12026-01-01 00:00:00', '9999-12-31 23:59:59.999999+00', '5874897-12-31', 16777216, 5e-324, 'Infinity', NULL,
         NULL),
        (6, '0001-01-01 00:00:00', '0001-01-01 00:00:00+00', '0001-01-01', 1e-45, 1.7976931348623157e308, -1e-20, NULL,
         NULL);
)sql";

using Values = std::map<std::string, v1::Value>;

Values ValuesOf(const LogEntry& entry) {
  Values values;
  for (const v1::Field& field : entry.values.fields()) values[field.name()] = field.value();
  return values;
}

class PostgresSourceTypesTest : public SourceFixture {
 protected:
  std::map<std::string, Values> ValuesById() {
    std::map<std::string, Values> values;
    for (const LogEntry& entry : Entries("public.everything")) values[entry.local_id] = ValuesOf(entry);
    return values;
  }
};

TEST_F(PostgresSourceTypesTest, AreTheSameInTheSnapshotAndOnTheStream) {
  // The database's own settings must not show.
  Sql(absl::StrCat("ALTER DATABASE ", Ask("SELECT current_database()"),
                   " SET datestyle = 'SQL, DMY'; ALTER ROLE postgres SET bytea_output = 'escape'"));
  sql_ = ValueOrDie(postgres::Connection::Open(source_uri_));
  Sql(kTable);
  Sql(kRows);
  StartSource({"public.everything"});
  ASSERT_TRUE(AwaitStreaming()) << State().ShortDebugString();
  EXPECT_EQ(Entries("public.everything").size(), 6U);

  std::string columns =
      Ask("SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute "
          "WHERE attrelid = 'everything'::regclass AND attnum > 1");
  Sql(absl::StrCat("INSERT INTO everything SELECT id + 10, ", columns, " FROM everything ORDER BY id"));
  ASSERT_TRUE(Eventually([&] { return Entries("public.everything").size() == 12; }))
      << State().ShortDebugString();
  const std::map<std::string, Values> values = ValuesById();
  int compared = 0;
  for (int id = 1; id <= 6; ++id) {
    const Values& snapshot = values.at(absl::StrCat(id));
    const Values& stream = values.at(absl::StrCat(id + 10));
    ASSERT_EQ(snapshot.size(), 56U);
    ASSERT_EQ(stream.size(), snapshot.size());
    for (const auto& [name, value] : snapshot) {
      if (name == "id") continue;
      EXPECT_TRUE(value::Equal(value, stream.at(name)))
          << id << " " << name << ": " << value.ShortDebugString() << " / "
          << stream.at(name).ShortDebugString();
      ++compared;
    }
  }
  Sql("ALTER ROLE postgres RESET bytea_output");
  std::printf("figure source.types types=%d values_compared=%d different=%d\n", 55, compared,
              HasFailure() ? 1 : 0);
}

TEST_F(PostgresSourceTypesTest, ArriveInTheirOwnKind) {
  Sql(kTable);
  Sql(kRows);
  StartSource({"public.everything"});
  ASSERT_TRUE(AwaitStreaming()) << State().ShortDebugString();
  const std::map<std::string, Values> by_id = ValuesById();
  const Values& row = by_id.at("1");
  const std::map<std::string, std::string> wanted = {
      {"b", "bool_value: true"},
      {"i2", "int64_value: -32768"},
      {"i8", "int64_value: -9223372036854775808"},
      {"f4", "double_value: 0.1"},
      {"f8", "double_value: 1e-300"},
      {"n", "decimal_value: '12345678901234567890.123'"},
      {"n2", "decimal_value: '-0.0000000001'"},
      {"c", "text_value: 'x    '"},
      {"ci", "text_value: 'MiXed'"},
      {"by", R"(bytes_value: "\000\377\n\\")"},
      {"ts", "timestamp_value { seconds: 1772323199 nanos: 999999000 }"},
      {"tz", "timestamp_value { seconds: 1774744200 nanos: 500000000 }"},
      {"d", "date_value: '2026-02-28'"},
      {"iv", "text_value: '1 year 2 mons -3 days +04:05:06.7'"},
      {"jb", R"(text_value: "{\"a\": 100, \"b\": {\"c\": \"é\"}}")"},
      {"m", "text_value: 'so so'"},
      {"p", "int64_value: 5"},
      {"pr", "decimal_value: '19.90'"},
      {"ip", "text_value: '10.0.0.1/8'"},
      {"r4", "text_value: '[1,5)'"},
      {"co", "text_value: '(1,2,\"a,b\")'"},
      {"o", "int64_value: 4000000000"},
      {"ai",
       "list_value { values { int64_value: 1 } values { null_value: NULL_VALUE } values { int64_value: -3 } "
       "}"},
      {"am", "list_value { values { text_value: 'fine' } values { text_value: 'so so' } }"},
      {"an", "list_value { values { decimal_value: '1.10' } values { decimal_value: 'NaN' } }"},
      {"ad", "list_value { values { date_value: '2026-01-01' } values { text_value: 'infinity' } }"},
      {"aby", R"(list_value { values { bytes_value: "\000\377" } })"},
      {"ap", "list_value { values { int64_value: 1 } values { int64_value: 2 } }"},
      {"tg", "list_value { values { text_value: 'x' } values { text_value: 'y' } }"},
      {"Weird \"name\" ü", "text_value: 'w'"}};
  for (const auto& [name, text] : wanted) EXPECT_THAT(row.at(name), EqualsProto(text)) << name;
  EXPECT_THAT(by_id.at("2").at("t"), EqualsProto("null_value: NULL_VALUE"));
  EXPECT_THAT(by_id.at("3").at("t"), EqualsProto("text_value: ''"));
  EXPECT_THAT(by_id.at("3").at("tz"), EqualsProto("text_value: '-infinity'"));
  EXPECT_THAT(by_id.at("4").at("d"), EqualsProto("text_value: '0044-03-15 BC'"));
  EXPECT_THAT(by_id.at("5").at("n"), EqualsProto("text_value: 'Infinity'"));
  EXPECT_THAT(by_id.at("6").at("ts"), EqualsProto("timestamp_value { seconds: -62135596800 }"));
}

TEST_F(PostgresSourceTypesTest, MakeLocalIdsOfEveryKeyType) {
  Sql(R"sql(
      CREATE TABLE pair (a text, b int, note text, PRIMARY KEY (b, a));
      CREATE TABLE ided (id uuid PRIMARY KEY);
      INSERT INTO pair VALUES ('x,y\z', 7), ('', 8);
      INSERT INTO ided VALUES ('0190B5A8-0000-7000-8000-00000000ABCD');
  )sql");
  StartSource({"public.ided", "public.pair"});
  ASSERT_TRUE(AwaitStreaming()) << State().ShortDebugString();
  Sql("UPDATE pair SET note = 'n'");
  ASSERT_TRUE(Eventually([&] { return Entries("public.pair").size() == 4; }));
  const TableState pairs = Logged("public.pair");
  EXPECT_EQ(pairs.at(R"(7,x\,y\\z)").at("note"), "n");
  EXPECT_EQ(pairs.at("8,").at("note"), "n");
  EXPECT_TRUE(Logged("public.ided").contains("0190b5a8-0000-7000-8000-00000000abcd"));
}

}  // namespace
}  // namespace cognate::change_capture

#include "common/postgres/params.h"

#include <limits>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "common/clock/clock.h"
#include "common/postgres/test_database.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace cognate::postgres {
namespace {

using test_support::HasReason;
using ::testing::ElementsAre;
using ::testing::Optional;

class ParamsTest : public ::testing::Test {
 protected:
  // The server's own text of $1, so that our binary form is judged by somebody else.
  std::string TextOf(const Params& params, const std::string& type) {
    const auto rows = connection_->QueryOnce("SELECT ($1::" + type + ")::text", params);
    if (!rows.ok()) return rows.status().ToString();
    return rows->IsNull(0, 0) ? "NULL" : std::string(rows->GetText(0, 0));
  }

  std::unique_ptr<Connection> connection_ = OpenTestDatabase();
};

constexpr int64_t kMin = std::numeric_limits<int64_t>::min();
constexpr int64_t kMax = std::numeric_limits<int64_t>::max();

TEST_F(ParamsTest, PlainValuesArriveAsTheyAre) {
  EXPECT_EQ(TextOf(Params().AddInt64(kMin), "bigint"), "-9223372036854775808");
  EXPECT_EQ(TextOf(Params().AddInt32(-1), "integer"), "-1");
  EXPECT_EQ(TextOf(Params().AddBool(true), "boolean"), "true");
  EXPECT_EQ(TextOf(Params().AddDouble(0.1), "double precision"), "0.1");
  EXPECT_EQ(TextOf(Params().AddText("Grüße, 世界 🌍"), "text"), "Grüße, 世界 🌍");
  EXPECT_EQ(TextOf(Params().AddBytes(absl::string_view("\0\xff", 2)), "bytea"), "\\x00ff");
  EXPECT_EQ(TextOf(Params().AddJsonb(R"({"a": [1]})"), "jsonb"), R"({"a": [1]})");
  EXPECT_EQ(TextOf(Params().AddNull(), "text"), "NULL");
  EXPECT_EQ(TextOf(Params().AddInt64(std::optional<int64_t>()), "bigint"), "NULL");
  const absl::Time time = absl::FromUnixMicros(951'782'400'000'001);
  EXPECT_EQ(TextOf(Params().AddTimestamp(time), "timestamptz"), "2000-02-29 00:00:00.000001+00");
  EXPECT_EQ(TextOf(Params().AddTimestamp(absl::InfiniteFuture()), "timestamptz"), "infinity");
  EXPECT_EQ(TextOf(Params().AddUuid(*Uuid::Parse("01890a5d-ac96-774b-bcce-b302099a8057")), "uuid"),
            "01890a5d-ac96-774b-bcce-b302099a8057");
}

TEST_F(ParamsTest, ArraysArriveWithExtremesNullsAndNoElements) {
  EXPECT_EQ(TextOf(Params().AddInt64Array(std::vector<int64_t>{kMin, 0, kMax}), "bigint[]"),
            "{-9223372036854775808,0,9223372036854775807}");
  EXPECT_EQ(TextOf(Params().AddInt64Array(std::vector<std::optional<int64_t>>{1, std::nullopt}), "bigint[]"),
            "{1,NULL}");
  EXPECT_EQ(TextOf(Params().AddInt64Array(std::vector<int64_t>()), "bigint[]"), "{}");
  EXPECT_EQ(TextOf(Params().AddInt32Array(std::vector<int32_t>{-2147483647 - 1, 7}), "integer[]"),
            "{-2147483648,7}");
  EXPECT_EQ(TextOf(Params().AddInt16Array(std::vector<std::optional<int16_t>>{-32768, {}}), "smallint[]"),
            "{-32768,NULL}");
  EXPECT_EQ(TextOf(Params().AddBoolArray(std::vector<bool>{true, false}), "boolean[]"), "{t,f}");
  EXPECT_EQ(TextOf(Params().AddBoolArray(std::vector<std::optional<bool>>{true, {}}), "boolean[]"),
            "{t,NULL}");
  const std::vector<absl::string_view> texts = {"", "ä\"{,}\\", "NULL"};
  EXPECT_EQ(TextOf(Params().AddTextArray(texts), "text[]"), R"({"","ä\"{,}\\","NULL"})");
  EXPECT_EQ(TextOf(Params().AddTextArray(std::vector<std::optional<absl::string_view>>{{}, ""}), "text[]"),
            R"({NULL,""})");
  EXPECT_EQ(TextOf(Params().AddByteaArray(std::vector<std::string>{std::string(1, '\0'), "\xff"}), "bytea[]"),
            R"({"\\x00","\\xff"})");
  const Uuid uuid = *Uuid::Parse("01890a5d-ac96-774b-bcce-b302099a8057");
  EXPECT_EQ(TextOf(Params().AddUuidArray(std::vector<std::optional<Uuid>>{uuid, {}}), "uuid[]"),
            "{01890a5d-ac96-774b-bcce-b302099a8057,NULL}");
  EXPECT_EQ(
      TextOf(Params().AddTimestampArray(std::vector<absl::Time>{absl::UnixEpoch(), absl::InfinitePast()}),
             "timestamptz[]"),
      R"({"1970-01-01 00:00:00+00",-infinity})");
}

TEST_F(ParamsTest, RowsReadBackWhatParamsWrote) {
  const Uuid uuid = Uuid::V7(Clock::Real());
  const absl::Time time = absl::FromUnixMicros(-1);
  Params params;
  params.AddInt64(kMax).AddInt32(-5).AddBool(true).AddDouble(-0.5).AddText("ß").AddBytes("\xfe").AddJsonb(
      "[]");
  params.AddUuid(uuid).AddTimestamp(time).AddNull();
  params.AddTextArray(std::vector<std::optional<absl::string_view>>{"a", {}, ""});
  params.AddInt64Array(std::vector<std::optional<int64_t>>{kMin, {}});
  ASSERT_OK_AND_ASSIGN(
      const Rows rows,
      connection_->QueryOnce(
          "SELECT $1::bigint AS number, $2::int, $3::bool, $4::float8, $5::text, $6::bytea, "
          "$7::jsonb::text, $8::uuid, $9::timestamptz, $10::text, $11::text[], $12::bigint[]",
          params));
  EXPECT_EQ(rows.GetInt64(0, rows.Column("number")), kMax);
  EXPECT_EQ(rows.GetInt32(0, 1), -5);
  EXPECT_TRUE(rows.GetBool(0, 2));
  EXPECT_EQ(rows.GetDouble(0, 3), -0.5);
  EXPECT_EQ(rows.GetText(0, 4), "ß");
  EXPECT_EQ(rows.GetBytes(0, 5), "\xfe");
  EXPECT_EQ(rows.GetText(0, 6), "[]");
  EXPECT_EQ(rows.GetUuid(0, 7), uuid);
  EXPECT_EQ(rows.GetTimestamp(0, 8), time);
  EXPECT_TRUE(rows.IsNull(0, 9));
  EXPECT_THAT(rows.GetTextArray(0, 10),
              ElementsAre(Optional(absl::string_view("a")), std::nullopt, Optional(absl::string_view())));
  EXPECT_THAT(rows.GetInt64Array(0, 11), ElementsAre(Optional(kMin), std::nullopt));
  EXPECT_EQ(rows.Column("missing"), -1);
}

TEST_F(ParamsTest, TextThatIsNotUtf8OrHoldsNulIsRefused) {
  EXPECT_THAT(connection_->QueryOnce("SELECT $1::text", Params().AddText("\xff")), HasReason("BAD_ENCODING"));
  EXPECT_THAT(connection_->QueryOnce("SELECT $1::text", Params().AddText(absl::string_view("a\0b", 3))),
              HasReason("BAD_ENCODING"));
}

TEST_F(ParamsTest, ClearMakesRoomForTheNextBatch) {
  Params params;
  params.AddText("first").AddInt64Array(std::vector<int64_t>{1});
  params.Clear();
  EXPECT_EQ(params.size(), 0);
  EXPECT_EQ(TextOf(params.AddText("second"), "text"), "second");
}

}  // namespace
}  // namespace cognate::postgres

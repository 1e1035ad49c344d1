#include "common/value/fingerprint.h"

#include <chrono>
#include <cstdio>
#include <vector>

#include "absl/strings/escaping.h"
#include "common/value/value.h"
#include "gtest/gtest.h"

namespace cognate::value {
namespace {

std::string Of(const v1::Value& value) { return Fingerprint(Fields({{"f", value}})); }

v1::Value ReferenceTo(absl::string_view local_id) {
  v1::Value value;
  value.mutable_reference_value()->set_entity_id("0123456789abcdef");
  value.mutable_reference_value()->set_local_id(std::string(local_id));
  return value;
}

TEST(FingerprintTest, IsTheSameForWhatMeansTheSame) {
  EXPECT_EQ(Of(Int(5)), Of(Decimal("5.00")));
  EXPECT_EQ(Of(Int(5)), Of(ReferenceTo("5")));
  EXPECT_EQ(Of(Text("5")), Of(ReferenceTo("5")));
  EXPECT_EQ(Of(Decimal("1.50")), Of(Decimal("1.5")));
  EXPECT_EQ(Of(Decimal("1e2")), Of(Int(100)));
  EXPECT_EQ(Of(Double(0.0)), Of(Double(-0.0)));
  EXPECT_EQ(Of(Null()), Of(ReferenceTo("")));
  EXPECT_EQ(Of(Map({{"a", Int(1)}, {"b", Null()}})), Of(Map({{"b", Null()}, {"a", Int(1)}})));
}

TEST(FingerprintTest, DiffersForWhatDiffers) {
  EXPECT_NE(Of(Null()), Of(Text("")));
  EXPECT_NE(Of(Text("5")), Of(Text("5 ")));
  EXPECT_NE(Of(TimestampMicros(1)), Of(TimestampMicros(2)));
  EXPECT_NE(Of(List({Text("ab"), Text("c")})), Of(List({Text("a"), Text("bc")})));
  EXPECT_NE(Of(List({})), Of(Null()));
  EXPECT_NE(Fingerprint(Fields({{"a", Int(1)}})), Fingerprint(Fields({{"b", Int(1)}})));
  EXPECT_NE(Fingerprint(Fields({{"a", Int(1)}})), Fingerprint(Fields({{"a", Int(1)}, {"b", Null()}})));
}

TEST(FingerprintTest, DoesNotDependOnTheOrderOfFields) {
  EXPECT_EQ(Fingerprint(Fields({{"b", Int(2)}, {"a", Text("x")}})),
            Fingerprint(Fields({{"a", Text("x")}, {"b", Int(2)}})));
  const std::vector<std::string> names = {"b", "a"};
  const v1::Value two = Int(2);
  const v1::Value x = Text("x");
  EXPECT_EQ(Fingerprinter(absl::MakeConstSpan(names)).Of(std::vector<const v1::Value*>{&two, &x}),
            Fingerprint(Fields({{"a", x}, {"b", two}})));
}

// Stored in ledgers: it may never change between versions of Cognate.
TEST(FingerprintTest, IsTheSameForEver) {
  const v1::Fields fields = Fields({{"id", Int(7)},
                                    {"name", Text("Atlantis")},
                                    {"area", Decimal("12.50")},
                                    {"gone", Null()},
                                    {"seen", TimestampMicros(1'772'282'096'123'456)},
                                    {"ok", Bool(true)}});
  EXPECT_EQ(absl::BytesToHexString(Fingerprint(fields)), "ad0c6385d42af597327ba365cf7c3376");
  EXPECT_EQ(Fingerprint(fields).size(), 16u);
}

TEST(FingerprintTest, IsFast) {
  const v1::Fields fields = Fields({{"id", Int(123456)},
                                    {"name", Text("A name of usual length")},
                                    {"price", Decimal("12.50")},
                                    {"note", Text(std::string(100, 'n'))},
                                    {"at", TimestampMicros(1'772'282'096'123'456)},
                                    {"active", Bool(true)},
                                    {"ratio", Double(0.25)},
                                    {"parent", ReferenceTo("77")}});
  std::vector<absl::string_view> names;
  std::vector<const v1::Value*> values;
  for (const v1::Field& field : fields.fields())
    names.emplace_back(field.name()), values.push_back(&field.value());
  const Fingerprinter fingerprinter{absl::MakeConstSpan(names)};
  constexpr int kRounds = 100'000;
  size_t sum = 0;
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < kRounds; ++i) sum += fingerprinter.Of(values).size();
  const double us =
      std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start).count() / kRounds;
  EXPECT_EQ(sum, 16u * kRounds);
  std::printf("figure value.fingerprint us_per_record=%.2f fields=8\n", us);
}

}  // namespace
}  // namespace cognate::value

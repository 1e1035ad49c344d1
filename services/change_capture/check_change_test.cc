#include "services/change_capture/test_capture.h"

namespace cognate::change_capture {
namespace {

using ::testing::HasSubstr;

using CheckChangeTest = CaptureFixture;

struct BadChange {
  const char* name;
  const char* edit;  // merged into a good change
  const char* reason;
  const char* path;
};

class BadChangeTest : public CaptureFixture, public ::testing::WithParamInterface<BadChange> {};

void PrintTo(const BadChange& bad, std::ostream* out) { *out << bad.name; }

TEST_P(BadChangeTest, FailsAloneWithReasonAndPath) {
  v1::Change bad = Item("bad", 2, "two");
  if (std::string(GetParam().edit).find("fields") != std::string::npos) bad.clear_fields();
  ASSERT_TRUE(google::protobuf::TextFormat::MergeFromString(GetParam().edit, &bad));
  ASSERT_OK_AND_ASSIGN(const v1::CaptureResponse response,
                       Capture({Item("a", 1, "one"), bad, Item("c", 3, "three")}));
  EXPECT_EQ(response.results(0).version(), 1);
  EXPECT_EQ(response.results(2).version(), 2);
  EXPECT_EQ(response.results(1).version(), 0);
  EXPECT_EQ(response.results(1).error().reason(), GetParam().reason) << response.results(1).DebugString();
  EXPECT_EQ(response.results(1).error().field(), GetParam().path);
  EXPECT_NE(response.results(1).error().message(), "");
}

INSTANTIATE_TEST_SUITE_P(
    All, BadChangeTest,
    ::testing::Values(
        BadChange{"Model", "model: 'ghost'", "MODEL_NOT_FOUND", "changes[1].model"},
        BadChange{"NoModel", "model: ''", "INVALID_FIELD", "changes[1].model"},
        BadChange{
            "Field",
            "fields { name: 'id' value { int64_value: 2 } } fields { name: 'x' value { int64_value: 2 } }",
            "FIELD_NOT_FOUND", "changes[1].fields[1].name"},
        BadChange{
            "Twice",
            "fields { name: 'id' value { int64_value: 2 } } fields { name: 'id' value { int64_value: 2 } }",
            "DUPLICATE_FIELD", "changes[1].fields[1].name"},
        BadChange{"Type", "fields { name: 'id' value { text_value: 'two' } }", "WRONG_TYPE",
                  "changes[1].fields[0].value"},
        BadChange{"NoDecimal", "fields { name: 'price' value { decimal_value: 'cheap' } }", "WRONG_TYPE",
                  "changes[1].fields[0].value"},
        BadChange{"NoDate", "fields { name: 'made' value { date_value: '2026-02-30' } }", "WRONG_TYPE",
                  "changes[1].fields[0].value"},
        BadChange{"NoKind", "fields { name: 'id' value {} }", "INVALID_FIELD", "changes[1].fields[0].value"},
        BadChange{"NulInText", "fields { name: 'name' value { text_value: 'a\\000b' } }", "BAD_ENCODING",
                  "changes[1].fields[0].value"},
        BadChange{"NulInId", "local_id: 'a\\000b'", "BAD_ENCODING", "changes[1].local_id"},
        BadChange{"Reference", "fields { name: 'id' value { reference_value {} } }", "WRONG_TYPE",
                  "changes[1].fields[0].value"},
        BadChange{"Operation", "operation: OPERATION_UNSPECIFIED", "INVALID_FIELD", "changes[1].operation"}),
    [](const auto& bad) { return std::string(bad.param.name); });

TEST_F(CheckChangeTest, SaysWhichIdsAreTooLongOrMissing) {
  v1::Change no_change_id = Item("", 1, "one");
  v1::Change long_change_id = Item(std::string(129, 'x'), 1, "one");
  v1::Change long_local_id = Item("a", 1, "one");
  long_local_id.set_local_id(std::string(513, 'x'));
  v1::Change nothing = Item("b", 1, "one");
  nothing.clear_fields();
  v1::Change empty_delete = Item("c", 1, "one");
  empty_delete.clear_fields();
  empty_delete.set_operation(v1::OPERATION_DELETE);
  ASSERT_OK_AND_ASSIGN(const v1::CaptureResponse response,
                       Capture({no_change_id, long_change_id, long_local_id, nothing, empty_delete}));
  EXPECT_EQ(response.results(0).error().field(), "changes[0].change_id");
  EXPECT_THAT(response.results(1).error().message(), HasSubstr("got 129 bytes, want 1 to 128 bytes"));
  EXPECT_EQ(response.results(2).error().field(), "changes[2].local_id");
  EXPECT_EQ(response.results(3).error().field(), "changes[3].fields");
  EXPECT_EQ(response.results(4).version(), 1);
}

TEST_F(CheckChangeTest, RefusesAValueAboveEightMebibytesAlone) {
  v1::Change large = Item("large", 2, "two");
  large.mutable_fields(1)->mutable_value()->set_text_value(std::string(20 << 20, 'x'));
  ASSERT_OK_AND_ASSIGN(const v1::CaptureResponse response, Capture({Item("a", 1, "one"), large}));
  EXPECT_EQ(response.results(0).version(), 1);
  EXPECT_EQ(response.results(1).error().reason(), "VALUE_TOO_LARGE");
  EXPECT_EQ(response.results(1).error().field(), "changes[1].fields[1].value");
  EXPECT_THAT(response.results(1).error().message(), HasSubstr("got 20971520 bytes, want at most 8388608"));
}

}  // namespace
}  // namespace cognate::change_capture

#include "common/codec/value_path.h"

#include <string>
#include <vector>

#include "common/codec/json.h"
#include "common/codec/nesting.h"
#include "common/value/value.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace cognate::codec {
namespace {

using ::cognate::test_support::StatusIs;
using ::cognate::test_support::ValueOrDie;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using value::Text;

ValuePath Path(const std::string& path) { return ValueOrDie(ValuePath::Parse(path)); }
v1::Value Json(const std::string& json) { return ValueOrDie(ReadJson(json)); }

// The JSON of what is there; "nowhere".
std::string Get(const std::string& json, const std::string& path) {
  const v1::Value root = Json(json);
  const v1::Value* const value = Path(path).Get(root);
  return value == nullptr ? "nowhere" : WriteJson(*value);
}

// The JSON of the whole after the set, or the code's name.
std::string Set(const std::string& json, const std::string& path) {
  v1::Value root = Json(json);
  const absl::Status status = Path(path).Set(&root, Text("new"));
  if (status.ok()) return WriteJson(root);
  EXPECT_EQ(WriteJson(root), WriteJson(Json(json))) << "nothing is changed where it fails";
  return absl::StatusCodeToString(status.code());
}

TEST(ValuePathTest, LeadsToNamesAndPlaces) {
  const std::string json = R"({"a":{"b":[{"odd name":1},{"x.y":2}],"é":3,"q\"":4},"0":5})";
  EXPECT_EQ(Get(json, "a.b[0][\"odd name\"]"), "1");
  EXPECT_EQ(Get(json, "a.b[1]['x.y']"), "2");
  EXPECT_EQ(Get(json, "a.é"), "3");
  EXPECT_EQ(Get(json, "a[\"q\\\"\"]"), "4");
  EXPECT_EQ(Get(json, "[\"a\"].b[1]"), R"({"x.y":2})");
  EXPECT_EQ(Get(json, "0"), "5");
  EXPECT_EQ(Get("[[1,2]]", "[0][1]"), "2");
}

TEST(ValuePathTest, LeadsNowhereWhereNothingIs) {
  const std::string json = R"({"a":{"b":[1]},"n":null,"t":"x"})";
  for (const std::string path :
       {"x", "a.x", "a.b[1]", "a.b.c", "a[0]", "n.x", "t.x", "t[0]", "a.b[-]", "a.b[*]", "a.*"}) {
    EXPECT_EQ(Get(json, path), "nowhere") << path;
  }
  EXPECT_EQ(Get(json, "n"), "null");
}

TEST(ValuePathTest, SaysWhatIsWrongWithAPath) {
  const auto expect_refused = [](const std::string& path, const std::string& want) {
    EXPECT_THAT(ValuePath::Parse(path), StatusIs(absl::StatusCode::kInvalidArgument,
                                                 HasSubstr("got the path \"" + path + "\", want " + want)));
  };
  expect_refused("", "a name");
  expect_refused("a..b", "a name (others than of letters, digits and _-$@:/ in [\"…\"]) at byte 2");
  expect_refused("a.", "a name");
  expect_refused(".a", "a name");
  expect_refused("a b", "\".\" or \"[\" after a step at byte 1");
  expect_refused("a[x]", "a place such as [0]");
  expect_refused("a[", "a place");
  expect_refused("a[1", "a place");
  expect_refused("a[-1]", "a place");
  expect_refused("a[12345678]", "a place");
  expect_refused("a[\"b", "a quote at the end");
  expect_refused("a[\"b\"", "\"]\" after a name");
  expect_refused("a[\"b\\", "a quote at the end");
  expect_refused("a]", "\".\" or \"[\"");
  std::string deep = "a";
  for (int i = 1; i < kMaxNesting; ++i) deep += ".a";
  EXPECT_EQ(Path(deep).text(), deep);
  expect_refused(deep + ".a", "at most 64 steps");
  EXPECT_FALSE(ValuePath::Parse("a\xff").ok());
}

TEST(ValuePathTest, MakesWhatIsMissing) {
  EXPECT_EQ(Set("{}", "a.b"), R"({"a":{"b":"new"}})");
  EXPECT_EQ(Set("null", "a[0].b[-]"), R"({"a":[{"b":["new"]}]})");
  EXPECT_EQ(Set(R"({"a":null})", "a.b"), R"({"a":{"b":"new"}})");
  EXPECT_EQ(Set(R"({"a":{"b":1,"c":2}})", "a.b"), R"({"a":{"b":"new","c":2}})");
  EXPECT_EQ(Set(R"({"a":[1,2]})", "a[1]"), R"({"a":[1,"new"]})");
  EXPECT_EQ(Set(R"({"a":[1,2]})", "a[2]"), R"({"a":[1,2,"new"]})");
  EXPECT_EQ(Set(R"({"a":[1,2]})", "a[-]"), R"({"a":[1,2,"new"]})");
  EXPECT_EQ(Set(R"({"a":[{}]})", "a[-].b"), R"({"a":[{},{"b":"new"}]})");
  EXPECT_EQ(Set(R"({"a":[]})", "a.b"), R"({"a":{"b":"new"}})") << "PHP has one empty array";
}

TEST(ValuePathTest, RefusesToReplaceWhatIsInTheWay) {
  EXPECT_EQ(Set(R"({"a":"x"})", "a.b"), "FAILED_PRECONDITION");
  EXPECT_EQ(Set(R"({"a":[1]})", "a.b"), "FAILED_PRECONDITION");
  EXPECT_EQ(Set(R"({"a":{}})", "a[0]"), "FAILED_PRECONDITION");
  EXPECT_EQ(Set(R"({"a":{}})", "b[1]"), "OUT_OF_RANGE");
  EXPECT_EQ(Set(R"({"a":[1]})", "a[2]"), "OUT_OF_RANGE");
  EXPECT_EQ(Set(R"({"a":[1]})", "a[*]"), "INVALID_ARGUMENT");
  EXPECT_EQ(Set("[]", "a.*"), "INVALID_ARGUMENT");
  v1::Value root = Json(R"({"a":"x"})");
  EXPECT_THAT(
      Path("a.b").Set(&root, Text("new")),
      StatusIs(
          absl::StatusCode::kFailedPrecondition,
          HasSubstr("got text \"x\" (1 character) on the way of \"a.b\", want a map for the name \"b\"")));
  std::string deep = std::string(64, '[') + std::string(64, ']');
  EXPECT_THAT(Path("a.c").Set(&root, Json(deep)), StatusIs(absl::StatusCode::kOutOfRange));
}

TEST(ValuePathTest, SetsAPartOfAValueInPlaceOfTheWhole) {
  v1::Value root = Json(R"({"a":{"b":{"c":1}}})");
  const v1::Value* const part = Path("a.b").Get(root);
  ASSERT_TRUE(Path("a").Set(&root, *part).ok());
  EXPECT_EQ(WriteJson(root), R"({"a":{"c":1}})");
}

TEST(ValuePathTest, VisitsEveryValue) {
  const auto visited = [](const std::string& path) {
    v1::Value root = Json(R"({"l":[{"id":1},{"x":2},{"id":3}],"m":{"p":{"id":4},"q":{"id":5}},"s":"x"})");
    std::vector<std::string> found;
    EXPECT_TRUE(Path(path)
                    .ForEach(&root,
                             [&](v1::Value* value) {
                               found.push_back(WriteJson(*value));
                               value->set_text_value("seen");
                               return absl::OkStatus();
                             })
                    .ok());
    return found;
  };
  EXPECT_THAT(visited("l[*].id"), ElementsAre("1", "3"));
  EXPECT_THAT(visited("m.*.id"), ElementsAre("4", "5"));
  EXPECT_THAT(visited("*.p.id"), ElementsAre("4"));
  EXPECT_THAT(visited("l[1].x"), ElementsAre("2"));
  EXPECT_THAT(visited("s"), ElementsAre("\"x\""));
  EXPECT_THAT(visited("l[-]"), IsEmpty());
  EXPECT_THAT(visited("l.*"), IsEmpty());
  EXPECT_THAT(visited("m[*]"), IsEmpty());
  EXPECT_THAT(visited("s[*]"), IsEmpty());
  EXPECT_TRUE(Path("a[*]").has_wildcards());
  EXPECT_FALSE(Path("a[0]").has_wildcards());
  EXPECT_TRUE(Path("a[-]").appends());
}

TEST(ValuePathTest, EndsItsVisitWithTheFirstError) {
  v1::Value root = Json("[1,2,3]");
  int visits = 0;
  const absl::Status status = Path("[*]").ForEach(
      &root, [&](v1::Value*) { return ++visits == 2 ? absl::AbortedError("enough") : absl::OkStatus(); });
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kAborted));
  EXPECT_EQ(visits, 2);
}

}  // namespace
}  // namespace cognate::codec

#include "services/gateway/json_codec.h"

#include "absl/strings/str_cat.h"
#include "cognate/v1/change_capture_service.pb.h"
#include "cognate/v1/key_service.pb.h"
#include "cognate/v1/platform_registry_service.pb.h"
#include "common/status/error.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/gateway/connect_error.h"
#include "tests/support/fuzz.h"
#include "tests/support/proto_matchers.h"
#include "tests/support/status_matchers.h"

namespace cognate::gateway {
namespace {

using test_support::HasReason;
using test_support::ValueOrDie;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

template <typename Message>
absl::StatusOr<Message> Read(absl::string_view json) {
  absl::StatusOr<std::string> bytes = FromJson(*Message::descriptor(), json);
  if (!bytes.ok()) return bytes.status();
  Message message;
  EXPECT_TRUE(message.ParseFromString(*bytes));
  return message;
}

std::vector<std::string> FieldsOf(const absl::Status& status) {
  std::vector<std::string> fields;
  for (const FieldViolation& violation : Violations(status)) fields.push_back(violation.field);
  return fields;
}

TEST(JsonCodecTest, ReadsNamesInBothSpellings) {
  const auto camel = Read<v1::ListPlatformsRequest>(R"({"pageSize": 7})");
  const auto snake = Read<v1::ListPlatformsRequest>(R"({"page_size": 7})");
  EXPECT_EQ(ValueOrDie(camel).page_size(), 7);
  EXPECT_EQ(ValueOrDie(snake).page_size(), 7);
}

TEST(JsonCodecTest, Numbers64BitsWideGoAsStrings) {
  v1::CaptureRequest request;
  request.set_platform("shop");
  v1::Field& field = *request.add_changes()->add_fields();
  field.set_name("id");
  field.mutable_value()->set_int64_value(INT64_MAX);
  const std::string json = ValueOrDie(ToJson(*v1::CaptureRequest::descriptor(), request.SerializeAsString()));
  EXPECT_THAT(json, HasSubstr("\"9223372036854775807\""));
  EXPECT_THAT(ValueOrDie(Read<v1::CaptureRequest>(json)), test_support::EqualsProto(request));
}

TEST(JsonCodecTest, NamesTheFieldThatIsNotThere) {
  const absl::Status top = Read<v1::GetKeyRequest>(R"({"nam": "keys/1"})").status();
  EXPECT_THAT(top, HasReason("INVALID_FIELD"));
  EXPECT_THAT(FieldsOf(top), ElementsAre("nam"));
  const absl::Status deep =
      Read<v1::CreateKeyRequest>(R"({"key": {"role": "ROLE_OPERATOR", "rolle": 1}})").status();
  EXPECT_THAT(FieldsOf(deep), ElementsAre("key.rolle"));
}

TEST(JsonCodecTest, NamesTheFieldWhoseValueIsNone) {
  const absl::Status number = Read<v1::ListPlatformsRequest>(R"({"pageSize": "many"})").status();
  EXPECT_THAT(number, HasReason("INVALID_FIELD"));
  EXPECT_THAT(FieldsOf(number), ElementsAre("page_size"));
  EXPECT_THAT(FieldsOf(Read<v1::CreateKeyRequest>(R"({"key": {"role": "KING"}})").status()),
              ElementsAre("key.role"));
}

TEST(JsonCodecTest, SaysWhatIsNoJsonAndRepeatsNothingOfIt) {
  for (const char* text :
       {"", "[]", "null", "{", "{} {}", R"({"name": "secret-of-mine)", "{'a': 1} secret-of-mine"}) {
    const absl::Status status = Read<v1::GetKeyRequest>(text).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << text;
    EXPECT_THAT(ErrorReason(status), ::testing::AnyOf("MALFORMED_JSON", "INVALID_FIELD")) << text;
    EXPECT_THAT(std::string(status.message()), ::testing::Not(HasSubstr("secret-of-mine")));
  }
}

TEST(JsonCodecTest, ADeepTextEndsInAnErrorAndNotInTheStack) {
  const std::string deep = absl::StrCat(R"({"key": )", std::string(200'000, '['));
  EXPECT_EQ(Read<v1::CreateKeyRequest>(deep).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(JsonCodecTest, LivesThroughMutatedBodies) {
  const std::vector<std::string> corpus = {
      R"({"platform":"shop","requestId":"0190","changes":[{"model":"m","localId":"1","fields":[{"name":"a","value":{"int64Value":"9"}},{"name":"b","value":{"textValue":"é"}},{"name":"c","value":{"listValue":{"values":[{"nullValue":null}]}}}]}]})",
      R"({"changes":[{"fields":[{"name":"t","value":{"timestampValue":"2026-01-01T00:00:00Z"}},{"name":"x","value":{"bytesValue":"AAE="}}]}]})",
      R"({"platform":5,"nope":{"a":[1,2.5e300,-0,true]},"changes":null})"};
  test_support::Fuzz("gateway_json", corpus, [](absl::string_view input) {
    const absl::StatusOr<std::string> bytes = FromJson(*v1::CaptureRequest::descriptor(), input);
    if (bytes.ok()) {
      // What was taken can be told again.
      v1::CaptureRequest request;
      if (request.ParseFromString(*bytes)) ToJson(*v1::CaptureRequest::descriptor(), *bytes).IgnoreError();
    } else {
      ASSERT_EQ(bytes.status().code(), absl::StatusCode::kInvalidArgument);
      ASSERT_FALSE(ErrorReason(bytes.status()).empty());
      ConnectErrorJson(bytes.status());
    }
  });
}

}  // namespace
}  // namespace cognate::gateway

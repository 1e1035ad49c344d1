#include "common/log/redact.h"

#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

namespace cognate::log {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(IsSecretKeyTest, KnowsSecretsInEverySpelling) {
  for (const char* name : {"password",     "PASSWORD",      "user_password",
                           "userPassword", "user-pass",     "user_pass",
                           "USER_PASS",    "passwd",        "db.passwd",
                           "pwd",          "pass",          "token",
                           "api_token",    "accessToken",   "X-Auth-Token",
                           "next_token",   "secret",        "client_secret",
                           "secrets",      "Authorization", "proxy-authorization",
                           "key",          "api_key",       "apiKey",
                           "APIKEY",       "X-Api-Key",     "private_key",
                           "service-key",  "sealing.key",   "aws_secret_access_key",
                           "credential",   "credentials",   "Cookie",
                           "Set-Cookie",   "passphrase",    "pass_word",
                           "t.o.k.e.n"})
    EXPECT_TRUE(IsSecretKey(name)) << name;
}

TEST(IsSecretKeyTest, ShowsWhatIsNone) {
  for (const char* name : {"", "platform", "key_fields", "primary_key", "naturalKey", "foreign-key",
                           "keyboard", "monkey", "keys_count", "author", "compass", "passed", "request_id",
                           "trace_id", "idempotency_key", "code", "error"})
    EXPECT_FALSE(IsSecretKey(name)) << name;
}

struct Masked {
  const char* text;
  const char* shown;
};

TEST(MaskSecretsTest, LeavesWhatHoldsNone) {
  for (const char* text : {"",
                           "redis://host:6379/0",
                           "http://a/b:c@d",
                           "postgres://cognate@host/db",
                           "name=value",
                           "a: b: c",
                           "UpdateSync.key: got \"\", want a name",
                           "duplicate key value violates unique constraint \"x\"",
                           "Key (id)=(5) already exists",
                           "{\"key_fields\":[\"id\"]}",
                           "12:34:56",
                           "a=b&c=d",
                           "\\",
                           "\"",
                           "=",
                           ":",
                           "://",
                           "token",
                           "password",
                           "the bearer of this"})
    EXPECT_EQ(MaskSecrets(text), std::string(text) == "the bearer of this" ? "the bearer *** this" : text);
}

TEST(MaskSecretsTest, HidesTheLoginOfAddresses) {
  for (const auto& [text, shown] : std::initializer_list<Masked>{
           {"postgres://u:p@h/d", "postgres://u:***@h/d"},
           {"a postgres://u:p:q@h/d and redis://:x@h", "a postgres://u:***@h/d and redis://:***@h"},
           {"https://ghp_x@git.example/a", "https://***@git.example/a"},
           {"\"mysql://u:p@q@h\"", "\"mysql://u:***@h\""}})
    EXPECT_EQ(MaskSecrets(text), shown);
}

TEST(MaskSecretsTest, HidesValuesHoweverTheyAreWritten) {
  for (const auto& [text, shown] : std::initializer_list<Masked>{
           {"password=abc x=1", "password=*** x=1"},
           {"host=h password='a b\\'c' user=u", "host=h password='***' user=u"},
           {"password='it''s' user=u", "password='***' user=u"},
           {"password = abc", "password = ***"},
           {"PGPASSWORD=a,b;c}d", "PGPASSWORD=***"},
           {"?token=abc&page=2", "?token=***"},
           {"Authorization: Bearer abc.def-g", "Authorization: ***"},
           {"authorization: Basic YTpi, accept: x", "authorization: ***, accept: x"},
           {"sent bearer cgk_1 to h", "sent bearer *** to h"},
           {"{\"user\":\"u\",\"password\":\"a\\\"b\",\"x\":1}",
            "{\"user\":\"u\",\"password\":\"***\",\"x\":1}"},
           {"{\"api_key\" : \"abc\"}", "{\"api_key\" : \"***\"}"},
           {"{\"token\":12345,\"x\":1}", "{\"token\":***,\"x\":1}"},
           {"{\"secrets\":[\"a\",\"b\"],\"x\":1}", "{\"secrets\":[***],\"x\":1}"},
           {"{\"secret\":{\"a\":{\"b\":\"c\"}},\"x\":1}", "{\"secret\":{***},\"x\":1}"},
           {"{'user_pass': '$P$abc'}", "{'user_pass': '***'}"},
           {"X-Api-Key: abc", "X-Api-Key: ***"},
           {"key=abc", "key=***"}})
    EXPECT_EQ(MaskSecrets(text), shown);
}

TEST(MaskSecretsTest, HidesSecretsInTextsThatAreQuotedOnceMore) {
  EXPECT_EQ(MaskSecrets(R"({"body":"{\"password\":\"abc\",\"x\":1}"})"),
            R"({"body":"{\"password\":\"***\",\"x\":1}"})");
  EXPECT_EQ(MaskSecrets(R"("{\\\"token\\\":\\\"a\\\"}")"), R"("{\\\"token\\\":\\\"***\\\"}")");
}

TEST(MaskSecretsTest, HidesRatherThanShowsWhatHasNoEnd) {
  for (const char* text : {"{\"password\":\"hunter2", "password='hunter2", "{\"secret\":[\"hunter2\"",
                           "token=hunter2", "{\"token\":{\"a\":\"hunter2"})
    EXPECT_THAT(MaskSecrets(text), Not(HasSubstr("hunter2")));
}

TEST(MaskSecretsTest, HidesASecretAmongAnything) {
  std::mt19937 random(7);
  const std::string alphabet = "ab=:'\"\\{}[] ,;/@&?\n\tkey";
  for (int round = 0; round < 20'000; ++round) {
    const auto noise = [&] {
      std::string text;
      for (size_t i = random() % 12; i > 0; --i) text.push_back(alphabet[random() % alphabet.size()]);
      return text;
    };
    const std::string quote = round % 3 == 0 ? "\"" : round % 3 == 1 ? "'" : "";
    const std::string text = absl::StrCat(noise(), " user_password=", quote, "hunter2", quote, " ", noise());
    EXPECT_THAT(MaskSecrets(text), Not(HasSubstr("hunter2"))) << text;
  }
}

TEST(MaskSecretsTest, TakesTimeInStepWithTheLengthAlone) {
  std::string text;
  for (int i = 0; i < 200'000; ++i) text += "token:{\\\"=://";
  EXPECT_LE(MaskSecrets(text).size(), text.size());
}

}  // namespace
}  // namespace cognate::log

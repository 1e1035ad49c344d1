#include "services/delivery/public_delivery.h"

#include "gtest/gtest.h"

namespace cognate::delivery {
namespace {

v1::Outcome Refused(const std::string& reason, const std::string& message) {
  v1::Outcome outcome;
  outcome.set_status(v1::OUTCOME_STATUS_REJECTED);
  outcome.mutable_error()->set_reason(reason);
  outcome.mutable_error()->set_message(message);
  return outcome;
}

TEST(MakeStorableTest, LeavesPlainWordsAsTheyAre) {
  v1::Outcome outcome = Refused("TITLE_REFUSED", "Grüße: kein solcher Titel");
  outcome.set_local_id("n-41");
  const std::string before = outcome.SerializeAsString();
  MakeStorable(&outcome);
  EXPECT_EQ(outcome.SerializeAsString(), before);
}

TEST(MakeStorableTest, MakesTextsOfAnyBytes) {
  v1::Outcome outcome = Refused("NO\n",
                                "Latin-1: Gr\xFC\xDF"
                                "e");
  outcome.mutable_error()->set_field(std::string("a\0b", 3));
  MakeStorable(&outcome);
  v1::Outcome read;
  EXPECT_TRUE(read.ParseFromString(outcome.SerializeAsString())) << "a string of proto3 is UTF-8";
  EXPECT_EQ(outcome.error().reason(), "NO ");
  EXPECT_EQ(outcome.error().field(), "a b");
  EXPECT_EQ(outcome.status(), v1::OUTCOME_STATUS_REJECTED);
}

TEST(MakeStorableTest, CutsWhatIsLong) {
  std::string long_text;
  for (int i = 0; i < 3'000; ++i) long_text += "ü";
  v1::Outcome outcome = Refused(long_text, long_text);
  MakeStorable(&outcome);
  EXPECT_LT(outcome.ByteSizeLong(), 5'000U);
  v1::Outcome read;
  EXPECT_TRUE(read.ParseFromString(outcome.SerializeAsString()));
}

TEST(MakeStorableTest, AnIdThatCannotBeOneIsABadAnswer) {
  for (const std::string& id : {std::string("a\0", 2), std::string("\xFF"), std::string(513, 'x')}) {
    v1::Outcome outcome;
    outcome.set_status(v1::OUTCOME_STATUS_APPLIED);
    outcome.set_local_id(id);
    outcome.set_fingerprint("f");
    MakeStorable(&outcome);
    EXPECT_EQ(outcome.status(), v1::OUTCOME_STATUS_FAILED);
    EXPECT_EQ(outcome.error().reason(), "BAD_ANSWER");
    EXPECT_EQ(outcome.local_id(), "");
    EXPECT_EQ(outcome.fingerprint(), "");
  }
}

}  // namespace
}  // namespace cognate::delivery

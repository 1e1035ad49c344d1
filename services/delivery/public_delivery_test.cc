#include "services/delivery/public_delivery.h"

#include "common/value/fingerprint.h"
#include "common/value/value.h"
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

// A delivery of a record with a slug that may get a suffix, and what its target answers.
class WrittenTest : public testing::Test {
 protected:
  WrittenTest() {
    group_.add_field_names("slug");
    group_.add_field_names("title");
    group_.add_on_collision(v1::COLLISION_ACTION_SUFFIX);
    group_.add_on_collision(v1::COLLISION_ACTION_ERROR);
    delivery_.set_entity_id(std::string(16, 'e'));
    delivery_.set_version(7);
    delivery_.set_operation(v1::OPERATION_UPDATE);
    *delivery_.add_values() = value::Text("spring");
    *delivery_.add_values() = value::Text("Spring");
    result_.set_status(v1::OUTCOME_STATUS_APPLIED);
    result_.set_local_id("41");
  }

  std::string FingerprintOfAnswer() {
    const Outgoing outgoing{&group_, &delivery_};
    v1::Outcome outcome = OutcomeOf(AppliedOutcome(outgoing), "", result_);
    SetWritten(PublicDelivery(outgoing), result_, &outcome);
    return outcome.fingerprint();
  }
  void Told(const std::string& name, v1::Value value) {
    v1::Field& field = *result_.mutable_written()->add_fields();
    field.set_name(name);
    *field.mutable_value() = std::move(value);
  }
  static std::string FingerprintOf(const std::string& slug) {
    return value::Fingerprint(value::Fields({{"slug", value::Text(slug)}, {"title", value::Text("Spring")}}));
  }

  bus::v1::DeliveryGroup group_;
  bus::v1::Delivery delivery_;
  v1::DeliveryResult result_;
};

TEST_F(WrittenTest, NobodyKnowsItWhereTheTargetDoesNotTell) { EXPECT_EQ(FingerprintOfAnswer(), ""); }

TEST_F(WrittenTest, NothingToldMeansAllAsDelivered) {
  result_.mutable_written();
  EXPECT_EQ(FingerprintOfAnswer(), FingerprintOf("spring"));
}

TEST_F(WrittenTest, IsWhatTheTargetHasInstead) {
  Told("slug", value::Text("spring-2"));
  Told("of its own", value::Int(3));
  EXPECT_EQ(FingerprintOfAnswer(), FingerprintOf("spring-2"));
}

TEST_F(WrittenTest, SaysNothingOfANewerVersionARefusalOrADelete) {
  result_.mutable_written();
  result_.set_applied_version(9);
  EXPECT_EQ(FingerprintOfAnswer(), "");
  result_.clear_applied_version();
  result_.set_status(v1::OUTCOME_STATUS_REJECTED);
  EXPECT_EQ(FingerprintOfAnswer(), "");
  result_.set_status(v1::OUTCOME_STATUS_APPLIED);
  delivery_.set_operation(v1::OPERATION_DELETE);
  EXPECT_EQ(FingerprintOfAnswer(), "");
}

}  // namespace
}  // namespace cognate::delivery

// What an endpoint answers is a stranger's: whatever it is, each delivery gets an outcome that feedback
// understands, or the whole answer is refused in words.
#include "absl/strings/match.h"
#include "common/ids/uuid.h"
#include "gtest/gtest.h"
#include "services/delivery/public_delivery.h"
#include "services/delivery/webhook_channel/message.h"
#include "tests/support/fuzz.h"

namespace cognate::delivery {
namespace {

constexpr char kFirst[] = "0194f0c8-0000-7000-8000-000000000001";
constexpr char kSecond[] = "0194f0c8-0000-7000-8000-000000000002";

const std::vector<std::string>& Corpus() {
  static const std::vector<std::string> kCorpus = {
      R"({"results":[{"entity_id":"0194f0c8-0000-7000-8000-000000000001","status":"applied","local_id":"7"},{"entity_id":"0194f0c8-0000-7000-8000-000000000002","model":"m","status":"rejected","error":{"reason":"R","message":"m","field":"f"}}]})",
      R"({"results":[{"entity_id":"0194f0c8-0000-7000-8000-000000000002","status":"failed","error":{"retry_after":90}}]})",
      R"({"results":[{"status":"conflict","current":{"a":[1,{"b":null}]},"version":9223372036854775807}]})",
      R"({"local_id":41,"status":"skipped"})",
      R"({"error":"locked"})",
      "ok",
      "<html></html>",
      "[]",
      "",
  };
  return kCorpus;
}

TEST(AnswerFuzzTest, SurvivesWhateverAnEndpointAnswers) {
  bus::v1::DeliveryGroup group;
  group.set_model("m");
  for (const char* entity : {kFirst, kSecond}) {
    bus::v1::Delivery& delivery = *group.add_deliveries();
    delivery.set_entity_id(std::string(Uuid::Parse(entity)->AsBytes()));
    delivery.set_version(7);
    delivery.set_operation(v1::OPERATION_UPDATE);
  }
  const std::vector<Outgoing> both = {{&group, &group.deliveries(0), true},
                                      {&group, &group.deliveries(1), true}};
  test_support::Fuzz("webhook_answer", Corpus(), [&](absl::string_view input) {
    const bool single = input.size() % 2 == 0;
    const absl::Span<const Outgoing> asked = absl::MakeConstSpan(both).subspan(0, single ? 1 : 2);
    const absl::StatusOr<std::vector<v1::Outcome>> outcomes = ReadAnswer(input, asked, single);
    if (!outcomes.ok()) {
      ASSERT_LT(outcomes.status().message().size(), 1'000u);
      return;
    }
    ASSERT_EQ(outcomes->size(), asked.size());
    for (size_t i = 0; i < asked.size(); ++i) {
      v1::Outcome outcome = (*outcomes)[i];
      MakeStorable(&outcome);
      v1::Outcome read;
      ASSERT_TRUE(read.ParseFromString(outcome.SerializeAsString())) << input;
      ASSERT_EQ(outcome.entity_id(), asked[i].delivery->entity_id());
      ASSERT_TRUE(IsAnswer(outcome.status())) << input;
      ASSERT_GE(outcome.version(), 7);
      if (outcome.status() == v1::OUTCOME_STATUS_APPLIED) {
        ASSERT_FALSE(outcome.local_id().empty()) << input;
      } else {
        ASSERT_FALSE(outcome.error().reason().empty()) << input;
      }
    }
  });
}

}  // namespace
}  // namespace cognate::delivery

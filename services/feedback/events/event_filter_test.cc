#include "services/feedback/events/event_filter.h"

#include "gmock/gmock.h"

namespace cognate::feedback {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class EventFilterTest : public ::testing::Test {
 protected:
  EventFilterTest() {
    EventBatchBuilder builder("shop", absl::FromUnixSeconds(1'700'000'000));
    builder.Add(Outcome("atlas", "public.country", ""), nullptr);      // 0
    builder.Add(Outcome("atlas", "public.city", "anna"), nullptr);     // 1
    builder.Add(Outcome("blog", "public.country", "berta"), nullptr);  // 2
    v1::Event down;
    down.set_kind(v1::EVENT_KIND_PLATFORM_DOWN);
    builder.Add(down);  // 3
    v1::Event run;
    run.set_kind(v1::EVENT_KIND_RUN_FINISHED);
    run.set_sync("syncs/countries");
    builder.AddTold(run);  // 4
    batch_.ParseFromString(builder.Serialize());
  }

  static v1::Outcome Outcome(const std::string& platform, const std::string& model,
                             const std::string& actor) {
    v1::Outcome outcome;
    outcome.set_entity_id(std::string(16, 'e'));
    outcome.set_model("public.nations");
    outcome.set_status(v1::OUTCOME_STATUS_APPLIED);
    outcome.set_operation(v1::OPERATION_UPDATE);
    outcome.set_local_id("1");
    outcome.mutable_source()->set_platform(platform);
    outcome.mutable_source()->set_model(model);
    outcome.mutable_source()->set_local_id("7");
    outcome.set_acting_identity(actor);
    return outcome;
  }

  std::vector<int> Wanted(const v1::EventFilter& filter, std::vector<Way> ways = {}) const {
    const EventFilter wants(filter, std::move(ways));
    const EventColumns columns(batch_);
    DetailCursor details(batch_);
    std::vector<int> wanted;
    for (int i = 0; i < columns.size(); ++i) {
      if (wants.Wants(columns, i, details.Of(i))) wanted.push_back(i);
    }
    return wanted;
  }

  bus::v1::EventBatch batch_;
};

TEST_F(EventFilterTest, TakesAllWithoutAnything) { EXPECT_THAT(Wanted({}), ElementsAre(0, 1, 2, 3, 4)); }

TEST_F(EventFilterTest, EachPartNarrows) {
  v1::EventFilter filter;
  filter.add_source_platforms("atlas");
  EXPECT_THAT(Wanted(filter), ElementsAre(0, 1));
  filter.add_actors("anna");
  EXPECT_THAT(Wanted(filter), ElementsAre(1));
  filter.add_kinds(v1::EVENT_KIND_DEAD);
  EXPECT_THAT(Wanted(filter), IsEmpty());
  v1::EventFilter elsewhere;
  elsewhere.add_platforms("elsewhere");
  EXPECT_THAT(Wanted(elsewhere), IsEmpty());
}

TEST_F(EventFilterTest, ASyncIsItsWayAndWhatNamesIt) {
  v1::EventFilter filter;
  filter.add_syncs("syncs/countries");
  EXPECT_THAT(Wanted(filter, {{"atlas", "public.country", "shop", "public.nations"}}), ElementsAre(0, 4));
  EXPECT_THAT(Wanted(filter, {{"atlas", "public.country", "shop", "public.other"}}), ElementsAre(4));
}

TEST_F(EventFilterTest, WhoWantsChangesGetsWhatTheyAreMadeOf) {
  v1::EventFilter filter;
  filter.set_aggregate(true);
  filter.add_kinds(v1::EVENT_KIND_CHANGE);
  EXPECT_THAT(Wanted(filter), ElementsAre(0, 1, 2));
}

TEST_F(EventFilterTest, IsCheckedBeforeItIsUsed) {
  v1::EventFilter filter;
  filter.add_syncs("countries");
  EXPECT_FALSE(CheckFilter(filter, "filter").ok());
  filter.set_syncs(0, "syncs/countries");
  EXPECT_TRUE(CheckFilter(filter, "filter").ok());
  filter.add_kinds(static_cast<v1::EventKind>(99));
  EXPECT_FALSE(CheckFilter(filter, "filter").ok());
}

}  // namespace
}  // namespace cognate::feedback

#include "services/feedback/events/event_batch.h"

#include "gtest/gtest.h"
#include "services/feedback/events/sentence.h"

namespace cognate::feedback {
namespace {

std::string Told(v1::EventKind kind, const bus::v1::EventDetail& detail, double latency_ms = 0) {
  v1::Event event;
  event.set_kind(kind);
  event.mutable_target()->set_platform("shop");
  event.mutable_target()->set_model("public.nations");
  event.mutable_target()->set_local_id("10042");
  event.set_version(812);
  event.set_latency_ms(latency_ms);
  *event.mutable_error() = detail.error();
  return Sentence(event, &detail);
}

TEST(EventBatch, EveryKindHasItsSentence) {
  bus::v1::EventDetail detail;
  EXPECT_EQ(Told(v1::EVENT_KIND_APPLIED, detail, 3.1),
            "public.nations 10042 on shop has version 812 (3.1 ms after capture).");
  EXPECT_EQ(Told(v1::EVENT_KIND_APPLIED, detail), "public.nations 10042 on shop has version 812.");
  EXPECT_EQ(Told(v1::EVENT_KIND_DELETED, detail, 2500),
            "public.nations 10042 on shop is unpublished (version 812, 2.5 s after capture).");
  EXPECT_EQ(Told(v1::EVENT_KIND_PUBLISHED, detail, 2500),
            "public.nations 10042 on shop is published (version 812, 2.5 s after capture).");
  EXPECT_EQ(Told(v1::EVENT_KIND_RELEASED, detail),
            "public.nations 10042 on shop is on its way again (version 812).");
  detail.mutable_error()->set_message("the server is shutting down");
  detail.set_next_attempt_time_us(1'700'000'000'000'000);
  EXPECT_EQ(Told(v1::EVENT_KIND_RETRY, detail),
            "public.nations 10042 on shop was not written (version 812) and is tried again at 22:13:20 UTC: "
            "the server is "
            "shutting down.");
  EXPECT_EQ(Told(v1::EVENT_KIND_DEAD, detail),
            "public.nations 10042 on shop was given up (version 812): the server is shutting down.");
  EXPECT_EQ(Told(v1::EVENT_KIND_HELD, detail),
            "public.nations 10042 on shop is held back (version 812) until shop takes our login: the server "
            "is shutting down.");
  EXPECT_EQ(
      Told(v1::EVENT_KIND_CONFLICT, detail),
      "public.nations 10042 on shop was changed there, too (version 812): the server is shutting down.");
  detail.mutable_waits_for()->set_platform("atlas");
  detail.mutable_waits_for()->set_model("public.currency");
  detail.mutable_waits_for()->set_local_id("978");
  detail.set_incomplete(true);
  EXPECT_EQ(Told(v1::EVENT_KIND_WAITING, detail),
            "public.nations 10042 on shop was written without a reference and waits for public.currency 978 "
            "on atlas (version "
            "812).");
  EXPECT_EQ(Told(v1::EVENT_KIND_PLATFORM_RECOVERED, detail), "shop can be reached again.");
}

v1::Outcome Applied(const std::string& source_platform, const std::string& local_id,
                    const std::string& actor) {
  v1::Outcome outcome;
  outcome.set_entity_id(std::string(16, 'e'));
  outcome.set_model("public.nations");
  outcome.set_version(7);
  outcome.set_status(v1::OUTCOME_STATUS_APPLIED);
  outcome.set_operation(v1::OPERATION_UPDATE);
  outcome.set_local_id("10042");
  if (!source_platform.empty()) {
    outcome.mutable_source()->set_platform(source_platform);
    outcome.mutable_source()->set_model("public.country");
    outcome.mutable_source()->set_local_id(local_id);
  }
  outcome.set_acting_identity(actor);
  return outcome;
}

bus::v1::EventBatch Parse(const EventBatchBuilder& builder) {
  bus::v1::EventBatch batch;
  EXPECT_TRUE(batch.ParseFromString(builder.Serialize()));
  return batch;
}

TEST(EventBatch, KeepsWhereItCameFromAndInWhoseNameForEachEvent) {
  EventBatchBuilder builder("shop", absl::FromUnixSeconds(1'700'000'000));
  builder.Add(Applied("", "", ""), nullptr);
  builder.Add(Applied("atlas", "1", ""), nullptr);
  builder.Add(Applied("blog", "2", "anna"), nullptr);
  builder.Add(Applied("atlas", "3", ""), nullptr);
  builder.Add(Applied("", "", "anna"), nullptr);
  const bus::v1::EventBatch batch = Parse(builder);
  EXPECT_EQ(batch.source_models_size(), 2);
  std::vector<std::string> seen;
  for (int i = 0; i < EventCount(batch); ++i) {
    const v1::Event event = MakeEvent(batch, 12, i, nullptr);
    seen.push_back(event.event_id() + " " + event.source().platform() + " " + event.source().local_id() +
                   " " + event.acting_identity());
  }
  EXPECT_EQ(seen, (std::vector<std::string>{"12.0   ", "12.1 atlas 1 ", "12.2 blog 2 anna", "12.3 atlas 3 ",
                                            "12.4   anna"}));
}

TEST(EventBatch, ReadsBatchesFromBeforeThereWereSources) {
  EventBatchBuilder builder("shop", absl::FromUnixSeconds(1'700'000'000));
  builder.Add(Applied("atlas", "1", "anna"), nullptr);
  bus::v1::EventBatch batch = Parse(builder);
  batch.clear_source_indexes();
  batch.clear_source_local_ids();
  batch.clear_source_models();
  batch.clear_actor_indexes();
  batch.clear_actors();
  EXPECT_FALSE(MakeEvent(batch, 1, 0, nullptr).has_source());
  bus::v1::EventDetail detail;
  detail.mutable_source()->set_platform("atlas");
  detail.mutable_source()->set_local_id("57");
  EXPECT_EQ(MakeEvent(batch, 1, 0, &detail).source().local_id(), "57");
}

TEST(EventBatch, WhatWasMadeWithoutAReferenceIsPublishedAndWaits) {
  v1::Outcome outcome = Applied("atlas", "1", "");
  outcome.set_status(v1::OUTCOME_STATUS_INCOMPLETE);
  outcome.set_created(true);
  Trouble trouble;
  trouble.state = v1::REPLICA_STATE_WAITING;
  trouble.incomplete = true;
  EventBatchBuilder builder("shop", absl::FromUnixSeconds(1'700'000'000));
  builder.Add(outcome, &trouble);
  const bus::v1::EventBatch batch = Parse(builder);
  ASSERT_EQ(EventCount(batch), 2);
  EXPECT_EQ(batch.kinds(0), v1::EVENT_KIND_PUBLISHED);
  EXPECT_EQ(batch.kinds(1), v1::EVENT_KIND_WAITING);
  EXPECT_EQ(batch.details(0).index(), 1);
}

TEST(EventBatch, CountsWhatWasDone) {
  EventBatchBuilder builder("shop", absl::FromUnixSeconds(1'700'000'000));
  v1::Outcome created = Applied("atlas", "1", "");
  created.set_created(true);
  builder.Add(created, nullptr);
  builder.Add(Applied("atlas", "1", ""), nullptr);
  Trouble dead;
  dead.state = v1::REPLICA_STATE_DEAD;
  builder.Add(dead);
  EXPECT_EQ(builder.counts().applied, 2);
  EXPECT_EQ(builder.counts().dead, 1);
  EXPECT_EQ(builder.counts().failed, 0);
}

}  // namespace
}  // namespace cognate::feedback

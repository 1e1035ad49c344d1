#include "services/feedback/events/event_batch.h"

#include "gtest/gtest.h"

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
            "public.nations 10042 on shop is gone (version 812, 2.5 s after capture).");
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

}  // namespace
}  // namespace cognate::feedback

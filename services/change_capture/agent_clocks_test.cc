#include "absl/time/clock.h"
#include "common/clock/time_proto.h"
#include "services/change_capture/test_capture.h"

namespace cognate::change_capture {
namespace {

using Stub = v1::ChangeCaptureService::Stub;
using ::testing::HasSubstr;

class AgentClocksTest : public CaptureFixture {
 protected:
  static v1::Change Made(absl::string_view change_id, int64_t id, absl::Time when) {
    v1::Change change = Item(change_id, id, "name");
    *change.mutable_source_time() = ToTimestamp(when);
    return change;
  }
  // When the log says that a record was changed last.
  absl::Time TimeOf(int64_t id) {
    v1::GetLatestChangeRequest request;
    request.mutable_record()->set_platform("shop");
    request.mutable_record()->set_model("item");
    request.mutable_record()->set_local_id(absl::StrCat(id));
    const auto latest = Call(&Stub::GetLatestChange, request);
    EXPECT_OK(latest);
    return latest.ok() ? ToTime(latest->change().source_time()) : absl::InfinitePast();
  }
  v1::Source Listed(absl::string_view platform) {
    v1::ListSourcesRequest request;
    request.set_platform(std::string(platform));
    const auto response = Call(&Stub::ListSources, request);
    return response.ok() && response->sources_size() == 1 ? response->sources(0) : v1::Source();
  }
};

TEST_F(AgentClocksTest, TimesAreCorrectedByWhatTheClientsClockShowsAndTheOffsetIsListed) {
  const absl::Time now = absl::Now();
  const absl::Duration ahead = absl::Hours(1);
  v1::CaptureRequest request =
      Request({Made("a", 1, now + ahead - absl::Minutes(2)), Made("b", 2, now + ahead - absl::Minutes(1))});
  *request.mutable_sent_time() = ToTimestamp(absl::Now() + ahead);
  ASSERT_OK_AND_ASSIGN(const v1::CaptureResponse response, Capture(request));
  for (const v1::CaptureResult& result : response.results()) EXPECT_FALSE(result.source_time_out_of_bounds());
  EXPECT_NEAR(absl::ToDoubleSeconds(now - TimeOf(1)), 120, 5);
  EXPECT_EQ(TimeOf(2) - TimeOf(1), absl::Minutes(1));
  ASSERT_TRUE(Eventually([&] { return Listed("shop").has_clock_offset(); }));
  const v1::Source listed = Listed("shop");
  EXPECT_EQ(listed.state(), v1::SOURCE_STATE_AGENT);
  EXPECT_NEAR(absl::ToDoubleSeconds(ToDuration(listed.clock_offset())), 3600, 5);
  EXPECT_FALSE(listed.has_clock_error());
  EXPECT_EQ(listed.out_of_bounds_count(), 0);
  EXPECT_THAT(capture_->MetricsText(), HasSubstr("cognate_source_clock_offset_seconds{platform=\"shop\"} 3"));
}

TEST_F(AgentClocksTest, ATimeThatCannotBeRightIsThatOfItsReceiptAndIsShown) {
  const absl::Time now = absl::Now();
  ASSERT_OK_AND_ASSIGN(const v1::CaptureResponse response,
                       Capture({Made("a", 1, now - absl::Minutes(5)), Made("b", 2, now + absl::Hours(1)),
                                Made("c", 3, absl::UnixEpoch()), Item("d", 4, "no time")}));
  const std::vector<bool> flagged = {false, true, true, false};
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(response.results(i).source_time_out_of_bounds(), flagged[static_cast<size_t>(i)]) << i;
    EXPECT_GT(response.results(i).version(), 0);
  }
  // The log has microseconds.
  EXPECT_LT(absl::AbsDuration(TimeOf(1) - (now - absl::Minutes(5))), absl::Milliseconds(1));
  for (const int64_t id : {2, 3}) {
    EXPECT_GE(TimeOf(id), now);
    EXPECT_LT(TimeOf(id), absl::Now());
  }
  ASSERT_TRUE(Eventually([&] { return Listed("shop").out_of_bounds_count() == 2; }));
  const v1::Source listed = Listed("shop");
  EXPECT_EQ(listed.out_of_bounds(), "item 3 says 1970-01-01 00:00:00 UTC");
  EXPECT_FALSE(listed.has_clock_offset());
  EXPECT_TRUE(Eventually([&] {
    return capture_->MetricsText().find("cognate_source_out_of_bounds_total{platform=\"shop\"} 2") !=
           std::string::npos;
  }));
}

TEST_F(AgentClocksTest, AStreamSaysItsTimeWithEachMessage) {
  const absl::Duration behind = absl::Hours(24 * 365 * 30);
  grpc::ClientContext context;
  const auto stream = stub_->CaptureStream(&context);
  v1::CaptureStreamRequest request;
  request.set_sequence(1);
  request.set_platform("shop");
  *request.add_changes() = Made("a", 1, absl::Now() - behind);
  *request.mutable_sent_time() = ToTimestamp(absl::Now() - behind);
  ASSERT_TRUE(stream->Write(request));
  v1::CaptureStreamResponse response;
  ASSERT_TRUE(stream->Read(&response));
  EXPECT_EQ(response.sequence(), 1);
  EXPECT_LT(absl::Now() - TimeOf(1), absl::Minutes(1));
  stream->WritesDone();
  EXPECT_TRUE(stream->Finish().ok());
}

TEST_F(AgentClocksTest, APlatformThatWasDeletedIsListedNoLonger) {
  using Registry = v1::PlatformRegistryService::Stub;
  v1::CreatePlatformRequest create;
  create.mutable_platform()->set_name("platforms/till");
  create.mutable_platform()->set_kind(v1::PLATFORM_KIND_AGENT);
  ASSERT_OK(grpc_support::Call(*registry_stub_, &Registry::CreatePlatform, create));
  auto models = ParseProto<v1::PutModelsRequest>(kItemModel);
  models.set_platform("platforms/till");
  ASSERT_OK(grpc_support::Call(*registry_stub_, &Registry::PutModels, models));
  v1::CaptureRequest request = Request({Made("a", 1, absl::InfiniteFuture())});
  request.set_platform("till");
  ASSERT_OK(Capture(request));
  ASSERT_TRUE(Eventually([&] { return Listed("till").out_of_bounds_count() == 1; }));
  v1::DeletePlatformRequest remove;
  remove.set_name("platforms/till");
  ASSERT_OK(grpc_support::Call(*registry_stub_, &Registry::DeletePlatform, remove));
  EXPECT_TRUE(Eventually([&] { return Listed("till").platform().empty(); }));
}

}  // namespace
}  // namespace cognate::change_capture

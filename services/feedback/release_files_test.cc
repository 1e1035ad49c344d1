// What waits for files is freed when those are there.
#include "gtest/gtest.h"
#include "services/feedback/testing/feedback_fixture.h"

namespace cognate::feedback {
namespace {

using test_support::Eventually;
using test_support::StatusIs;
using ::testing::HasSubstr;

class ReleaseFilesTest : public FeedbackTest {
 protected:
  void SetUp() override {
    config_.retry.waiting_look = absl::Hours(1);
    Start();
  }
  v1::Outcome WaitsForFile(const Uuid& entity, int64_t version,
                           v1::OutcomeStatus status = v1::OUTCOME_STATUS_WAITING) {
    v1::Outcome outcome = Outcome(entity, version, status);
    outcome.set_waits_for_file("picture waits for cat.png");
    outcome.mutable_error()->set_reason("FILE_MISSING");
    outcome.mutable_error()->set_message("picture waits for cat.png");
    return outcome;
  }
  absl::StatusOr<v1::ReleaseResponse> Release(const std::vector<Uuid>& entities,
                                              const std::string& platform = "shop") {
    v1::ReleaseRequest request;
    request.set_platform(platform);
    for (const Uuid& entity : entities) {
      v1::WaitingRecord& record = *request.add_records();
      record.set_entity_id(std::string(entity.AsBytes()));
      record.set_model("public.nations");
    }
    return feedback_->Call(&Stub::Release, request);
  }
};

TEST_F(ReleaseFilesTest, WhatWaitsForAFileIsSentAgain) {
  const Uuid waiting = Plan("1", 10), incomplete = Plan("2", 11);
  ASSERT_OK(Report({WaitsForFile(waiting, 10), WaitsForFile(incomplete, 11, v1::OUTCOME_STATUS_INCOMPLETE)}));
  EXPECT_EQ(TroubleOf(waiting).state(), v1::REPLICA_STATE_WAITING);
  EXPECT_THAT(TroubleOf(waiting).error().message(), HasSubstr("cat.png"));
  const auto released = Release({waiting, incomplete});
  ASSERT_OK(released);
  EXPECT_EQ(released->released_count(), 2);
  EXPECT_TRUE(Eventually([&] { return ReplaysOf(waiting) == 1 && ReplaysOf(incomplete) == 1; }));
  // It is on its way: once more says nothing new.
  EXPECT_EQ(Release({waiting, incomplete})->released_count(), 0);
}

TEST_F(ReleaseFilesTest, WhatWaitsForSomethingElseIsLeftAlone) {
  const Uuid parent = Plan("1", 10), child = Plan("2", 11), failed = Plan("3", 12), fine = Plan("4", 13);
  ASSERT_OK(Report({Waits(child, 11, parent), Failed(failed, 12)}));
  EXPECT_EQ(Release({parent, child, failed, fine})->released_count(), 0);
  EXPECT_EQ(ReplaysOf(child), 0);
}

TEST_F(ReleaseFilesTest, AMalformedRequestIsRefused) {
  EXPECT_THAT(Release({}, ""), StatusIs(absl::StatusCode::kInvalidArgument));
  v1::ReleaseRequest request;
  request.set_platform("shop");
  request.add_records()->set_entity_id("short");
  EXPECT_THAT(feedback_->Call(&Stub::Release, request), StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace cognate::feedback

// The audit through the front door.
#include "cognate/v1/audit_service.grpc.pb.h"
#include "gtest/gtest.h"
#include "services/feedback/testing/feedback_fixture.h"

namespace cognate::feedback {
namespace {

using test_support::HasReason;

using AuditServiceTest = FeedbackTest;

TEST_F(AuditServiceTest, AnswersBesideFeedback) {
  Start();
  using AuditStub = v1::AuditService::Stub;
  const std::unique_ptr<AuditStub> stub = v1::AuditService::NewStub(feedback_->channel());
  v1::AppendAuditEntriesRequest append;
  EXPECT_THAT(grpc_support::Call(*stub, &AuditStub::AppendAuditEntries, append), HasReason("INVALID_FIELD"));
  v1::AuditEntry& entry = *append.add_entries();
  entry.set_phase(v1::AUDIT_PHASE_BEGIN);
  entry.set_principal("local");
  entry.set_method("cognate.v1.FeedbackService/Redrive");
  EXPECT_OK(grpc_support::Call(*stub, &AuditStub::AppendAuditEntries, append));
  ASSERT_OK_AND_ASSIGN(
      const v1::ListAuditEntriesResponse listed,
      grpc_support::Call(*stub, &AuditStub::ListAuditEntries, v1::ListAuditEntriesRequest()));
  ASSERT_EQ(listed.entries_size(), 1);
  EXPECT_EQ(listed.entries(0).sequence(), 1);
  EXPECT_EQ(listed.entries(0).method(), "cognate.v1.FeedbackService/Redrive");
}

}  // namespace
}  // namespace cognate::feedback

#include "services/delivery/agent_channel/mailbox.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/ids/uuid.h"
#include "common/trace/current.h"
#include "gtest/gtest.h"

namespace cognate::delivery {
namespace {

constexpr absl::Duration kLease = absl::Minutes(1);

class MailboxTest : public testing::Test {
 protected:
  MailboxTest() { *group_.add_field_names() = "text"; }

  // Deliveries with a text of so many bytes each, in the box.
  void Fill(const std::vector<size_t>& sizes) {
    deliveries_.resize(sizes.size());
    std::vector<Outgoing> outgoing;
    for (size_t i = 0; i < sizes.size(); ++i) {
      deliveries_[i].set_entity_id(
          std::string(Uuid::Parse(absl::StrCat("0194f0c8-0000-7000-8000-00000000000", i))->AsBytes()));
      deliveries_[i].set_version(1);
      deliveries_[i].set_operation(v1::OPERATION_UPDATE);
      deliveries_[i].add_values()->set_text_value(std::string(sizes[i], 'x'));
      outgoing.push_back({&group_, &deliveries_[i]});
    }
    mailbox_.Exchange(outgoing, absl::ZeroDuration());
  }
  size_t Lend() { return mailbox_.LendNow(1'000, {}, kLease).deliveries.size(); }

  bus::v1::DeliveryGroup group_;
  std::vector<bus::v1::Delivery> deliveries_;
  Mailbox mailbox_{Clock::Real(), [] {}};
};

TEST_F(MailboxTest, LendsNoMoreTogetherThanOneAnswerHolds) {
  Fill({1 << 20, 1 << 20, 1 << 20, 1 << 20});
  EXPECT_EQ(Lend(), 2U);
  EXPECT_EQ(Lend(), 2U);
  EXPECT_EQ(Lend(), 0U);
}

TEST_F(MailboxTest, SaysOfWhatTraceItsDeliveriesAre) {
  const trace::SpanContext span = trace::NewContext(true);
  {
    const trace::Scope scope(span);
    Fill({100, 100});
  }
  Fill({100, 100});  // the same, by a later look
  EXPECT_EQ(mailbox_.LendNow(1, {}, kLease).trace, span);
  EXPECT_FALSE(mailbox_.LendNow(0, {}, kLease).trace.valid());
}

TEST_F(MailboxTest, LendsOneThatIsLargerAlone) {
  Fill({100, 8 << 20, 100});
  EXPECT_EQ(Lend(), 1U);
  EXPECT_EQ(Lend(), 1U);
  EXPECT_EQ(Lend(), 1U);
}

}  // namespace
}  // namespace cognate::delivery

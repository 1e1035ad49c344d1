#include "cognate/v1/due_service.grpc.pb.h"
#include "services/platform_registry/ledger/ledger_fixture.h"

namespace cognate::platform_registry {
namespace {

using test_support::HasReason;
using test_support::IsOkAndHolds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr char kAlways[] = "platforms: ['shop', 'atlas', 'mars'] planned_before { seconds: 4102444800 }";

class DuePlatformsTest : public LedgerTest {
 protected:
  absl::StatusOr<std::vector<std::string>> Due(const std::string& request) {
    const auto stub = v1::DueService::NewStub(grpc_support::MakeChannel(registry_.cluster().address()));
    const auto response = grpc_support::Call(*stub, &v1::DueService::Stub::ListDuePlatforms,
                                             test_support::ParseProto<v1::ListDuePlatformsRequest>(request));
    if (!response.ok()) return response.status();
    return std::vector<std::string>(response->platforms().begin(), response->platforms().end());
  }
};

TEST_F(DuePlatformsTest, ThosePlatformsAreNamedToWhichSomethingIsDue) {
  EXPECT_THAT(Due(kAlways), IsOkAndHolds(IsEmpty()));
  const std::string applied = Bring("1", 1, "x1");
  EXPECT_THAT(Due(kAlways), IsOkAndHolds(IsEmpty()));
  const std::string entity = ledger_.Entity("2", 2);
  ASSERT_OK(ledger_.Plan({{applied, 1}, {entity, 2}}));
  EXPECT_THAT(Due(kAlways), IsOkAndHolds(ElementsAre("shop")));
  EXPECT_THAT(Due("platforms: 'shop' planned_before { seconds: 1 }"), IsOkAndHolds(IsEmpty()));
  EXPECT_THAT(Due("platforms: 'atlas' planned_before { seconds: 4102444800 }"), IsOkAndHolds(IsEmpty()));
  // What is parked has a trouble, which brings it back.
  ASSERT_OK(ledger_.Settle({{entity, 2, v1::SETTLE_KIND_PARKED, "", ""}}));
  EXPECT_THAT(Due(kAlways), IsOkAndHolds(IsEmpty()));
  ASSERT_OK(ledger_.Plan({{entity, 3}}));
  EXPECT_THAT(Due(kAlways), IsOkAndHolds(ElementsAre("shop")));
  // What a paused sync has planned waits for it.
  const auto set = [&](absl::string_view status) {
    EXPECT_OK(Call(&RegistryStub::UpdateSync, absl::StrCat("sync { name: 'syncs/shop' status: ", status,
                                                           " } update_mask { paths: 'status' }")));
  };
  set("SYNC_STATUS_PAUSED");
  EXPECT_THAT(Due(kAlways), IsOkAndHolds(IsEmpty()));
  set("SYNC_STATUS_ACTIVE");
  EXPECT_THAT(Due(kAlways), IsOkAndHolds(ElementsAre("shop")));
}

TEST_F(DuePlatformsTest, AQuestionWithoutATimeIsRefused) {
  EXPECT_THAT(Due("platforms: 'shop'"), HasReason("INVALID_FIELD"));
}

}  // namespace
}  // namespace cognate::platform_registry

// A target whose own agent fetches its deliveries.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cognate/v1/delivery_service.grpc.pb.h"
#include "tests/end_to_end/magazine_and_site.h"

namespace cognate {

using DeliveryStub = v1::DeliveryService::Stub;

class AgentTest : public MagazineAndSite {
 protected:
  explicit AgentTest(cluster::Shape shape = cluster::Shape::kOneProcess)
      : MagazineAndSite("till", "FIELD_TYPE_INTEGER", shape) {}
  void SetUp() override {
    AddMagazine();
    delivery_ = v1::DeliveryService::NewStub(cluster_.ChannelTo("delivery"));
    ASSERT_THAT(Do(*registry_, &RegistryStub::CreatePlatform,
                   "platform { name: 'platforms/till' kind: PLATFORM_KIND_AGENT channel: CHANNEL_AGENT }"),
                test_support::IsOk());
    PutModels();
    AddSyncs();
  }

  // Until something comes, or the time is over.
  v1::PullResponse Pull(const std::string& more = "", absl::Duration patience = test_support::kPatience) {
    const absl::Time until = absl::Now() + patience;
    do {
      const auto pulled =
          Do(*delivery_, &DeliveryStub::Pull, absl::StrCat("platform: 'till' wait { seconds: 1 } ", more));
      if (pulled.ok() && !pulled->deliveries().empty()) return *pulled;
    } while (absl::Now() < until);
    return {};
  }
  static v1::DeliveryResult Applied(const v1::Delivery& delivery, const std::string& local_id) {
    v1::DeliveryResult result;
    result.set_entity_id(delivery.entity_id());
    result.set_model(delivery.model());
    result.set_version(delivery.version());
    result.set_operation(delivery.operation());
    result.set_status(v1::OUTCOME_STATUS_APPLIED);
    result.set_local_id(local_id);
    return result;
  }
  absl::Status Report(const std::vector<v1::DeliveryResult>& results) {
    v1::DeliveryServiceReportRequest request;
    request.set_platform("till");
    for (const v1::DeliveryResult& result : results) *request.add_results() = result;
    return grpc_support::Call(*delivery_, &DeliveryStub::Report, request,
                              {.timeout = test_support::kPatience})
        .status();
  }
  std::string Explained(const std::string& id) { return Cli({"explain", "magazine", "public.writer", id}); }

  std::unique_ptr<DeliveryStub> delivery_;
};

}  // namespace cognate

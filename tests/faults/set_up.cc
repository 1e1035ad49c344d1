#include "tests/faults/set_up.h"

#include "absl/strings/str_cat.h"
#include "cognate/v1/delivery_service.grpc.pb.h"
#include "cognate/v1/feedback_service.grpc.pb.h"
#include "cognate/v1/platform_registry_service.grpc.pb.h"
#include "common/grpc/channel.h"
#include "common/redis/client.h"
#include "common/status/status_macros.h"
#include "tests/support/proto_matchers.h"

namespace cognate::faults {
namespace {

using Stub = v1::PlatformRegistryService::Stub;

constexpr char kModels[] = R"pb(
  platform: "platforms/source"
  models {
    model: "person"
    key_fields: "id"
    fields { name: "id" type: FIELD_TYPE_TEXT }
    fields { name: "code" type: FIELD_TYPE_TEXT }
    fields { name: "serial" type: FIELD_TYPE_INTEGER size_bits: 64 }
    fields { name: "name" type: FIELD_TYPE_TEXT }
    fields { name: "amount" type: FIELD_TYPE_DECIMAL nullable: true precision: 12 scale: 2 }
  }
  models {
    model: "item"
    key_fields: "id"
    fields { name: "id" type: FIELD_TYPE_TEXT }
    fields { name: "code" type: FIELD_TYPE_TEXT }
    fields { name: "serial" type: FIELD_TYPE_INTEGER size_bits: 64 }
    fields { name: "name" type: FIELD_TYPE_TEXT }
    fields { name: "amount" type: FIELD_TYPE_DECIMAL nullable: true precision: 12 scale: 2 }
    fields { name: "person_id" type: FIELD_TYPE_TEXT }
    fields { name: "sibling_id" type: FIELD_TYPE_TEXT nullable: true }
    foreign_keys { fields: "person_id" model: "person" referenced_fields: "id" }
    foreign_keys { fields: "sibling_id" model: "item" referenced_fields: "id" }
  }
)pb";

constexpr char kFields[] = R"pb(
  fields { source: "code" target: "code" }
  fields { source: "serial" target: "serial_no" }
  fields { source: "name" target: "title" }
  fields { source: "amount" target: "amount" }
)pb";

constexpr char kReferences[] = R"pb(
  fields { source: "person_id" target: "owner_no" }
  fields { source: "sibling_id" target: "sibling_no" }
)pb";

template <typename Request, typename Response>
absl::StatusOr<Response> Do(Stub& stub,
                            grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                            const std::string& text) {
  return grpc_support::Call(stub, method, test_support::ParseProto<Request>(text), {.idempotent = true});
}

// Entries of the stream that leads from change_capture to the transformer, which removes what it has planned.
absl::StatusOr<int64_t> BatchesOfChanges(const std::string& address) {
  ASSIGN_OR_RETURN(const auto client, redis::Client::Connect(address));
  return client->Length("cognate:changes");
}

}  // namespace

absl::Status SetUp(cluster::Cluster& cluster, const std::vector<Target*>& targets) {
  const auto stub = v1::PlatformRegistryService::NewStub(cluster.ChannelTo("platform-registry"));
  RETURN_IF_ERROR(Do(*stub, &Stub::CreatePlatform,
                     R"pb(platform { name: "platforms/source" kind: PLATFORM_KIND_AGENT })pb")
                      .status());
  RETURN_IF_ERROR(Do(*stub, &Stub::PutModels, kModels).status());
  for (const Target* target : targets) {
    RETURN_IF_ERROR(
        Do(*stub, &Stub::CreatePlatform,
           absl::StrCat("platform { name: 'platforms/", target->platform(),
                        "' kind: PLATFORM_KIND_POSTGRES database { uri: '", target->Uri(), "' } }"))
            .status());
    RETURN_IF_ERROR(
        Do(*stub, &Stub::AnalyzeModels, absl::StrCat("platform: 'platforms/", target->platform(), "'"))
            .status());
    const auto sync = [&](absl::string_view id, absl::string_view from, absl::string_view to,
                          absl::string_view fields) {
      return Do(*stub, &Stub::CreateSync,
                absl::StrCat("sync { name: 'syncs/", target->platform(), "-", id,
                             "' source_platform: 'source' source_model: '", from, "' target_platform: '",
                             target->platform(), "' target_model: '", to, "' ", fields, "}"))
          .status();
    };
    RETURN_IF_ERROR(sync("persons", kPerson, "public.owners", kFields));
    RETURN_IF_ERROR(sync("items", kItem, "public.things", absl::StrCat(kFields, kReferences)));
  }
  return absl::OkStatus();
}

Leftovers FindLeftovers(cluster::Cluster& cluster) {
  Leftovers left;
  const auto note = [&](int64_t count, absl::string_view what) {
    left.count += count;
    if (count > 0) absl::StrAppend(&left.text, what, "\n");
  };
  const auto feedback = v1::FeedbackService::NewStub(cluster.ChannelTo("feedback"));
  v1::ListTroublesRequest request;
  request.set_page_size(20);
  const auto troubles = grpc_support::Call(*feedback, &v1::FeedbackService::Stub::ListTroubles, request, {});
  if (!troubles.ok()) note(1, troubles.status().ToString());
  for (int i = 0; troubles.ok() && i < troubles->troubles_size(); ++i)
    note(1, troubles->troubles(i).ShortDebugString());

  const auto delivery = v1::DeliveryService::NewStub(cluster.ChannelTo("delivery"));
  const auto lanes =
      grpc_support::Call(*delivery, &v1::DeliveryService::Stub::ListLanes, v1::ListLanesRequest(), {});
  if (!lanes.ok()) note(1, lanes.status().ToString());
  for (int i = 0; lanes.ok() && i < lanes->lanes_size(); ++i)
    note(lanes->lanes(i).batch_count(), lanes->lanes(i).ShortDebugString());

  const absl::StatusOr<int64_t> changes = BatchesOfChanges(cluster.redis_address());
  note(changes.ok() ? *changes : 1, absl::StrCat("batches of changes: ", changes.status().ToString()));
  return left;
}

}  // namespace cognate::faults

// Two sites whose own agents capture and apply, `north` and `south`, with pages that go both ways and are the
// same where their slugs are.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "cognate/v1/change_capture_service.grpc.pb.h"
#include "cognate/v1/delivery_service.grpc.pb.h"
#include "cognate/v1/ledger_service.grpc.pb.h"
#include "cognate/v1/platform_registry_service.grpc.pb.h"
#include "common/grpc/channel.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/cluster/cluster.h"
#include "tests/support/eventually.h"
#include "tests/support/proto_matchers.h"
#include "tests/support/status_matchers.h"

namespace cognate {

// Does as docs/agents.md says: what it has in a version or a newer one, delivered or captured, is not written
// again; a record of its own with the natural key of a new one becomes that; what it was given is not
// captured.
class Site {
 public:
  struct Page {
    std::string slug, title;
  };

  Site(cluster::Cluster& cluster, std::string platform, int first_id)
      : platform_(std::move(platform)),
        next_id_(first_id),
        capture_(v1::ChangeCaptureService::NewStub(cluster.ChannelTo("change-capture"))),
        delivery_(v1::DeliveryService::NewStub(cluster.ChannelTo("delivery"))) {}

  const std::string& platform() const { return platform_; }
  std::string Add(const std::string& slug, const std::string& title) {
    const std::string id = absl::StrCat(next_id_++);
    pages_[id] = {slug, title};
    Capture(id, v1::OPERATION_CREATE);
    return id;
  }
  void Edit(const std::string& id, const std::string& title) {
    pages_[id].title = title;
    Capture(id, v1::OPERATION_UPDATE);
  }
  void Delete(const std::string& id) {
    Capture(id, v1::OPERATION_DELETE);
    pages_.erase(id);
  }
  // "1 a north, 2 b north"
  std::string Pages() const {
    std::string text;
    for (const auto& [id, page] : pages_)
      absl::StrAppend(&text, text.empty() ? "" : ", ", id, " ", page.slug, " ", page.title);
    return text;
  }
  // Without their ids.
  std::multimap<std::string, std::string> Contents() const {
    std::multimap<std::string, std::string> contents;
    for (const auto& [id, page] : pages_) contents.emplace(page.slug, page.title);
    return contents;
  }

  // What there is now. No second pull before it is reported.
  std::vector<v1::Delivery> Pull() {
    v1::PullRequest request;
    request.set_platform(platform_);
    request.mutable_wait()->set_nanos(100'000'000);
    const auto pulled = grpc_support::Call(*delivery_, &v1::DeliveryService::Stub::Pull, request,
                                           {.timeout = test_support::kPatience});
    if (!pulled.ok()) return {};  // The lane may not be there yet.
    return {pulled->deliveries().begin(), pulled->deliveries().end()};
  }
  // Until there are so many.
  std::vector<v1::Delivery> Await(size_t count) {
    std::vector<v1::Delivery> all;
    EXPECT_TRUE(test_support::Eventually([&] {
      for (v1::Delivery& delivery : Pull()) all.push_back(std::move(delivery));
      return all.size() >= count;
    })) << platform_;
    return all;
  }
  std::vector<v1::DeliveryResult> Apply(const std::vector<v1::Delivery>& deliveries) {
    std::vector<v1::DeliveryResult> results;
    for (const v1::Delivery& delivery : deliveries) results.push_back(Apply(delivery));
    return results;
  }
  // For good.
  static std::vector<v1::DeliveryResult> Refuse(const std::vector<v1::Delivery>& deliveries) {
    std::vector<v1::DeliveryResult> results;
    for (const v1::Delivery& delivery : deliveries) {
      v1::DeliveryResult& result = results.emplace_back(Answer(delivery));
      result.set_status(v1::OUTCOME_STATUS_REJECTED);
      result.mutable_error()->set_reason("NO_DRAFTS");
      result.mutable_error()->set_message("no drafts here");
    }
    return results;
  }
  void Report(const std::vector<v1::DeliveryResult>& results) {
    if (results.empty()) return;
    v1::DeliveryServiceReportRequest request;
    request.set_platform(platform_);
    request.mutable_results()->Assign(results.begin(), results.end());
    EXPECT_THAT(grpc_support::Call(*delivery_, &v1::DeliveryService::Stub::Report, request,
                                   {.timeout = test_support::kPatience}),
                test_support::IsOk());
  }
  // Applies and reports what there is; false if there was nothing.
  bool TakeTurn() {
    const std::vector<v1::Delivery> pulled = Pull();
    Report(Apply(pulled));
    return !pulled.empty();
  }

 private:
  // What it knows of a record, as in a table of its own.
  struct Line {
    std::string entity;   // empty as long as it was only captured
    int64_t version = 0;  // the newest that was delivered, or that the capture was given
  };

  void Capture(const std::string& id, v1::Operation operation) {
    v1::CaptureRequest request;
    request.set_platform(platform_);
    v1::Change& change = *request.add_changes();
    change.set_change_id(absl::StrCat("change-", ++captures_));
    change.set_model("page");
    change.set_local_id(id);
    change.set_operation(operation);
    const auto add = [&](const char* name, const std::string& text) {
      v1::Field& field = *change.add_fields();
      field.set_name(name);
      field.mutable_value()->set_text_value(text);
    };
    add("slug", pages_[id].slug);
    add("title", pages_[id].title);
    const auto captured = grpc_support::Call(*capture_, &v1::ChangeCaptureService::Stub::Capture, request,
                                             {.timeout = test_support::kPatience});
    ASSERT_THAT(captured, test_support::IsOk());
    ASSERT_EQ(captured->results(0).error().message(), "");
    lines_[id].version = captured->results(0).version();
  }

  std::string Find(const v1::Delivery& delivery, const std::string& slug) const {
    for (const auto& [id, line] : lines_) {
      if (line.entity == delivery.entity_id() || id == delivery.local_id()) return id;
    }
    for (const auto& [id, page] : pages_) {
      if (!delivery.natural_keys().empty() && page.slug == slug && lines_.at(id).entity.empty()) return id;
    }
    return "";
  }

  static v1::DeliveryResult Answer(const v1::Delivery& delivery) {
    v1::DeliveryResult result;
    result.set_entity_id(delivery.entity_id());
    result.set_model(delivery.model());
    result.set_version(delivery.version());
    result.set_operation(delivery.operation());
    result.set_status(v1::OUTCOME_STATUS_APPLIED);
    return result;
  }

  v1::DeliveryResult Apply(const v1::Delivery& delivery) {
    v1::DeliveryResult result = Answer(delivery);
    std::map<std::string, std::string> fields;
    for (const v1::Field& field : delivery.fields()) fields[field.name()] = field.value().text_value();
    std::string id = Find(delivery, fields["slug"]);
    if (delivery.operation() == v1::OPERATION_DELETE) {
      pages_.erase(id);
      return result;
    }
    if (id.empty()) id = absl::StrCat(next_id_++);
    result.set_local_id(id);
    Line& line = lines_[id];
    line.entity = delivery.entity_id();
    if (line.version > delivery.version()) result.set_applied_version(line.version);
    if (line.version >= delivery.version()) return result;
    line.version = delivery.version();
    pages_[id] = {fields["slug"], fields["title"]};
    return result;
  }

  const std::string platform_;
  int next_id_;
  int captures_ = 0;
  std::unique_ptr<v1::ChangeCaptureService::Stub> capture_;
  std::unique_ptr<v1::DeliveryService::Stub> delivery_;
  std::map<std::string, Page> pages_;  // by local id
  std::map<std::string, Line> lines_;  // by local id
};

class TwoSites : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(cluster_.WaitUntilServing());
    registry_ = v1::PlatformRegistryService::NewStub(cluster_.ChannelTo("platform-registry"));
    for (const Site* const site : {&north_, &south_}) AddPlatform(site->platform());
    AddSync("there", "north", "south");
    AddSync("back", "south", "north");
  }

  void AddPlatform(const std::string& id) {
    using Stub = v1::PlatformRegistryService::Stub;
    ASSERT_THAT(Do(*registry_, &Stub::CreatePlatform,
                   absl::StrCat("platform { name: 'platforms/", id,
                                "' kind: PLATFORM_KIND_AGENT channel: CHANNEL_AGENT }")),
                test_support::IsOk());
    ASSERT_THAT(
        Do(*registry_, &Stub::PutModels,
           absl::StrCat(
               "platform: 'platforms/", id, "' models { name: 'platforms/", id,
               "/models/page' model: 'page' key_fields: 'id' fields { name: 'id' type: FIELD_TYPE_INTEGER "
               "has_default: true } fields { name: 'slug' type: FIELD_TYPE_TEXT } fields { name: 'title' "
               "type: "
               "FIELD_TYPE_TEXT } }")),
        test_support::IsOk());
  }
  void AddSync(const std::string& id, const std::string& from, const std::string& to) {
    ASSERT_THAT(
        Do(*registry_, &v1::PlatformRegistryService::Stub::CreateSync,
           absl::StrCat("sync { name: 'syncs/", id, "' source_platform: '", from, "' source_model: 'page' ",
                        "target_platform: '", to,
                        "' target_model: 'page' natural_keys { fields: 'slug' } fields { source: 'slug' "
                        "target: 'slug' } fields { source: 'title' target: 'title' } }")),
        test_support::IsOk());
  }
  template <typename Stub, typename Request, typename Response>
  absl::StatusOr<Response> Do(Stub& stub,
                              grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                              const std::string& text) {
    return grpc_support::Call(stub, method, test_support::ParseProto<Request>(text),
                              {.timeout = test_support::kPatience});
  }
  // Replicas that are not as they should be.
  int64_t Unsettled() {
    const auto ledger = v1::LedgerService::NewStub(cluster_.ChannelTo("platform-registry"));
    const auto counts = Do(*ledger, &v1::LedgerService::Stub::CountReplicas, "");
    if (!counts.ok()) return -1;
    int64_t unsettled = 0;
    for (const v1::ReplicaCount& count : counts->counts())
      unsettled += count.total_count() - count.converged_count();
    return unsettled;
  }
  std::string Cli(const std::vector<std::string>& words) { return cluster_.Run(words).output; }

  cluster::Cluster cluster_{cluster::Shape::kOneProcess};
  Site north_{cluster_, "north", 1};
  Site south_{cluster_, "south", 1001};
  std::unique_ptr<v1::PlatformRegistryService::Stub> registry_;
};

}  // namespace cognate

// Two real databases and everything between them, through the front doors: a source `magazine` whose changes
// are captured, and a target `blog`.
#pragma once

#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "cognate/v1/feedback_service.grpc.pb.h"
#include "cognate/v1/platform_registry_service.grpc.pb.h"
#include "cognate/v1/transformer_service.grpc.pb.h"
#include "common/grpc/channel.h"
#include "common/postgres/connection.h"
#include "common/status/error.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/cluster/cluster.h"
#include "tests/support/eventually.h"
#include "tests/support/proto_matchers.h"
#include "tests/support/status_matchers.h"

namespace cognate {

class TwoDatabases : public ::testing::Test {
 protected:
  using RegistryStub = v1::PlatformRegistryService::Stub;

  explicit TwoDatabases(cluster::Shape shape = cluster::Shape::kOneProcess) : cluster_(shape) {}

  // Both platforms with their tables; `target_is_captured` for syncs both ways.
  void Build(const std::string& source_tables, const std::string& target_tables,
             bool target_is_captured = false) {
    ASSERT_TRUE(cluster_.WaitUntilServing());
    registry_ = v1::PlatformRegistryService::NewStub(cluster_.ChannelTo("platform-registry"));
    feedback_ = v1::FeedbackService::NewStub(cluster_.ChannelTo("feedback"));
    transformer_ = v1::TransformerService::NewStub(cluster_.ChannelTo("transformer"));
    const std::string captured = "capture_mode: CAPTURE_MODE_REPLICATION";
    source_ = AddPlatform("magazine", source_tables, captured);
    target_ = AddPlatform("blog", target_tables, target_is_captured ? captured : "");
  }

  std::unique_ptr<postgres::Connection> AddPlatform(const std::string& id, const std::string& tables,
                                                    const std::string& more) {
    const std::string uri = cluster_.postgres().CreateDatabase(id);
    auto connection = *postgres::Connection::Open(uri);
    EXPECT_THAT(connection->Execute(tables), test_support::IsOk());
    EXPECT_THAT(Do(*registry_, &RegistryStub::CreatePlatform,
                   absl::StrCat("platform { name: 'platforms/", id,
                                "' kind: PLATFORM_KIND_POSTGRES database { uri: '", uri, "' } ", more, " }")),
                test_support::IsOk());
    EXPECT_THAT(Do(*registry_, &RegistryStub::AnalyzeModels, absl::StrCat("platform: 'platforms/", id, "'")),
                test_support::IsOk());
    return connection;
  }

  static std::string SyncText(const std::string& id, const std::string& from, const std::string& to,
                              const std::string& more) {
    return absl::StrCat("sync { name: 'syncs/", id, "' source_platform: 'magazine' source_model: 'public.",
                        from, "' target_platform: 'blog' target_model: 'public.", to, "' ", more, " }");
  }
  absl::StatusOr<v1::CreateSyncResponse> CreateSync(const std::string& id, const std::string& from,
                                                    const std::string& to, const std::string& more) {
    return Do(*registry_, &RegistryStub::CreateSync, SyncText(id, from, to, more));
  }

  template <typename Stub, typename Request, typename Response>
  absl::StatusOr<Response> Do(Stub& stub,
                              grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                              const std::string& text) {
    return grpc_support::Call(stub, method, test_support::ParseProto<Request>(text),
                              {.timeout = test_support::kPatience});
  }

  // The first value; an error in words.
  static std::string Ask(postgres::Connection& connection, const std::string& sql) {
    const auto rows = connection.QueryText(sql);
    if (!rows.ok()) return rows.status().ToString();
    return rows->empty() ? "" : std::string(rows->GetText(0, 0));
  }
  void Run(const std::string& sql) { ASSERT_THAT(source_->Execute(sql), test_support::IsOk()); }
  // What the target answers becomes this.
  void ExpectTarget(const std::string& sql, const std::string& wanted) { Expect(*target_, sql, wanted); }
  static void Expect(postgres::Connection& connection, const std::string& sql, const std::string& wanted) {
    EXPECT_TRUE(test_support::Eventually([&] { return Ask(connection, sql) == wanted; }))
        << sql << "\ngot:  " << Ask(connection, sql) << "\nwant: " << wanted;
  }
  v1::PreviewResponse Preview(const std::string& model, const std::string& id) {
    const auto previewed =
        Do(*transformer_, &v1::TransformerService::Stub::Preview,
           absl::StrCat("record { platform: 'magazine' model: 'public.", model, "' local_id: '", id, "' }"));
    EXPECT_THAT(previewed, test_support::IsOk());
    return previewed.ok() ? *previewed : v1::PreviewResponse();
  }
  // How the record stands on the blog, as Explain says.
  std::string StateOf(const std::string& model, const std::string& id) {
    const auto explained = Do(*feedback_, &v1::FeedbackService::Stub::Explain,
                              absl::StrCat("record { platform: 'magazine' model: 'public.", model,
                                           "' local_id: '", id, "' } target_platform: 'blog'"));
    return explained.ok() ? explained->ShortDebugString() : explained.status().ToString();
  }
  // Each field violation on a line of its own.
  static std::string WhatIsWrong(const absl::Status& status) {
    std::string lines;
    for (const FieldViolation& violation : Violations(status))
      absl::StrAppend(&lines, violation.field, ": ", violation.description, "\n");
    return lines;
  }

  cluster::Cluster cluster_;
  std::unique_ptr<RegistryStub> registry_;
  std::unique_ptr<v1::FeedbackService::Stub> feedback_;
  std::unique_ptr<v1::TransformerService::Stub> transformer_;
  std::unique_ptr<postgres::Connection> source_, target_;
};

}  // namespace cognate

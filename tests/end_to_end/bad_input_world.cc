#include "tests/end_to_end/bad_input_world.h"

#include <chrono>

#include "absl/strings/str_cat.h"
#include "common/grpc/channel.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "gtest/gtest.h"
#include "tests/support/eventually.h"
#include "tests/support/status_matchers.h"

namespace cognate::bad_input {

using test_support::Eventually;
using test_support::IsOk;

Said SaidBy(const grpc::Status& status) {
  Said said;
  said.code = static_cast<absl::StatusCode>(status.error_code());
  said.text = status.error_message();
  google::rpc::Status details;
  details.ParseFromString(status.error_details());
  for (const google::protobuf::Any& detail : details.details()) {
    google::rpc::ErrorInfo info;
    if (detail.UnpackTo(&info) && info.domain() == "cognate") {
      if (said.infos++ == 0) said.reason = info.reason();
      for (const auto& [name, value] : info.metadata()) said.fields.push_back(name);
    }
    google::rpc::BadRequest bad_request;
    if (!detail.UnpackTo(&bad_request)) continue;
    for (const auto& violation : bad_request.field_violations()) {
      said.fields.push_back(violation.field());
      absl::StrAppend(&said.text, " | ", violation.field(), ": ", violation.description());
    }
  }
  return said;
}

Said SaidBy(const v1::OutcomeError& error) {
  return {absl::StatusCode::kOk,
          error.reason().empty() ? 0 : 1,
          error.reason(),
          {error.field()},
          error.message()};
}

v1::Value Text(absl::string_view text) {
  v1::Value value;
  value.set_text_value(std::string(text));
  return value;
}

v1::Value Integer(int64_t number) {
  v1::Value value;
  value.set_int64_value(number);
  return value;
}

v1::Value Null() {
  v1::Value value;
  value.set_null_value(google::protobuf::NULL_VALUE);
  return value;
}

v1::Change Create(const std::string& change_id, const std::string& model, const std::string& local_id,
                  FieldValues fields) {
  v1::Change change;
  change.set_change_id(change_id);
  change.set_model(model);
  change.set_local_id(local_id);
  change.set_operation(v1::OPERATION_CREATE);
  for (const auto& [name, value] : fields) {
    v1::Field& field = *change.add_fields();
    field.set_name(name);
    *field.mutable_value() = value;
  }
  return change;
}

v1::Sync SyncOf(const std::string& id, const std::string& source_platform, const std::string& source_model,
                const std::string& target_platform, const std::string& target_model,
                const std::vector<std::pair<std::string, std::string>>& fields) {
  v1::Sync sync;
  sync.set_name(absl::StrCat("syncs/", id));
  sync.set_source_platform(source_platform);
  sync.set_source_model(source_model);
  sync.set_target_platform(target_platform);
  sync.set_target_model(target_model);
  for (const auto& [source, target] : fields) {
    v1::FieldMapping& mapping = *sync.add_fields();
    mapping.set_source(source);
    mapping.set_target(target);
  }
  return sync;
}

v1::RecordKey Key(const std::string& platform, const std::string& model, const std::string& local_id) {
  v1::RecordKey key;
  key.set_platform(platform);
  key.set_model(model);
  key.set_local_id(local_id);
  return key;
}

World::World() {
  EXPECT_TRUE(cluster.WaitUntilServing());
  registry = v1::PlatformRegistryService::NewStub(cluster.ChannelTo("platform-registry"));
  capture = v1::ChangeCaptureService::NewStub(cluster.ChannelTo("change-capture"));
  feedback = v1::FeedbackService::NewStub(cluster.ChannelTo("feedback"));
  v1::CreatePlatformRequest till;
  till.mutable_platform()->set_name("platforms/till");
  till.mutable_platform()->set_kind(v1::PLATFORM_KIND_AGENT);
  EXPECT_EQ(Try(*registry, &v1::PlatformRegistryService::Stub::CreatePlatform, till).text, "");
  const auto server = *postgres::Connection::Open(cluster.postgres().Uri());
  Run(*server, "CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0");
  cluster.postgres().CreateDatabase("origin");
  cluster.postgres().CreateDatabase("goal");
  origin = AddDatabase("origin", v1::CAPTURE_MODE_REPLICATION);
  goal = AddDatabase("goal", v1::CAPTURE_MODE_NONE);
  latin = AddDatabase("latin", v1::CAPTURE_MODE_NONE);
}

std::unique_ptr<postgres::Connection> World::AddDatabase(const std::string& name, v1::CaptureMode mode) {
  v1::CreatePlatformRequest request;
  v1::Platform& platform = *request.mutable_platform();
  platform.set_name(absl::StrCat("platforms/", name));
  platform.set_kind(v1::PLATFORM_KIND_POSTGRES);
  platform.set_capture_mode(mode);
  platform.mutable_database()->set_uri(cluster.postgres().Uri(name));
  EXPECT_EQ(Try(*registry, &v1::PlatformRegistryService::Stub::CreatePlatform, request).text, "");
  return *postgres::Connection::Open(cluster.postgres().Uri(name));
}

Said World::TryCreateSync(const v1::Sync& sync, v1::CreateSyncResponse* response) {
  v1::CreateSyncRequest request;
  *request.mutable_sync() = sync;
  return Try(*registry, &v1::PlatformRegistryService::Stub::CreateSync, request, response);
}

Said World::TryCapture(const std::string& platform, const std::vector<v1::Change>& changes,
                       v1::CaptureResponse* response) {
  v1::CaptureRequest request;
  request.set_platform(platform);
  for (const v1::Change& change : changes) *request.add_changes() = change;
  return Try(*capture, &v1::ChangeCaptureService::Stub::Capture, request, response);
}

std::vector<std::string> World::CreateSync(const v1::Sync& sync) {
  v1::CreateSyncResponse response;
  EXPECT_EQ(TryCreateSync(sync, &response).text, "") << sync.name();
  return {response.warnings().begin(), response.warnings().end()};
}

v1::CaptureResponse World::Capture(const std::vector<v1::Change>& changes) {
  v1::CaptureResponse response;
  EXPECT_EQ(TryCapture("till", changes, &response).text, "");
  EXPECT_EQ(response.results_size(), static_cast<int>(changes.size()));
  return response;
}

void World::PutModel(const v1::Model& model) {
  v1::PutModelsRequest request;
  request.set_platform("platforms/till");
  *request.add_models() = model;
  EXPECT_EQ(Try(*registry, &v1::PlatformRegistryService::Stub::PutModels, request).text, "");
}

void World::Analyze(const std::string& platform) {
  v1::AnalyzeModelsRequest request;
  request.set_platform(absl::StrCat("platforms/", platform));
  EXPECT_EQ(Try(*registry, &v1::PlatformRegistryService::Stub::AnalyzeModels, request).text, "");
}

void World::Run(postgres::Connection& connection, const std::string& sql) {
  EXPECT_THAT(connection.Execute(sql), IsOk()) << sql;
}

std::string World::Ask(postgres::Connection& connection, const std::string& sql) {
  const auto rows = connection.QueryText(sql);
  if (!rows.ok()) return rows.status().ToString();
  return rows->empty() ? "no row" : std::string(rows->GetText(0, 0));
}

bool World::Answers(postgres::Connection& connection, const std::string& sql, const std::string& answer) {
  return Eventually([&] { return Ask(connection, sql) == answer; });
}

std::vector<v1::Trouble> World::TroublesOf(const v1::RecordKey& source) {
  v1::ListTroublesRequest request;
  request.set_page_size(1000);
  v1::ListTroublesResponse response;
  EXPECT_EQ(Try(*feedback, &v1::FeedbackService::Stub::ListTroubles, request, &response).text, "");
  std::vector<v1::Trouble> troubles;
  for (const v1::Trouble& trouble : response.troubles()) {
    if (trouble.source().SerializeAsString() == source.SerializeAsString()) troubles.push_back(trouble);
  }
  return troubles;
}

std::string World::WaitUntilDead(const v1::RecordKey& source) {
  v1::ExplainRequest request;
  *request.mutable_record() = source;
  v1::ExplainResponse response;
  EXPECT_TRUE(Eventually([&] {
    Try(*feedback, &v1::FeedbackService::Stub::Explain, request, &response);
    return response.targets_size() == 1 && response.targets(0).state() == v1::REPLICA_STATE_DEAD;
  })) << response.DebugString();
  return response.DebugString();
}

}  // namespace cognate::bad_input

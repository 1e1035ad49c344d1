// The service with a registry that the test gives, and platforms that have their files below `platforms`, but
// those with agents.
#pragma once

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/grpc/fake_services.h"
#include "common/grpc/host.h"
#include "common/sync/mutex.h"
#include "services/file_transfer/testing/files_fixture.h"

namespace cognate::file_transfer {

class PlacingTest : public FilesTest {
 protected:
  PlacingTest() : registry_(metrics_) {
    Stop();
    registry_.handler = [this](const grpc_support::Rpc&,
                               const v1::GetPlatformRequest& request) -> absl::StatusOr<v1::Platform> {
      const std::string id(absl::StripPrefix(request.name(), "platforms/"));
      if (id == "gone") return absl::NotFoundError("no such platform");
      v1::Platform platform;
      platform.set_name(request.name());
      if (id.starts_with("agent")) {
        platform.set_channel(v1::CHANNEL_AGENT);
      } else {
        platform.mutable_files()->set_directory(Site(id));
        if (id.starts_with("web"))
          platform.mutable_files()->set_url(absl::StrCat("https://", id, ".example/files"));
        std::filesystem::create_directories(Site(id));
      }
      return platform;
    };
    host_ = test_support::ValueOrDie(grpc_support::Host::Start(
        {.addresses = {absl::StrCat("unix:", directory_.File("registry.sock"))}}, {&registry_}));
    config_.peers.registry = host_->address();
    config_.link_key = std::string(32, 'k');
    config_.public_url = "https://cognate.example";
    config_.place_gate = [this](const std::string& directory) {
      MutexLock lock(&mutex_);
      while (!hanging_.empty() && directory == hanging_) changed_.Wait(&mutex_);
    };
    Start();
  }
  ~PlacingTest() override {
    SetHanging("");
    Stop();
  }

  std::string Site(const std::string& platform) const { return directory_.File("platforms/" + platform); }
  void SetHanging(const std::string& directory) {
    MutexLock lock(&mutex_);
    hanging_ = directory;
    changed_.SignalAll();
  }
  void PutIn(const std::string& platform, const std::string& path, const std::string& content) const {
    const std::string file = absl::StrCat(Site(platform), "/", path);
    std::filesystem::create_directories(std::filesystem::path(file).parent_path());
    std::ofstream(file, std::ios::binary) << content;
  }

  // Record `entity` of a source, whose picture is this; nothing: it has none any more.
  static void Add(v1::BindRequest* request, char entity, const std::string& source, const v1::Value& value) {
    if (request->rules().empty()) request->add_rules();
    v1::FileBinding& binding = *request->add_bindings();
    binding.set_entity_id(std::string(16, entity));
    binding.set_model("writer");
    binding.set_field("picture");
    binding.mutable_source()->set_platform(source);
    binding.mutable_source()->set_model("author");
    binding.set_source_field("avatar");
    *binding.mutable_value() = value;
  }
  static v1::Value Path(const std::string& path) {
    v1::Value value;
    value.set_text_value(path);
    return value;
  }
  static v1::Value Claim(const std::string& content, const std::string& path = "img/1.txt") {
    v1::Value value;
    value.mutable_file_value()->set_sha256(files::Sha256(content));
    value.mutable_file_value()->set_size_bytes(static_cast<int64_t>(content.size()));
    value.mutable_file_value()->set_path(path);
    return value;
  }
  v1::BoundFile Bind(const std::string& target, char entity, const std::string& source,
                     const v1::Value& value, const v1::FileRule& rule = {}) {
    v1::BindRequest request;
    request.set_platform(target);
    *request.add_rules() = rule;
    Add(&request, entity, source, value);
    const absl::StatusOr<v1::BindResponse> response = Call(&Stub::Bind, request);
    EXPECT_OK(response);
    return response.ok() ? response->files(0) : v1::BoundFile();
  }
  absl::Status Send(const std::string& platform, const std::string& content) {
    v1::BatchWriteRequest request;
    request.set_platform(platform);
    request.add_files()->set_sha256(files::Sha256(content));
    request.mutable_files(0)->set_data(content);
    return Call(&Stub::BatchWrite, request).status();
  }
  v1::MissingResponse Missing(const std::string& platform, int page_size = 0, const std::string& token = "") {
    v1::MissingRequest request;
    request.set_platform(platform);
    request.set_page_size(page_size);
    request.set_page_token(token);
    const absl::StatusOr<v1::MissingResponse> response = Call(&Stub::Missing, request);
    EXPECT_OK(response);
    return response.ok() ? *response : v1::MissingResponse();
  }
  // `retry_seconds` -1: it is not to be tried again.
  absl::Status Place(const std::string& platform, const v1::Placement& placement, const std::string& reason,
                     int retry_seconds = -1, const std::string& actual_path = "") {
    v1::PlaceRequest request;
    request.set_platform(platform);
    v1::PlaceResult& result = *request.add_results();
    result.set_sha256(placement.file().sha256());
    result.set_path(placement.path());
    result.set_actual_path(actual_path);
    if (!reason.empty()) result.mutable_error()->set_reason(reason);
    if (retry_seconds >= 0) result.mutable_error()->mutable_retry_delay()->set_seconds(retry_seconds);
    return Call(&Stub::Place, request).status();
  }
  std::string AskStore(const std::string& sql) {
    postgres::ConnectionOptions options;
    options.uri = config_.postgres.uri;
    options.search_path = "file_transfer";
    auto connection = test_support::ValueOrDie(postgres::Connection::Open(options));
    const auto rows = connection->QueryText(sql);
    if (!rows.ok()) return rows.status().ToString();
    return rows->empty() ? "" : std::string(rows->GetText(0, 0));
  }

 private:
  metrics::Registry metrics_;
  grpc_support::FakeRegistry registry_;
  std::unique_ptr<grpc_support::Host> host_;
  Mutex mutex_;
  CondVar changed_;
  std::string hanging_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace cognate::file_transfer

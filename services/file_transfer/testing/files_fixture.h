// The real service behind a real socket, with a database and a directory of its own.
#pragma once

#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "cognate/v1/file_transfer_service.grpc.pb.h"
#include "common/access/gate.h"
#include "common/clock/clock.h"
#include "common/files/digest.h"
#include "common/grpc/channel.h"
#include "common/postgres/connection.h"
#include "common/service/cluster.h"
#include "gmock/gmock.h"
#include "services/file_transfer/server.h"
#include "tests/support/eventually.h"
#include "tests/support/postgres_server.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace cognate::file_transfer {

// Bytes that no zstd makes smaller; the same for the same seed.
inline std::string RandomContent(int64_t size, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::string bytes(static_cast<size_t>((size + 7) / 8 * 8), '\0');
  for (size_t at = 0; at < bytes.size(); at += 8) {
    const uint64_t next = random();
    bytes.replace(at, 8, reinterpret_cast<const char*>(&next), 8);
  }
  bytes.resize(static_cast<size_t>(size));
  return bytes;
}

class RunningFiles {
 public:
  // Without a gate everybody may do everything.
  RunningFiles(const Config& config, const std::string& socket, const Clock& clock = Clock::Real(),
               access::Gate* gate = nullptr) {
    service::ClusterOptions options;
    options.host.addresses = {absl::StrCat("unix:", socket)};
    options.drain_timeout = absl::Seconds(5);
    cluster_ = std::make_unique<service::Cluster>(options, clock, metrics_);
    service::Environment& environment = cluster_->AddEnvironment("file_transfer");
    environment.gate = gate;
    cluster_->Add("file_transfer", test_support::ValueOrDie(Server::Create(config, environment)));
    EXPECT_OK(cluster_->Start());
    channel_ = grpc_support::MakeChannel(cluster_->address());
    stub_ = v1::FileTransferService::NewStub(channel_);
  }
  ~RunningFiles() { cluster_->Shutdown(); }

  v1::FileTransferService::Stub& stub() { return *stub_; }
  std::string address() const { return cluster_->address(); }

 private:
  metrics::Registry metrics_;
  std::unique_ptr<service::Cluster> cluster_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<v1::FileTransferService::Stub> stub_;
};

// One call of Write, message by message.
class WriteStream {
 public:
  explicit WriteStream(v1::FileTransferService::Stub& stub, const std::string& key = "") {
    if (!key.empty()) context_.AddMetadata("authorization", absl::StrCat("Bearer ", key));
    writer_ = stub.Write(&context_, &response_);
  }

  bool Send(const v1::WriteRequest& message) { return writer_->Write(message); }
  absl::StatusOr<v1::WriteResponse> End() {
    writer_->WritesDone();
    const absl::Status status = grpc_support::FromGrpcStatus(writer_->Finish());
    if (!status.ok()) return status;
    return response_;
  }
  // As a client that is gone.
  void Cut() {
    context_.TryCancel();
    writer_->Finish();
  }

 private:
  grpc::ClientContext context_;
  v1::WriteResponse response_;
  std::unique_ptr<grpc::ClientWriter<v1::WriteRequest>> writer_;
};

class FilesTest : public ::testing::Test {
 protected:
  using Stub = v1::FileTransferService::Stub;

  FilesTest() {
    // While one channel lives the library is not shut down, which may take it ten seconds, after each test.
    static const auto* const kKept =
        new std::shared_ptr<grpc::Channel>(grpc_support::MakeChannel("unix:/nowhere"));
    EXPECT_NE(kKept, nullptr);
    config_.postgres.uri = test_support::PostgresServer::Shared().CreateDatabase();
    config_.file_store = directory_.File("store");
    config_.file_roots = {directory_.File("platforms")};
    EXPECT_OK(Migrate(config_));
    Start();
  }

  void Start() {
    files_ = std::make_unique<RunningFiles>(config_, directory_.File("files.sock"), *clock_, gate_);
  }
  void Stop() { files_.reset(); }
  Stub& stub() { return files_->stub(); }

  template <typename Request, typename Response>
  absl::StatusOr<Response> Call(grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                                const Request& request) {
    return grpc_support::Call(stub(), method, request, {.timeout = test_support::kPatience});
  }

  static std::string NewUpload() { return absl::StrCat("upload-of-a-test-", ++uploads_); }

  // The first message of an upload.
  static v1::WriteRequest First(const std::string& upload, int64_t offset = 0) {
    v1::WriteRequest message;
    message.set_upload(upload);
    message.set_platform("shop");
    message.set_write_offset(offset);
    return message;
  }

  static void SetEnd(const std::string& content, v1::WriteRequest* message) {
    message->set_finish_write(true);
    message->set_sha256(files::Sha256(content));
    message->set_size_bytes(static_cast<int64_t>(content.size()));
  }

  // From `offset` on, in messages of this size.
  absl::StatusOr<v1::WriteResponse> Put(const std::string& content, const std::string& upload = NewUpload(),
                                        int64_t offset = 0, int64_t message_bytes = 1 << 20) {
    return PutAs("", "shop", content, upload, offset, message_bytes);
  }
  absl::StatusOr<v1::WriteResponse> PutAs(const std::string& key, const std::string& platform,
                                          const std::string& content, const std::string& upload = NewUpload(),
                                          int64_t offset = 0, int64_t message_bytes = 1 << 20) {
    WriteStream stream(stub(), key);
    v1::WriteRequest message = First(upload, offset);
    message.set_platform(platform);
    for (;;) {
      message.set_data(content.substr(static_cast<size_t>(offset), static_cast<size_t>(message_bytes)));
      offset += static_cast<int64_t>(message.data().size());
      if (offset == static_cast<int64_t>(content.size())) SetEnd(content, &message);
      if (!stream.Send(message) || message.finish_write()) break;
      message.Clear();
    }
    return stream.End();
  }

  absl::StatusOr<std::string> Get(const std::string& sha256, int64_t offset = 0, int64_t limit = 0) {
    v1::ReadRequest request;
    request.set_sha256(sha256);
    request.set_offset(offset);
    request.set_limit(limit);
    grpc::ClientContext context;
    const auto reader = stub().Read(&context, request);
    std::string content;
    v1::ReadResponse response;
    while (reader->Read(&response)) content += response.data();
    const absl::Status status = grpc_support::FromGrpcStatus(reader->Finish());
    if (!status.ok()) return status;
    return content;
  }

  absl::StatusOr<v1::BatchWriteResponse> PutBatch(const std::vector<std::string>& contents) {
    v1::BatchWriteRequest request;
    request.set_platform("shop");
    for (const std::string& content : contents) {
      v1::SmallFile& file = *request.add_files();
      file.set_sha256(files::Sha256(content));
      file.set_data(content);
    }
    return Call(&Stub::BatchWrite, request);
  }

  bool Has(const std::string& content) {
    v1::CheckRequest request;
    request.set_platform("shop");
    request.add_sha256s(files::Sha256(content));
    const absl::StatusOr<v1::CheckResponse> response = Call(&Stub::Check, request);
    EXPECT_OK(response);
    return response.ok() && response->has(0);
  }

  absl::StatusOr<v1::QueryWriteStatusResponse> Status(const std::string& upload) {
    v1::QueryWriteStatusRequest request;
    request.set_upload(upload);
    request.set_platform("shop");
    return Call(&Stub::QueryWriteStatus, request);
  }

  absl::StatusOr<v1::ListFilesResponse> List() { return Call(&Stub::ListFiles, v1::ListFilesRequest()); }

  // In the service's schema.
  void Execute(const std::string& sql) {
    postgres::ConnectionOptions options;
    options.uri = config_.postgres.uri;
    options.search_path = "file_transfer";
    auto connection = test_support::ValueOrDie(postgres::Connection::Open(options));
    EXPECT_OK(connection->Execute(sql));
  }

  // Of the store's folder.
  std::vector<std::string> FilesIn(const std::string& folder) const {
    std::vector<std::string> found;
    for (const auto& entry :
         std::filesystem::recursive_directory_iterator(absl::StrCat(config_.file_store, "/", folder))) {
      if (entry.is_regular_file()) found.push_back(entry.path().string());
    }
    std::sort(found.begin(), found.end());
    return found;
  }

  test_support::TempDir directory_;
  Config config_;
  const Clock* clock_ = &Clock::Real();
  access::Gate* gate_ = nullptr;
  std::unique_ptr<RunningFiles> files_;
  static inline int uploads_ = 0;
};

}  // namespace cognate::file_transfer

#include "common/grpc/reflection_v1.h"

#include <map>
#include <set>
#include <string>
#include <vector>

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <grpcpp/impl/server_initializer.h>
#include <grpcpp/server_context.h>
#include <grpcpp/support/sync_stream.h>

#include "grpc/health/v1/health.pb.h"
#include "grpc/reflection/v1/reflection.grpc.pb.h"
#include "proto/descriptors.h"

namespace cognate::grpc_support {
namespace {

namespace reflection = ::grpc::reflection::v1;
using google::protobuf::DescriptorPool;
using google::protobuf::FileDescriptor;

// The contracts by file name, each serialised.
std::map<std::string, std::string> ReadContracts() {
  google::protobuf::FileDescriptorSet set;
  set.ParseFromArray(proto::DescriptorSet().data(), static_cast<int>(proto::DescriptorSet().size()));
  std::map<std::string, std::string> contracts;
  for (const auto& file : set.file()) contracts[file.name()] = file.SerializeAsString();
  return contracts;
}

// With its comments, if it is a contract of ours: what is compiled in has none.
std::string Describe(const FileDescriptor& file) {
  static const auto* const contracts = new std::map<std::string, std::string>(ReadContracts());
  const auto contract = contracts->find(std::string(file.name()));
  if (contract != contracts->end()) return contract->second;
  google::protobuf::FileDescriptorProto described;
  file.CopyTo(&described);
  return described.SerializeAsString();
}

class ReflectionV1 final : public reflection::ServerReflection::Service {
 public:
  // `names` is the server's own list: it grows until the server starts, and not after.
  void SetServices(const std::vector<std::string>* names) { names_ = names; }

  grpc::Status ServerReflectionInfo(
      grpc::ServerContext*,
      grpc::ServerReaderWriter<reflection::ServerReflectionResponse, reflection::ServerReflectionRequest>*
          stream) override {
    reflection::ServerReflectionRequest request;
    while (stream->Read(&request)) {
      reflection::ServerReflectionResponse response;
      response.set_valid_host(request.host());
      *response.mutable_original_request() = request;
      Answer(request, response);
      if (!stream->Write(response)) break;
    }
    return grpc::Status::OK;
  }

 private:
  using Request = reflection::ServerReflectionRequest;
  using Response = reflection::ServerReflectionResponse;

  void Answer(const Request& request, Response& response) const {
    switch (request.message_request_case()) {
      case Request::kListServices:
        return ListServices(response);
      case Request::kFileByFilename:
        return AddFile(pool_->FindFileByName(request.file_by_filename()), request.file_by_filename(),
                       response);
      case Request::kFileContainingSymbol:
        return AddFile(pool_->FindFileContainingSymbol(request.file_containing_symbol()),
                       request.file_containing_symbol(), response);
      case Request::kFileContainingExtension:
        return AddExtension(request.file_containing_extension(), response);
      case Request::kAllExtensionNumbersOfType:
        return AddExtensionNumbers(request.all_extension_numbers_of_type(), response);
      case Request::MESSAGE_REQUEST_NOT_SET:
        return SetError(grpc::StatusCode::INVALID_ARGUMENT, "message_request: got none", response);
    }
  }

  void ListServices(Response& response) const {
    const std::vector<std::string>& names = *names_;
    for (const std::string& name : std::set<std::string>(names.begin(), names.end())) {
      response.mutable_list_services_response()->add_service()->set_name(name);
    }
  }

  static void SetError(grpc::StatusCode code, const std::string& message, Response& response) {
    response.mutable_error_response()->set_error_code(code);
    response.mutable_error_response()->set_error_message(message);
  }

  // The file, then all that it depends on, each once: what a client needs to build its own pool.
  static void AddFile(const FileDescriptor* file, const std::string& asked, Response& response) {
    if (file == nullptr) return SetError(grpc::StatusCode::NOT_FOUND, "not found: " + asked, response);
    std::set<const FileDescriptor*> seen = {file};
    std::vector<const FileDescriptor*> files = {file};
    for (size_t next = 0; next < files.size(); ++next) {
      response.mutable_file_descriptor_response()->add_file_descriptor_proto(Describe(*files[next]));
      for (int i = 0; i < files[next]->dependency_count(); ++i) {
        if (seen.insert(files[next]->dependency(i)).second) files.push_back(files[next]->dependency(i));
      }
    }
  }

  void AddExtension(const reflection::ExtensionRequest& asked, Response& response) const {
    const auto* message = pool_->FindMessageTypeByName(asked.containing_type());
    const auto* field =
        message == nullptr ? nullptr : pool_->FindExtensionByNumber(message, asked.extension_number());
    AddFile(field == nullptr ? nullptr : field->file(), asked.containing_type(), response);
  }

  void AddExtensionNumbers(const std::string& type, Response& response) const {
    const auto* message = pool_->FindMessageTypeByName(type);
    if (message == nullptr) return SetError(grpc::StatusCode::NOT_FOUND, "not found: " + type, response);
    std::vector<const google::protobuf::FieldDescriptor*> extensions;
    pool_->FindAllExtensions(message, &extensions);
    response.mutable_all_extension_numbers_response()->set_base_type_name(type);
    for (const auto* extension : extensions) {
      response.mutable_all_extension_numbers_response()->add_extension_number(extension->number());
    }
  }

  const DescriptorPool* const pool_ = DescriptorPool::generated_pool();
  const std::vector<std::string>* names_ = nullptr;
};

class ReflectionV1Plugin final : public grpc::ServerBuilderPlugin {
 public:
  explicit ReflectionV1Plugin(std::vector<std::string>* services) : services_(services) {
    // The health service of the library has no descriptors of its own; this links them in.
    grpc::health::v1::HealthCheckRequest::descriptor();
  }
  std::string name() override { return "cognate.reflection_v1"; }
  void InitServer(grpc::ServerInitializer* initializer) override {
    initializer->RegisterService(service_);
    service_->SetServices(initializer->GetServiceList());  // Not in Finish: the server answers by then.
  }
  void Finish(grpc::ServerInitializer* initializer) override { *services_ = *initializer->GetServiceList(); }
  void ChangeArguments(const std::string&, void*) override {}
  bool has_sync_methods() const override { return true; }

 private:
  std::vector<std::string>* const services_;
  std::shared_ptr<ReflectionV1> service_ = std::make_shared<ReflectionV1>();
};

}  // namespace

std::unique_ptr<grpc::ServerBuilderPlugin> MakeReflectionV1Plugin(std::vector<std::string>* services) {
  return std::make_unique<ReflectionV1Plugin>(services);
}

}  // namespace cognate::grpc_support

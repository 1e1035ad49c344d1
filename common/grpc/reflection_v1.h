#pragma once

#include <memory>
#include <string>
#include <vector>

#include <grpcpp/impl/server_builder_plugin.h>

namespace cognate::grpc_support {

// Serves grpc.reflection.v1.ServerReflection for all services of a server, from the descriptors that are
// linked in. The library has only v1alpha, which newer tools no longer ask for.
// When the server is built, `*services` gets the full names of its services, but for health.
std::unique_ptr<grpc::ServerBuilderPlugin> MakeReflectionV1Plugin(std::vector<std::string>* services);

}  // namespace cognate::grpc_support

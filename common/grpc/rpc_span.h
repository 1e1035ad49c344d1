// What spans say of a call, on both of its sides.
#pragma once

#include <string>

#include "common/trace/span.h"
#include "google/protobuf/descriptor.h"

namespace cognate::grpc_support {

// `PlatformRegistryService/GetPlatform`, by the type of its request, which no other RPC has.
std::string RpcName(const google::protobuf::Descriptor& request_type);
void SetRpcAttributes(const google::protobuf::Descriptor& request_type, trace::Span& span);

}  // namespace cognate::grpc_support

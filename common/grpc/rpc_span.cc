#include "common/grpc/rpc_span.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/access/methods.h"

namespace cognate::grpc_support {

std::string RpcName(const google::protobuf::Descriptor& request_type) {
  const access::Method* const method = access::FindMethod(request_type);
  if (method != nullptr) return std::string(method->name);
  return std::string(absl::StripSuffix(request_type.name(), "Request"));
}

void SetRpcAttributes(const google::protobuf::Descriptor& request_type, trace::Span& span) {
  if (!span.recorded()) return;
  const std::string name = RpcName(request_type);
  const size_t slash = name.find('/');
  span.Set("rpc.system", "grpc");
  if (slash != name.npos) span.Set("rpc.service", absl::StrCat("cognate.v1.", name.substr(0, slash)));
  span.Set("rpc.method", slash == name.npos ? name : name.substr(slash + 1));
}

}  // namespace cognate::grpc_support

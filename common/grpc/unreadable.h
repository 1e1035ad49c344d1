// What a caller hears whose message no handler could see.
#pragma once

#include <memory>
#include <vector>

#include <grpcpp/support/server_interceptor.h>

namespace cognate::grpc_support {

// A unary request that is not the message it should be, such as one with a text that is not UTF-8, is
// answered by the library with INTERNAL and no words. This makes it INVALID_ARGUMENT BAD_ENCODING, in words.
// ThreadSanitizer is told under `calls` when a call has ended.
std::vector<std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface>> ExplainUnreadableRequests(
    void* calls);

}  // namespace cognate::grpc_support

// Uploads by tus 1.0 under /files/tus, for clients without gRPC.
#pragma once

#include "services/gateway/files/file_call.h"
#include "services/gateway/routes.h"

namespace cognate::gateway {

void AddTusRoutes(Routes& routes, const FileParts& parts);

// Whether the body of a request comes in pieces.
bool IsUpload(const http::Request& request);

}  // namespace cognate::gateway

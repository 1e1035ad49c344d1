// Contents for browsers and other clients: GET and HEAD /files/sha256/{hex} with a key, /files/{token} by a
// link.
#pragma once

#include "services/gateway/files/file_call.h"
#include "services/gateway/routes.h"

namespace cognate::gateway {

void AddDownloadRoutes(Routes& routes, const FileParts& parts);

}  // namespace cognate::gateway

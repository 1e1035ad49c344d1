// What an address leads to that Bind has put into a field.
#pragma once

#include "absl/status/statusor.h"
#include "cognate/v1/file_transfer_service.pb.h"
#include "common/clock/clock.h"
#include "services/file_transfer/contents.h"
#include "services/file_transfer/links.h"
#include "services/file_transfer/placing/platforms.h"
#include "services/file_transfer/placing/stores.h"

namespace cognate::file_transfer {

struct LinkParts {
  const Clock& clock;
  const Links& links;
  Stores& stores;
  Platforms& platforms;
  Contents& contents;
};

absl::StatusOr<v1::OpenLastingLinkResponse> OpenLastingLink(const LinkParts& parts,
                                                            const v1::OpenLastingLinkRequest& request);

}  // namespace cognate::file_transfer

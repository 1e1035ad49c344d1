#include "services/file_transfer/placing/open_lasting_link.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/log/log.h"
#include "common/status/status_macros.h"
#include "services/file_transfer/errors.h"
#include "services/file_transfer/placing/names.h"

namespace cognate::file_transfer {
namespace {

// So often what somebody opens is compared with what the source has.
constexpr absl::Duration kLookEvery = absl::Minutes(5);

void SetSourceAddress(const PlatformFiles& files, const std::string& path,
                      v1::OpenLastingLinkResponse* response) {
  if (files.url.empty()) return;
  const SourcePath read = ReadSourcePath(path, "");
  if (read.path.empty()) return;
  response->set_source_address(AddressOf(files.url, read.path));
  response->set_allow_private_addresses(files.allow_private_addresses);
}

}  // namespace

absl::StatusOr<v1::OpenLastingLinkResponse> OpenLastingLink(const LinkParts& parts,
                                                            const v1::OpenLastingLinkRequest& request) {
  ASSIGN_OR_RETURN(const LastingLink opened, parts.links.OpenLasting(request.token()));
  const SourceFile file = {opened.platform, opened.path};
  ASSIGN_OR_RETURN(const std::vector<std::optional<LinkRow>> found,
                   parts.stores.links.Find(absl::MakeConstSpan(&file, 1)));
  if (!found.front().has_value()) return LinkedFileGone();
  const LinkRow& link = *found.front();
  const absl::StatusOr<std::shared_ptr<const PlatformFiles>> files = parts.platforms.Get(file.platform);
  if (absl::IsNotFound(files.status())) return LinkedFileGone();
  v1::OpenLastingLinkResponse response;
  response.set_name(link.name);
  // Without an answer of the registry the copy stands in for the source.
  if (files.ok()) SetSourceAddress(**files, file.path, &response);
  if (link.sha256.has_value()) {
    ASSIGN_OR_RETURN(const std::vector<std::optional<v1::File>> stored, parts.contents.Find({*link.sha256}));
    if (stored.front().has_value()) {
      *response.mutable_file() = *stored.front();
      RETURN_IF_ERROR(parts.contents.FillMediaType(response.mutable_file()));
      // What is stored under such a name is a drawing; libmagic calls one without a head text.
      if (ExtensionOf(link.name) == "svg") response.mutable_file()->set_media_type("image/svg+xml");
    }
  }
  if (!response.has_file() && !link.reason.empty()) {
    response.mutable_error()->set_reason(link.reason);
    response.mutable_error()->set_message(link.message);
  }
  const absl::Time now = parts.clock.Now();
  const absl::Status asked = parts.stores.links.Ask(file, now - kLookEvery, now);
  if (!asked.ok()) log::Warn("link not looked at", {{"status", asked}});
  return response;
}

}  // namespace cognate::file_transfer

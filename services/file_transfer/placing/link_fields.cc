#include "services/file_transfer/placing/link_fields.h"

#include "absl/strings/str_cat.h"
#include "common/value/value.h"
#include "services/file_transfer/placing/names.h"

namespace cognate::file_transfer {
namespace {

using absl::StrCat;

constexpr char kNoPublicUrl[] =
    "the sync gives out addresses of the gateway (file.link_fallback), and nothing says where readers reach "
    "it: start file-transfer and platform-registry with --public-url https://…, then redrive";
constexpr char kNoKey[] =
    "the sync gives out addresses of the gateway (file.link_fallback), and file-transfer has no key to sign "
    "them with: start it with --link-key-file, a file of `openssl rand -hex 32`, then redrive";

void RefuseWithoutPath(Wanted& wanted) {
  wanted.Refuse("FILE_HAS_NO_ADDRESS", StrCat(wanted.source->id, " does not say under which path it serves ",
                                              ShownName(wanted.name), "; its agent has to give the path"));
}

}  // namespace

bool IsLasting(const Wanted& wanted) {
  return wanted.rule->mode() == v1::FILE_MODE_LINK && wanted.rule->link_fallback();
}

void PlaceSourceAddress(Wanted& wanted) {
  wanted.is_linked = true;
  const std::string& url = wanted.source->url;
  if (url.empty()) {
    return wanted.Refuse("FILE_HAS_NO_ADDRESS",
                         StrCat("nothing says where ", wanted.source->id, " serves ", ShownName(wanted.name),
                                "; set it by `cognate platform update ", wanted.source->id,
                                " --files /its/directory --files-url https://…`"));
  }
  const SourcePath path = ReadSourcePath(wanted.source_path, url);
  if (path.path.empty()) return RefuseWithoutPath(wanted);
  wanted.Place(value::Text(AddressOf(url, path.path)));
}

void PlaceLastingAddress(const BindParts& parts, Wanted& wanted) {
  if (wanted.source_path.empty()) return RefuseWithoutPath(wanted);
  if (parts.public_url.empty()) return wanted.Refuse("NO_PUBLIC_URL", kNoPublicUrl);
  if (!parts.links.can_sign()) return wanted.Refuse("NO_LINK_KEY", kNoKey);
  wanted.link = SourceFile{wanted.source->id, wanted.source_path};
  const std::string token = parts.links.SignLasting({wanted.link->platform, wanted.link->path});
  wanted.Place(value::Text(StrCat(parts.public_url, kLastingPath, token)));
}

std::optional<SourceFile> FileOfAddress(const Links& links, absl::string_view text) {
  const absl::string_view token = LastingTokenOf(text);
  if (token.empty()) return std::nullopt;
  absl::StatusOr<LastingLink> link = links.OpenLasting(token);
  if (!link.ok()) return std::nullopt;
  return SourceFile{std::move(link->platform), std::move(link->path)};
}

}  // namespace cognate::file_transfer

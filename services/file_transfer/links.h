// Addresses under which a browser gets a content: all that is known of one stands in it, signed. Two kinds,
// which nobody can make of each other: of one content for a while, and of a source's file for good.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "cognate/v1/file_transfer_service.pb.h"

namespace cognate::file_transfer {

struct Parts;

struct Link {
  std::string sha256;
  std::string name;  // That a browser saves it under; may be empty.
  absl::Time expire_at;
};

// Leads to what the source has under this path, whatever that is at the moment.
struct LastingLink {
  std::string platform;
  std::string path;  // Below its files, or as its agent names it.
};

// Thread safe.
class Links {
 public:
  // The first key signs, all of them open. None: there are no links.
  explicit Links(std::vector<std::string> keys) : keys_(std::move(keys)) {}

  bool can_sign() const { return !keys_.empty(); }
  std::string Sign(const Link& link) const;
  // PERMISSION_DENIED LINK_REFUSED for what is none of ours, and for one that has expired.
  absl::StatusOr<Link> Open(absl::string_view token, absl::Time now) const;

  // The same for the same file, while the first key does not change.
  std::string SignLasting(const LastingLink& link) const;
  // PERMISSION_DENIED LINK_REFUSED for what is none of ours.
  absl::StatusOr<LastingLink> OpenLasting(absl::string_view token) const;

 private:
  bool IsSigned(absl::string_view kind, absl::string_view payload, absl::string_view signature) const;

  const std::vector<std::string> keys_;
};

// Of a file: one key on each line, of at least 32 characters. FAILED_PRECONDITION for one that is shorter.
absl::StatusOr<std::vector<std::string>> LinkKeys(absl::string_view text);

absl::StatusOr<v1::CreateLinkResponse> CreateLink(Parts& parts, const v1::CreateLinkRequest& request);
absl::StatusOr<v1::OpenLinkResponse> OpenLink(Parts& parts, const v1::OpenLinkRequest& request);

}  // namespace cognate::file_transfer

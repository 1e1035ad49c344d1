// What can go wrong between us and an S3 server, each with its words and, as its reason, its name.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/s3/transport.h"

namespace cognate::s3 {

// UNAVAILABLE: the same may go well later.
absl::Status Unavailable(absl::string_view what);
absl::Status TlsFailed(absl::string_view what);
// The other side is no S3 server, or lies.
absl::Status Unreadable(absl::string_view what);

struct Asked {
  std::string bucket;
  std::string key;  // empty: for the bucket itself
  std::string region;
  absl::Time now;
};

// Of an answer that is no success, or of a success whose body is an error. The body's own words are in it,
// but nothing that was signed.
absl::Status ErrorOf(const HttpAnswer& answer, const Asked& asked);

// Whether the same may go well later.
bool IsPassing(const absl::Status& status);

}  // namespace cognate::s3

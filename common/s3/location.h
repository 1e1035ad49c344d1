// Which server, which bucket, and how both stand in the address of an object.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace cognate::s3 {

struct BucketAndPrefix {
  std::string bucket;
  std::string prefix;  // without `/` at its ends; may be empty
};

// "s3://bucket/prefix". INVALID_ARGUMENT says what is wrong with it.
absl::StatusOr<BucketAndPrefix> ParseLocation(absl::string_view location);

struct Endpoint {
  std::string scheme;  // "https" or "http"
  std::string host;    // as the header Host
};

struct EndpointOptions {
  std::string endpoint;  // "https://s3.example.org:9000"; empty: Amazon's of the region
  std::string region;
  bool path_style = false;
  // http:// also to other machines than this one. What is sent is signed and not encrypted then.
  bool allow_plaintext = false;
};

// INVALID_ARGUMENT says what is wrong with it.
absl::StatusOr<Endpoint> ParseEndpoint(const EndpointOptions& options);

// Where the objects of one bucket are.
class Bucket {
 public:
  // INVALID_ARGUMENT where the name is none that can stand there.
  static absl::StatusOr<Bucket> Create(const Endpoint& endpoint, absl::string_view bucket, bool path_style);

  const std::string& name() const { return name_; }
  const std::string& host() const { return host_; }
  bool is_secure() const { return scheme_ == "https"; }
  // Of an object, or of the bucket itself where `key` is empty; not encoded.
  std::string Path(absl::string_view key) const;
  // The whole address of what is encoded already.
  std::string Url(absl::string_view target) const;

 private:
  std::string name_, scheme_, host_, base_path_;
};

}  // namespace cognate::s3

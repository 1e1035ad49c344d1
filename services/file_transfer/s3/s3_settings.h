#pragma once

#include <string>

#include "common/config/settings.h"
#include "common/s3/client.h"

namespace cognate::file_transfer {

// What --file-store s3://… needs besides.
struct S3Settings {
  std::string endpoint;
  std::string region = "us-east-1";
  std::string access_key;
  std::string secret_key;     // A secret.
  std::string session_token;  // A secret.
  std::string ca_file;
  bool path_style = false;
  bool plaintext = false;
  std::string staging;  // A directory, absolute.

  void Register(config::Settings& settings);
  // Of a `file_store` that is one; but for `staging`, which `cognate up` has one of its own of.
  absl::Status Validate(absl::string_view file_store) const;
  absl::Status ValidateStaging() const;
  s3::Options Options(absl::string_view file_store) const;
};

bool IsS3(absl::string_view file_store);

}  // namespace cognate::file_transfer

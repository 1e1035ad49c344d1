#include "services/file_transfer/s3/s3_settings.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/clock/clock.h"

namespace cognate::file_transfer {

bool IsS3(absl::string_view file_store) { return absl::StartsWith(file_store, "s3:"); }

void S3Settings::Register(config::Settings& settings) {
  settings.Add("s3-endpoint", &endpoint,
               "The S3 server of --file-store s3://…, https://host; empty: Amazon's of the region");
  settings.Add("s3-region", &region, "The region that S3 requests are signed for");
  settings.AddSecret("s3-access-key", &access_key, "The id of the S3 access key");
  settings.AddSecret("s3-secret-key", &secret_key, "The secret of the S3 access key");
  settings.AddSecret("s3-session-token", &session_token,
                     "The token that belongs to a temporary S3 access key");
  settings.Add("s3-path-style", &path_style,
               "Put the bucket into the path instead of before the host, as MinIO wants it");
  settings.Add("s3-plaintext", &plaintext, "Reach an S3 server on another machine by http://");
  settings.Add("s3-ca-file", &ca_file,
               "Certificates (PEM) that the S3 server's is signed by; empty: the machine's");
  settings.Add("file-staging", &staging,
               "With --file-store s3://…, the directory that keeps files until they are whole");
}

absl::Status S3Settings::Validate(absl::string_view file_store) const {
  const absl::StatusOr<s3::BucketAndPrefix> location = s3::ParseLocation(file_store);
  if (!location.ok()) {
    return config::Wrong("file-store", file_store,
                         absl::StrCat("s3://bucket/prefix: it has ", location.status().message()));
  }
  if (access_key.empty()) return config::Wrong("s3-access-key", "", "the id of an access key");
  if (secret_key.empty()) return config::Wrong("s3-secret-key", "", "its secret (--s3-secret-key-file)");
  absl::Status client = s3::Client::Create(Options(file_store), Clock::Real()).status();
  if (client.ok()) return client;
  return config::Wrong(
      "s3-endpoint", endpoint,
      absl::StrCat("https://host or https://host:port that fits --s3-region and the bucket: it has ",
                   client.message()));
}

absl::Status S3Settings::ValidateStaging() const {
  if (absl::StartsWith(staging, "/")) return absl::OkStatus();
  return config::Wrong("file-staging", staging,
                       "an absolute directory on a disk that stays, such as /var/lib/cognate/staging");
}

s3::Options S3Settings::Options(absl::string_view file_store) const {
  s3::Options options;
  options.endpoint = {endpoint, region, path_style, plaintext};
  const absl::StatusOr<s3::BucketAndPrefix> location = s3::ParseLocation(file_store);
  if (location.ok()) options.bucket = location->bucket;
  options.credentials = s3::Credentials(access_key, secret_key, session_token);
  options.transport.ca_file = ca_file;
  return options;
}

}  // namespace cognate::file_transfer

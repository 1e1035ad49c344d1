// A private MinIO for tests, on a port of loopback: the S3 server that `make tools` installs. Tests skip
// without it.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "common/process/process.h"
#include "common/s3/signer.h"
#include "tests/support/temp_dir.h"

namespace cognate::test_support {

class MinioServer {
 public:
  static constexpr char kBinary[] = ".tools/bin/minio";
  static constexpr char kBucket[] = "cognate-test";

  static bool IsInstalled();
  static absl::StatusOr<std::unique_ptr<MinioServer>> Start();
  ~MinioServer() { process_.Kill(); }

  int port() const { return port_; }
  std::string endpoint() const;
  static s3::Credentials Key();

 private:
  MinioServer() : directory_("cgm") {}
  absl::Status Launch();

  TempDir directory_;
  int port_ = 0;
  process::Process process_;
};

}  // namespace cognate::test_support

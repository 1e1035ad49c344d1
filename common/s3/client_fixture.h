// A client and a server in memory that checks every signature, for the tests of both.
#pragma once

#include <memory>
#include <random>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/s3/client.h"
#include "tests/support/fake_s3.h"
#include "tests/support/status_matchers.h"

namespace cognate::s3 {

inline std::string Noise(size_t size) {
  std::mt19937_64 random(size);
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

class ClientTest : public ::testing::Test {
 protected:
  Options MakeOptions(int port = 0) {
    Options options;
    options.endpoint = {port == 0 ? server_.endpoint() : absl::StrCat("http://127.0.0.1:", port), "us-east-1",
                        true};
    options.bucket = test_support::FakeS3::kBucket;
    options.credentials = test_support::FakeS3::Key();
    options.backoff = {absl::Milliseconds(1), 2.0, absl::Milliseconds(20)};
    return options;
  }
  static std::unique_ptr<Client> Make(const Options& options) {
    return test_support::ValueOrDie(Client::Create(options, Clock::Real()));
  }

  static absl::StatusOr<std::string> Read(Client& client, absl::string_view key, int64_t offset = 0,
                                          int64_t limit = -1) {
    std::string content;
    const absl::Status status = client.Get(key, offset, limit, [&](absl::string_view data) {
      content.append(data.data(), data.size());
      return true;
    });
    if (!status.ok()) return status;
    return content;
  }

  test_support::FakeS3 server_;
  std::unique_ptr<Client> client_ = Make(MakeOptions());
};

}  // namespace cognate::s3

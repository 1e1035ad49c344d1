// The service with keys of platforms, and a clock that can be put forward.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <string>

#include "common/access/gate.h"
#include "common/access/secret_text.h"
#include "common/status/error.h"
#include "services/file_transfer/testing/files_fixture.h"

namespace cognate::file_transfer {

class ForwardClock final : public Clock {
 public:
  absl::Time Now() const override { return absl::Now() + absl::Seconds(ahead_.load()); }
  void Advance(int64_t seconds) { ahead_ += seconds; }

 private:
  std::atomic<int64_t> ahead_ = 0;
};

class KeysTest : public FilesTest {
 protected:
  KeysTest() {
    Stop();
    shop_ = MakeKey("shop");
    blog_ = MakeKey("blog");
    access::GateOptions options;
    options.verify = [this](const std::string& secret, const std::string&) -> absl::StatusOr<v1::Principal> {
      const auto found = principals_.find(secret);
      if (found == principals_.end())
        return Error(absl::StatusCode::kUnauthenticated, "KEY_INVALID", "no key of this test");
      return found->second;
    };
    access_ = std::make_unique<access::Gate>(std::move(options), Clock::Real());
    gate_ = access_.get();
    clock_ = &forward_;
    Start();
  }
  ~KeysTest() override { Stop(); }

  template <typename Request, typename Response>
  absl::StatusOr<Response> CallAs(const std::string& key,
                                  grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&,
                                                               Response*),
                                  const Request& request) {
    grpc::ClientContext context;
    context.AddMetadata("authorization", absl::StrCat("Bearer ", key));
    Response response;
    const absl::Status status = grpc_support::FromGrpcStatus((stub().*method)(&context, request, &response));
    if (!status.ok()) return status;
    return response;
  }

  bool HasAs(const std::string& key, const std::string& platform, const std::string& content) {
    v1::CheckRequest request;
    request.set_platform(platform);
    request.add_sha256s(files::Sha256(content));
    const auto response = CallAs(key, &Stub::Check, request);
    EXPECT_OK(response);
    return response.ok() && response->has(0);
  }

  std::string shop_, blog_;
  ForwardClock forward_;

 private:
  std::string MakeKey(const std::string& platform) {
    const access::NewSecret secret = access::MakeSecret(access::kKeyPrefix);
    v1::Principal& principal = principals_[secret.text];
    principal.set_name("keys/" + secret.id);
    principal.set_role(v1::ROLE_PLATFORM);
    principal.set_platform(platform);
    return secret.text;
  }

  std::map<std::string, v1::Principal> principals_;
  std::unique_ptr<access::Gate> access_;
};

}  // namespace cognate::file_transfer

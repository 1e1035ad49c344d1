// One request about files: whose it is, and what is asked of the services for it.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "google/protobuf/message.h"
#include "services/gateway/call.h"
#include "services/gateway/files/active_uploads.h"
#include "services/gateway/files/downloads.h"
#include "services/gateway/files/source_watch.h"
#include "services/gateway/rpc_table.h"
#include "services/gateway/upstream_client.h"

namespace cognate::gateway {

// What requests about files need; all of it outlives them.
struct FileParts {
  const RpcTable& rpcs;
  UpstreamClient& upstream;
  ActiveUploads& active;
  SourceWatch& sources;
  Downloads& downloads;
  int64_t max_upload_bytes;
  absl::Duration upload_lifetime;
  absl::Duration timeout;  // Of a call that moves no content.
};

// Of the loop's thread, all of it: what is asked is answered there.
class FileCall : public std::enable_shared_from_this<FileCall> {
 public:
  FileCall(const FileParts& parts, CallPtr call) : parts_(parts), call_(std::move(call)) {}
  virtual ~FileCall() = default;

  // For whom a service is asked: for who calls here, or, where that one has shown a link, for the gateway.
  enum class Rights { kCaller, kGateway };

 protected:
  // The platform of the caller's key, or the one that the header `cognate-platform` names. `then` is called
  // with it; without one too, unless it is needed: then the request is refused.
  void FindPlatform(bool is_needed, std::function<void()> then);

  // One unary RPC.
  template <typename Response>
  void Ask(absl::string_view rpc, const google::protobuf::Message& request,
           std::function<void(absl::StatusOr<Response>)> then, Rights rights = Rights::kCaller) {
    AskBytes(rpc, request.SerializeAsString(), rights, [then](absl::StatusOr<std::string> message) {
      if (!message.ok()) return then(message.status());
      Response response;
      response.ParseFromString(*message);
      then(std::move(response));
    });
  }

  UpstreamRequest RequestTo(absl::string_view rpc, Rights rights) const;
  void Post(std::function<void()> task) { call_->exchange().loop().Post(std::move(task)); }

  const FileParts& parts_;
  const CallPtr call_;
  std::string platform_;

 private:
  void AskBytes(absl::string_view rpc, std::string message, Rights rights,
                std::function<void(absl::StatusOr<std::string>)> then);
};

}  // namespace cognate::gateway

#include "services/gateway/files/file_call.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "cognate/v1/key_service.pb.h"
#include "common/ids/request_id.h"
#include "services/gateway/files/upload_headers.h"

namespace cognate::gateway {
namespace {

constexpr char kPlatformHeader[] = "cognate-platform";
constexpr size_t kLongestPlatform = 200;

}  // namespace

UpstreamRequest FileCall::RequestTo(absl::string_view rpc, Rights rights) const {
  const RpcEntry& entry = *parts_.rpcs.Find(absl::StrCat("/cognate.v1.", rpc));
  UpstreamRequest request;
  request.address = entry.address;
  request.path = entry.path;
  request.metadata = rights == Rights::kCaller ? call_->metadata() : call_->own_metadata();
  return request;
}

void FileCall::AskBytes(absl::string_view rpc, std::string message, Rights rights,
                        std::function<void(absl::StatusOr<std::string>)> then) {
  UpstreamRequest request = RequestTo(rpc, rights);
  request.deadline = call_->clock().Now() + parts_.timeout;
  request.message = std::move(message);
  const auto done = [self = shared_from_this(), then](UpstreamAnswer answer) {
    self->Post([then, kept = std::make_shared<UpstreamAnswer>(std::move(answer))] {
      then(kept->status.ok() ? absl::StatusOr<std::string>(std::move(kept->message)) : kept->status);
    });
  };
  parts_.upstream.Call(std::move(request), done);
}

void FileCall::FindPlatform(bool is_needed, std::function<void()> then) {
  const absl::string_view named =
      absl::StripPrefix(http::Find(call_->request().headers, kPlatformHeader), "platforms/");
  if (named.size() > kLongestPlatform)
    return call_->Refuse(InvalidHeader(kPlatformHeader, "want the id of a platform"));
  platform_ = std::string(named);
  if (!platform_.empty()) return then();
  Ask<v1::WhoAmIResponse>(
      "KeyService/WhoAmI", v1::WhoAmIRequest(),
      [self = shared_from_this(), is_needed, then](absl::StatusOr<v1::WhoAmIResponse> who) {
        if (!who.ok()) return self->call_->Refuse(who.status());
        self->platform_ = who->principal().platform();
        if (is_needed && self->platform_.empty()) {
          return self->call_->Refuse(
              InvalidHeader(kPlatformHeader, "the key is of no platform: say here which one sends the file"));
        }
        then();
      });
}

}  // namespace cognate::gateway

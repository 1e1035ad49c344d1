// One call of FileTransferService/Write, message by message.
#pragma once

#include <functional>
#include <memory>

#include "absl/status/statusor.h"
#include "cognate/v1/file_transfer_service.pb.h"
#include "common/http/event_loop.h"
#include "services/gateway/upstream_client.h"

namespace cognate::gateway {

// Of the loop's thread, all of it. Kept alive by the call until its end.
class WriteStream : public std::enable_shared_from_this<WriteStream> {
 public:
  // Asks for the next message: Send, or Close, now or later.
  using Next = std::function<void()>;
  using Done = std::function<void(absl::StatusOr<v1::WriteResponse>)>;

  // Sends `first`, and calls `next` when there is room for another one. `done` comes last, at any time.
  static std::shared_ptr<WriteStream> Start(UpstreamClient& upstream, http::EventLoop& loop,
                                            UpstreamRequest request, v1::WriteRequest first, Next next,
                                            Done done);

  void Send(const v1::WriteRequest& message, bool is_last);
  // What was sent is committed.
  void Close();
  // What is not committed yet may be lost.
  void Cancel();

 private:
  WriteStream(http::EventLoop& loop, Next next, Done done)
      : loop_(loop), next_(std::move(next)), done_(std::move(done)) {}
  void Ready();
  void End(UpstreamAnswer answer);

  http::EventLoop& loop_;
  Next next_;
  Done done_;
  v1::WriteRequest first_;
  bool is_begun_ = false;
  bool is_closed_ = false;
  bool is_over_ = false;
  std::shared_ptr<UpstreamCall> call_;
};

}  // namespace cognate::gateway

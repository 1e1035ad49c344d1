#include "services/gateway/files/write_stream.h"

#include <utility>

namespace cognate::gateway {

std::shared_ptr<WriteStream> WriteStream::Start(UpstreamClient& upstream, http::EventLoop& loop,
                                                UpstreamRequest request, v1::WriteRequest first, Next next,
                                                Done done) {
  const std::shared_ptr<WriteStream> stream(new WriteStream(loop, std::move(next), std::move(done)));
  stream->first_ = std::move(first);
  stream->call_ = upstream.Upload(
      std::move(request), [stream] { stream->loop_.Post([stream] { stream->Ready(); }); },
      [stream](UpstreamAnswer answer) {
        stream->loop_.Post([stream, kept = std::make_shared<UpstreamAnswer>(std::move(answer))] {
          stream->End(std::move(*kept));
        });
      });
  return stream;
}

void WriteStream::Ready() {
  if (is_over_ || is_closed_) return;
  if (!std::exchange(is_begun_, true)) return call_->Write(first_.SerializeAsString(), /*is_last=*/false);
  next_();
}

void WriteStream::Send(const v1::WriteRequest& message, bool is_last) {
  if (is_over_ || is_closed_) return;
  is_closed_ = is_last;
  call_->Write(message.SerializeAsString(), is_last);
}

void WriteStream::Close() {
  if (is_over_ || std::exchange(is_closed_, true)) return;
  call_->Close();
}

void WriteStream::Cancel() {
  if (is_over_) return;
  is_closed_ = true;
  call_->Cancel();
}

void WriteStream::End(UpstreamAnswer answer) {
  is_over_ = true;
  const Done done = std::exchange(done_, nullptr);
  next_ = nullptr;
  if (!answer.status.ok()) return done(answer.status);
  v1::WriteResponse response;
  response.ParseFromString(answer.message);
  done(std::move(response));
}

}  // namespace cognate::gateway

#include <event2/buffer.h>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "common/http/http2_session.h"

namespace cognate::http {
namespace {

absl::string_view Text(const uint8_t* bytes, size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

void ReadHeader(Request& request, absl::string_view name, std::string value) {
  if (name == ":method") {
    request.method = std::move(value);
  } else if (name == ":authority") {
    request.authority = std::move(value);
  } else if (name == ":path") {
    const size_t mark = value.find('?');
    request.path = value.substr(0, mark);
    if (mark != std::string::npos) request.query = value.substr(mark + 1);
  } else if (!absl::StartsWith(name, ":")) {
    if (name == "host" && request.authority.empty()) request.authority = value;
    request.headers.push_back({std::string(name), std::move(value)});
  }
}

}  // namespace

void Http2Session::Receive(evbuffer* input) {
  is_busy_ = true;  // The library must not be asked to send from within.
  while (!failed_ && evbuffer_get_length(input) > 0) {
    evbuffer_iovec piece;
    if (evbuffer_peek(input, -1, nullptr, &piece, 1) < 1) break;
    const ssize_t taken =
        nghttp2_session_mem_recv(session_, static_cast<const uint8_t*>(piece.iov_base), piece.iov_len);
    if (taken < 0) failed_ = true;
    evbuffer_drain(input, piece.iov_len);
  }
  is_busy_ = false;
  if (failed_) nghttp2_session_terminate_session(session_, NGHTTP2_PROTOCOL_ERROR);
  Flush();
}

void Http2Session::Hand(Http2Stream& stream) {
  stream.is_handed = true;
  if (desk_.draining()) return RefuseStream(stream, IsStopping());
  if (wire_.refusal() != nullptr) return RefuseStream(stream, *wire_.refusal());
  stream.request_method = stream.request.method;
  stream.request.address = wire_.address();
  stream.request.version = 2;
  stream.exchange = std::make_shared<Exchange>(desk_.loop(), &stream, std::move(stream.request));
  desk_.Handle(stream.exchange);
}

void Http2Session::GivePiece(Http2Stream& stream) {
  if (!stream.is_asked || (stream.piece.empty() && !stream.is_whole)) return;
  stream.is_asked = false;
  std::string piece = std::exchange(stream.piece, std::string());
  stream.pace.Take(Monotonic(), piece.size());
  Release(stream);
  if (!piece.empty()) nghttp2_session_consume_stream(session_, stream.id, piece.size());
  // The stream may end with it.
  const ExchangePtr exchange = stream.exchange;
  const bool is_last = stream.is_whole;
  Flush();
  exchange->Give(std::move(piece), is_last);
}

void Http2Session::Forget(Http2Stream& stream) {
  Release(stream);
  stream.Uncount(stream.counted);
  if (stream.exchange != nullptr)
    stream.exchange->Detach(/*complete=*/stream.is_ended && stream.unsent_bytes() == 0);
}

Http2Stream* Http2Session::Of(int32_t id) {
  const auto found = streams_.find(id);
  return found == streams_.end() ? nullptr : found->second.get();
}

int Http2Session::OnBeginHeaders(nghttp2_session*, const nghttp2_frame* frame, void* user) {
  auto& self = *static_cast<Http2Session*>(user);
  if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST) return 0;
  const int32_t id = frame->hd.stream_id;
  self.streams_.try_emplace(id, std::make_unique<Http2Stream>(self, id));
  return 0;
}

int Http2Session::OnHeader(nghttp2_session*, const nghttp2_frame* frame, const uint8_t* name,
                           size_t name_size, const uint8_t* value, size_t value_size, uint8_t /*flags*/,
                           void* user) {
  auto& self = *static_cast<Http2Session*>(user);
  Http2Stream* const stream = self.Of(frame->hd.stream_id);
  // Trailers are not looked at.
  if (stream == nullptr || frame->headers.cat != NGHTTP2_HCAT_REQUEST || stream->is_dropped) return 0;
  stream->head_bytes += name_size + value_size + 32;
  const HttpServerOptions& options = self.desk_.options();
  if (stream->head_bytes > options.max_head_bytes || stream->request.headers.size() >= options.max_headers) {
    self.RefuseStream(*stream, {Refusal::Kind::kHeadTooLarge, 431, "the headers are too long"});
    return 0;
  }
  ReadHeader(stream->request, Text(name, name_size), std::string(Text(value, value_size)));
  return 0;
}

int Http2Session::OnData(nghttp2_session*, uint8_t /*flags*/, int32_t id, const uint8_t* bytes, size_t size,
                         void* user) {
  auto& self = *static_cast<Http2Session*>(user);
  nghttp2_session_consume_connection(self.session_, size);
  Http2Stream* const stream = self.Of(id);
  if (stream != nullptr) self.TakeData(*stream, Text(bytes, size));
  // Of a piecewise body more may come when what there is was taken.
  if (stream == nullptr || !stream->is_piecewise || stream->is_dropped)
    nghttp2_session_consume_stream(self.session_, id, size);
  return 0;
}

void Http2Session::TakeData(Http2Stream& stream, absl::string_view bytes) {
  if (stream.is_dropped) return;
  stream.body_bytes += bytes.size();
  if (stream.body_bytes > BodyBound(stream))
    return RefuseStream(stream, {Refusal::Kind::kBodyTooLarge, 413, "the body is too large"});
  if (!memory().Take(bytes.size())) return RefuseStream(stream, NoMemory());
  stream.reserved += bytes.size();
  std::string& body = stream.is_piecewise ? stream.piece : stream.request.body;
  body.append(bytes.data(), bytes.size());
  if (stream.piece.size() >= kPieceBytes) GivePiece(stream);
}

uint64_t Http2Session::BodyBound(const Http2Stream& stream) const {
  return stream.is_piecewise ? desk_.options().max_piecewise_bytes : desk_.options().max_body_bytes;
}

int Http2Session::OnFrame(nghttp2_session*, const nghttp2_frame* frame, void* user) {
  auto& self = *static_cast<Http2Session*>(user);
  if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA) return 0;
  Http2Stream* const stream = self.Of(frame->hd.stream_id);
  if (stream == nullptr || stream->is_dropped) return 0;
  stream->is_whole = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
  if (stream->is_handed) {
    self.GivePiece(*stream);
  } else if (frame->hd.type == NGHTTP2_HEADERS) {
    self.TakeHead(*stream);
  } else if (stream->is_whole) {
    self.Hand(*stream);
  }
  return 0;
}

void Http2Session::TakeHead(Http2Stream& stream) {
  const HttpServerOptions& options = desk_.options();
  stream.is_piecewise = options.is_piecewise && options.is_piecewise(stream.request);
  CheckLength(stream);
  if (!stream.is_dropped && (stream.is_piecewise || stream.is_whole)) Hand(stream);
}

void Http2Session::CheckLength(Http2Stream& stream) {
  uint64_t length = 0;
  const absl::string_view text = Find(stream.request.headers, "content-length");
  if (absl::SimpleAtoi(text, &length) && length > BodyBound(stream))
    RefuseStream(stream, {Refusal::Kind::kBodyTooLarge, 413, "the body is too large"});
}

int Http2Session::OnStreamClose(nghttp2_session*, int32_t id, uint32_t /*error*/, void* user) {
  auto& self = *static_cast<Http2Session*>(user);
  const auto found = self.streams_.find(id);
  if (found == self.streams_.end() || self.is_closing_) return 0;
  const std::unique_ptr<Http2Stream> stream = std::move(found->second);
  self.streams_.erase(found);
  self.idle_since_ = Monotonic();
  self.Forget(*stream);
  return 0;
}

}  // namespace cognate::http

#include <algorithm>
#include <cstring>
#include <utility>

#include <event2/buffer.h>
#include <nghttp2/nghttp2.h>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/http/http2_stream.h"
#include "common/http/session.h"

namespace cognate::http {
namespace {

constexpr size_t kOutputBound = 256 << 10;  // More is made once this is sent.
constexpr int32_t kConnectionWindow = 4 << 20;
constexpr uint32_t kStreamWindow = 1 << 20;
// What a peer may make a connection do beside its requests.
constexpr size_t kMaxSettings = 32;
constexpr size_t kMaxAcknowledgements = 1000;

absl::string_view Text(const uint8_t* bytes, size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

nghttp2_nv Pair(const std::string& name, const std::string& value) {
  return {reinterpret_cast<uint8_t*>(const_cast<char*>(name.data())),
          reinterpret_cast<uint8_t*>(const_cast<char*>(value.data())), name.size(), value.size(),
          NGHTTP2_NV_FLAG_NONE};
}

class Http2Session final : public Session, public Http2Streams {
 public:
  Http2Session(Desk& desk, Wire& wire) : desk_(desk), wire_(wire), idle_since_(Monotonic()) { Open(); }
  ~Http2Session() override {
    is_closing_ = true;
    for (auto& [id, stream] : streams_) Forget(*stream);
    nghttp2_session_del(session_);
  }

  void Receive(evbuffer* input) override {
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

  void HasRoom() override { Flush(); }

  void Sweep(absl::Duration now) override {
    const HttpServerOptions& options = desk_.options();
    is_busy_ = true;  // Sending could end streams that are being looked at.
    for (auto& [id, stream] : streams_) {
      if (!stream->is_handed && !stream->is_answered && now - stream->since > options.request_timeout)
        RefuseStream(*stream, TooSlow(options.request_timeout));
      if (stream->is_asked && now - stream->since > options.longest_piecewise)
        RefuseStream(*stream, TooSlow(options.longest_piecewise));
      if (stream->is_asked && stream->pace.IsTooSlow(now, options.request_timeout))
        RefuseStream(*stream, TooSlowPieces(options.request_timeout));
      if (stream->unsent_bytes() > 0 && now - stream->moved > options.unread_timeout)
        nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, id, NGHTTP2_CANCEL);
      // Some clients read their answer only after they have sent everything; they have a moment for it.
      if (stream->is_dropped && stream->unsent_bytes() == 0 && now - stream->moved > kLinger)
        nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, id, NGHTTP2_NO_ERROR);
    }
    is_busy_ = false;
    if (!streams_.empty()) {
      idle_since_ = now;
    } else if (!is_over_ && (now - idle_since_ > options.idle_timeout || desk_.draining())) {
      is_over_ = true;
      nghttp2_session_terminate_session(session_, NGHTTP2_NO_ERROR);
    }
    Flush();
  }

  void Drain() override {
    nghttp2_submit_shutdown_notice(session_);
    Flush();
  }

 private:
  void Open() {
    nghttp2_session_callbacks* callbacks = nullptr;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, &OnBeginHeaders);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, &OnHeader);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, &OnData);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, &OnFrame);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, &OnStreamClose);
    nghttp2_option* option = nullptr;
    nghttp2_option_new(&option);
    nghttp2_option_set_max_settings(option, kMaxSettings);
    nghttp2_option_set_max_outbound_ack(option, kMaxAcknowledgements);
    nghttp2_option_set_max_deflate_dynamic_table_size(option, 4096);
    nghttp2_option_set_no_auto_window_update(option, 1);  // A body is asked for as it is taken.
    nghttp2_session_server_new2(&session_, callbacks, this, option);
    nghttp2_option_del(option);
    nghttp2_session_callbacks_del(callbacks);
    const nghttp2_settings_entry settings[] = {
        {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, desk_.options().max_streams},
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, kStreamWindow},
        {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, static_cast<uint32_t>(desk_.options().max_head_bytes)}};
    nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings, std::size(settings));
    nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0, kConnectionWindow);
    Flush();
  }

  // Sends what there is, as far as the client takes it.
  void Flush() {
    if (is_busy_) return;
    is_busy_ = true;
    while (evbuffer_get_length(wire_.output()) < kOutputBound) {
      const uint8_t* bytes = nullptr;
      const ssize_t size = nghttp2_session_mem_send(session_, &bytes);
      if (size <= 0) break;
      evbuffer_add(wire_.output(), bytes, static_cast<size_t>(size));
    }
    is_busy_ = false;
    for (const auto& call : std::exchange(taken_, {})) call();
    if (nghttp2_session_want_read(session_) == 0 && nghttp2_session_want_write(session_) == 0)
      wire_.CloseWhenSent();
  }

  void SubmitHeaders(Http2Stream& stream, int status, const Headers& headers) override {
    if (std::exchange(stream.is_answered, true)) return;
    const std::string code = absl::StrCat(status);
    const std::string date = DateText();
    static const std::string& kStatusName = *new std::string(":status");
    static const std::string& kDateName = *new std::string("date");
    std::vector<nghttp2_nv> pairs = {Pair(kStatusName, code), Pair(kDateName, date)};
    for (const Header& header : headers) {
      if (IsSendable(header)) pairs.push_back(Pair(header.name, header.value));
    }
    nghttp2_data_provider provider;
    provider.source.ptr = &stream;
    provider.read_callback = &ReadBody;
    const bool is_empty = stream.is_ended && stream.unsent.empty();
    nghttp2_submit_response(session_, stream.id, pairs.data(), pairs.size(), is_empty ? nullptr : &provider);
    Flush();
  }

  void Resume(Http2Stream& stream) override {
    nghttp2_session_resume_data(session_, stream.id);
    Flush();
  }

  // Also where somebody answers it already, whose answer then nobody takes any more.
  void RefuseStream(Http2Stream& stream, const Refusal& refusal) {
    if (stream.exchange != nullptr) stream.exchange->Detach(/*complete=*/false);
    stream.is_dropped = true;
    stream.is_asked = false;
    Release(stream);
    stream.request.body = std::string();
    stream.piece = std::string();
    if (!stream.is_answered) {
      stream.Respond(desk_.Refuse(refusal));
    } else if (!stream.is_ended) {
      Reset(stream);
    }
  }

  void Hand(Http2Stream& stream) {
    stream.is_handed = true;
    if (desk_.draining()) return RefuseStream(stream, IsStopping());
    if (wire_.refusal() != nullptr) return RefuseStream(stream, *wire_.refusal());
    stream.request_method = stream.request.method;
    stream.request.address = wire_.address();
    stream.request.version = 2;
    stream.exchange = std::make_shared<Exchange>(desk_.loop(), &stream, std::move(stream.request));
    desk_.Handle(stream.exchange);
  }

  void Release(Http2Stream& stream) { memory().Give(std::exchange(stream.reserved, 0)); }
  Memory& memory() override { return *desk_.memory(); }
  Response Refuse(const Refusal& refusal) override { return desk_.Refuse(refusal); }

  void Reset(Http2Stream& stream) override {
    stream.is_asked = false;
    nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, stream.id, NGHTTP2_INTERNAL_ERROR);
    Flush();
  }

  // The client may send more once this was taken.
  void GivePiece(Http2Stream& stream) override {
    if (!stream.is_asked || (stream.piece.empty() && !stream.is_whole)) return;
    stream.is_asked = false;
    std::string piece = std::exchange(stream.piece, std::string());
    stream.pace.Take(Monotonic(), piece.size());
    Release(stream);
    if (!piece.empty()) nghttp2_session_consume_stream(session_, stream.id, piece.size());
    Flush();
    stream.exchange->Give(std::move(piece), stream.is_whole);
  }

  void Forget(Http2Stream& stream) {
    Release(stream);
    stream.Uncount(stream.counted);
    if (stream.exchange != nullptr)
      stream.exchange->Detach(/*complete=*/stream.is_ended && stream.unsent_bytes() == 0);
  }

  Http2Stream* Of(int32_t id) {
    const auto found = streams_.find(id);
    return found == streams_.end() ? nullptr : found->second.get();
  }

  static int OnBeginHeaders(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    auto& self = *static_cast<Http2Session*>(user);
    if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST) return 0;
    const int32_t id = frame->hd.stream_id;
    self.streams_.try_emplace(id, std::make_unique<Http2Stream>(self, id));
    return 0;
  }

  static int OnHeader(nghttp2_session*, const nghttp2_frame* frame, const uint8_t* name, size_t name_size,
                      const uint8_t* value, size_t value_size, uint8_t /*flags*/, void* user) {
    auto& self = *static_cast<Http2Session*>(user);
    Http2Stream* const stream = self.Of(frame->hd.stream_id);
    // Trailers are not looked at.
    if (stream == nullptr || frame->headers.cat != NGHTTP2_HCAT_REQUEST || stream->is_dropped) return 0;
    stream->head_bytes += name_size + value_size + 32;
    const HttpServerOptions& options = self.desk_.options();
    if (stream->head_bytes > options.max_head_bytes ||
        stream->request.headers.size() >= options.max_headers) {
      self.RefuseStream(*stream, {Refusal::Kind::kHeadTooLarge, 431, "the headers are too long"});
      return 0;
    }
    self.ReadHeader(stream->request, Text(name, name_size), std::string(Text(value, value_size)));
    return 0;
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

  static int OnData(nghttp2_session*, uint8_t /*flags*/, int32_t id, const uint8_t* bytes, size_t size,
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

  void TakeData(Http2Stream& stream, absl::string_view bytes) {
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

  uint64_t BodyBound(const Http2Stream& stream) const {
    return stream.is_piecewise ? desk_.options().max_piecewise_bytes : desk_.options().max_body_bytes;
  }

  static int OnFrame(nghttp2_session*, const nghttp2_frame* frame, void* user) {
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

  void TakeHead(Http2Stream& stream) {
    const HttpServerOptions& options = desk_.options();
    stream.is_piecewise = options.is_piecewise && options.is_piecewise(stream.request);
    CheckLength(stream);
    if (!stream.is_dropped && (stream.is_piecewise || stream.is_whole)) Hand(stream);
  }

  // Before a body that says that it is too large.
  void CheckLength(Http2Stream& stream) {
    uint64_t length = 0;
    const absl::string_view text = Find(stream.request.headers, "content-length");
    if (absl::SimpleAtoi(text, &length) && length > BodyBound(stream))
      RefuseStream(stream, {Refusal::Kind::kBodyTooLarge, 413, "the body is too large"});
  }

  static int OnStreamClose(nghttp2_session*, int32_t id, uint32_t /*error*/, void* user) {
    auto& self = *static_cast<Http2Session*>(user);
    const auto found = self.streams_.find(id);
    if (found == self.streams_.end() || self.is_closing_) return 0;
    const std::unique_ptr<Http2Stream> stream = std::move(found->second);
    self.streams_.erase(found);
    self.idle_since_ = Monotonic();
    self.Forget(*stream);
    return 0;
  }

  static ssize_t ReadBody(nghttp2_session*, int32_t /*id*/, uint8_t* target, size_t room, uint32_t* flags,
                          nghttp2_data_source* source, void* user) {
    auto& self = *static_cast<Http2Session*>(user);
    Http2Stream& stream = *static_cast<Http2Stream*>(source->ptr);
    const size_t size = std::min(room, stream.unsent_bytes());
    std::memcpy(target, stream.unsent.data() + stream.sent, size);
    stream.sent += size;
    stream.moved = Monotonic();
    if (stream.unsent_bytes() == 0) {
      stream.Uncount(stream.counted);
      stream.unsent.clear();
      stream.sent = 0;
      if (stream.is_ended) *flags |= NGHTTP2_DATA_FLAG_EOF;
    }
    if (stream.unsent_bytes() <= kLowOutput) {
      std::move(stream.waiting.begin(), stream.waiting.end(), std::back_inserter(self.taken_));
      stream.waiting.clear();
    }
    return size == 0 && !stream.is_ended ? ssize_t{NGHTTP2_ERR_DEFERRED} : static_cast<ssize_t>(size);
  }

  Desk& desk_;
  Wire& wire_;
  absl::Duration idle_since_;
  nghttp2_session* session_ = nullptr;
  absl::flat_hash_map<int32_t, std::unique_ptr<Http2Stream>> streams_;
  std::vector<std::function<void()>> taken_;  // To be called after the flush.
  bool is_busy_ = false;
  bool is_closing_ = false;
  bool is_over_ = false;  // The client was told so.
  bool failed_ = false;
};

}  // namespace

std::unique_ptr<Session> MakeHttp2Session(Desk& desk, Wire& wire) {
  return std::make_unique<Http2Session>(desk, wire);
}

}  // namespace cognate::http

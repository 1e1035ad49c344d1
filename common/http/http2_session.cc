#include "common/http/http2_session.h"

#include <algorithm>
#include <cstring>
#include <iterator>

#include <event2/buffer.h>

#include "absl/strings/str_cat.h"

namespace cognate::http {
namespace {

constexpr size_t kOutputBound = 256 << 10;  // More is made once this is sent.
constexpr int32_t kConnectionWindow = 4 << 20;
constexpr uint32_t kStreamWindow = 1 << 20;
// What a peer may make a connection do beside its requests.
constexpr size_t kMaxSettings = 32;
constexpr size_t kMaxAcknowledgements = 1000;

nghttp2_nv Pair(const std::string& name, const std::string& value) {
  return {reinterpret_cast<uint8_t*>(const_cast<char*>(name.data())),
          reinterpret_cast<uint8_t*>(const_cast<char*>(value.data())), name.size(), value.size(),
          NGHTTP2_NV_FLAG_NONE};
}

}  // namespace

Http2Session::~Http2Session() {
  is_closing_ = true;
  for (auto& [id, stream] : streams_) Forget(*stream);
  nghttp2_session_del(session_);
}

void Http2Session::Sweep(absl::Duration now) {
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

void Http2Session::Drain() {
  nghttp2_submit_shutdown_notice(session_);
  Flush();
}

void Http2Session::Open() {
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

void Http2Session::Flush() {
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

void Http2Session::SubmitHeaders(Http2Stream& stream, int status, const Headers& headers) {
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

void Http2Session::Resume(Http2Stream& stream) {
  nghttp2_session_resume_data(session_, stream.id);
  Flush();
}

void Http2Session::RefuseStream(Http2Stream& stream, const Refusal& refusal) {
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

void Http2Session::Reset(Http2Stream& stream) {
  stream.is_asked = false;
  nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, stream.id, NGHTTP2_INTERNAL_ERROR);
  Flush();
}

ssize_t Http2Session::ReadBody(nghttp2_session*, int32_t /*id*/, uint8_t* target, size_t room,
                               uint32_t* flags, nghttp2_data_source* source, void* user) {
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

std::unique_ptr<Session> MakeHttp2Session(Desk& desk, Wire& wire) {
  return std::make_unique<Http2Session>(desk, wire);
}

}  // namespace cognate::http

#include "common/http/connection.h"

#include <algorithm>
#include <utility>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/event.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include "absl/strings/str_cat.h"

namespace cognate::http {
namespace {

constexpr absl::string_view kHttp2Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
// What waits unread while a request of HTTP/1.1 is answered.
constexpr size_t kInputBound = 64 << 10;

bool IsHttp2ByAlpn(bufferevent* stream) {
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(bufferevent_openssl_get_ssl(stream), &name, &size);
  return absl::string_view(reinterpret_cast<const char*>(name), size) == "h2";
}

}  // namespace

Connection::Connection(Desk& desk, int handle, std::string address, std::optional<Refusal> refusal,
                       SSL_CTX* tls, std::function<void(Connection*)> over)
    : desk_(desk),
      address_(std::move(address)),
      refusal_(std::move(refusal)),
      is_tls_(tls != nullptr),
      over_(std::move(over)),
      since_(Monotonic()),
      moved_(since_) {
  event_base* const base = desk_.loop()->base();
  stream_ = is_tls_ ? bufferevent_openssl_socket_new(base, handle, SSL_new(tls), BUFFEREVENT_SSL_ACCEPTING,
                                                     BEV_OPT_CLOSE_ON_FREE)
                    : bufferevent_socket_new(base, handle, BEV_OPT_CLOSE_ON_FREE);
  if (is_tls_) bufferevent_openssl_set_allow_dirty_shutdown(stream_, 1);
  bufferevent_setcb(stream_, &OnRead, &OnWrite, &OnEvent, this);
  bufferevent_setwatermark(stream_, EV_READ, 0, kInputBound);
  bufferevent_setwatermark(stream_, EV_WRITE, kLowOutput, 0);
  evbuffer_add_cb(
      output(),
      [](evbuffer*, const evbuffer_cb_info* change, void* self) {
        auto& connection = *static_cast<Connection*>(self);
        if (change->n_deleted > 0 || change->orig_size == 0) connection.moved_ = Monotonic();
      },
      this);
  bufferevent_enable(stream_, EV_READ | EV_WRITE);
}

Connection::~Connection() {
  session_.reset();
  bufferevent_free(stream_);
}

evbuffer* Connection::output() { return bufferevent_get_output(stream_); }

void Connection::OnRead(bufferevent* stream, void* self) {
  auto& connection = *static_cast<Connection*>(self);
  evbuffer* const input = bufferevent_get_input(stream);
  if (connection.lingering_ || connection.ended_) {
    evbuffer_drain(input, evbuffer_get_length(input));
    return;
  }
  if (connection.session_ == nullptr) connection.Choose();
  if (connection.session_ != nullptr) connection.session_->Receive(input);
}

// By the first bytes, without TLS.
void Connection::Choose() {
  if (is_tls_) return Speak(IsHttp2ByAlpn(stream_));
  evbuffer* const input = bufferevent_get_input(stream_);
  char first[32];
  const size_t size = static_cast<size_t>(
      std::max<ssize_t>(0, evbuffer_copyout(input, first, std::min(sizeof(first), kHttp2Preface.size()))));
  if (kHttp2Preface.substr(0, size) != absl::string_view(first, size)) return Speak(/*http2=*/false);
  if (size == kHttp2Preface.size()) Speak(/*http2=*/true);
}

void Connection::Speak(bool http2) {
  protocol_ = http2 ? "http2" : "http1";
  session_ = http2 ? MakeHttp2Session(desk_, *this) : MakeHttp1Session(desk_, *this);
}

void Connection::OnWrite(bufferevent* /*stream*/, void* self) {
  auto& connection = *static_cast<Connection*>(self);
  if (connection.ended_) return;
  if (connection.session_ != nullptr && !connection.closing_) connection.session_->HasRoom();
  if (connection.closing_ && evbuffer_get_length(connection.output()) == 0) connection.Linger();
}

void Connection::OnEvent(bufferevent* /*stream*/, short what, void* self) {
  auto& connection = *static_cast<Connection*>(self);
  if ((what & BEV_EVENT_CONNECTED) != 0) return;
  connection.Over();
}

void Connection::CloseWhenSent() {
  if (std::exchange(closing_, true) || ended_) return;
  if (evbuffer_get_length(output()) == 0) Linger();
}

// The kernel would throw away what was sent if it were closed while something of the client is unread.
void Connection::Linger() {
  if (std::exchange(lingering_, true)) return;
  since_ = Monotonic();
  evbuffer* const input = bufferevent_get_input(stream_);
  evbuffer_drain(input, evbuffer_get_length(input));
  if (is_tls_) {
    SSL_shutdown(bufferevent_openssl_get_ssl(stream_));
  }
  shutdown(bufferevent_getfd(stream_), SHUT_WR);
}

void Connection::Over() {
  if (std::exchange(ended_, true)) return;
  bufferevent_disable(stream_, EV_READ | EV_WRITE);
  session_.reset();
  over_(this);
}

void Connection::Sweep(absl::Duration now) {
  if (ended_) return;
  const HttpServerOptions& options = desk_.options();
  if (lingering_) {
    if (now - since_ > kLinger) Over();
    return;
  }
  if (evbuffer_get_length(output()) > 0 && now - moved_ > options.unread_timeout) return Over();
  if (session_ != nullptr) {
    if (!closing_) session_->Sweep(now);
  } else if (now - since_ > std::min(options.request_timeout, options.idle_timeout)) {
    Over();
  }
}

void Connection::Drain() {
  if (ended_ || closing_) return;
  if (session_ != nullptr) {
    session_->Drain();
  } else {
    Over();
  }
}

}  // namespace cognate::http

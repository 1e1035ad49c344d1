// A server for HTTP/1.1 and HTTP/2, plain or with TLS, that lasts in the open: one thread for all
// connections, none for a request that waits, and a bound on everything that a client can make grow.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/grpc/tls_files.h"
#include "common/http/exchange.h"
#include "common/http/message.h"
#include "common/metrics/metrics.h"

namespace cognate::http {

// Why the server itself does not take a request.
struct Refusal {
  enum class Kind {
    kMalformed,           // 400, 501 and 505: no proper HTTP.
    kHeadTooLarge,        // 431.
    kBodyTooLarge,        // 413.
    kTooSlow,             // 408.
    kAddressConnections,  // 429: too many connections of this address.
    kConnections,         // 503: too many in all, or no memory left for bodies and answers.
    kStopping,            // 503.
  };
  Kind kind;
  int status;
  std::string message;
};

struct HttpServerOptions {
  std::vector<std::string> addresses = {};  // host:port (port 0 takes a free one) or unix:/path.
  // For host:port; read anew when they change. Without a certificate: no TLS.
  grpc_support::TlsFiles tls = {};
  size_t max_head_bytes = 32 << 10;  // Of the request line and all headers.
  size_t max_headers = 100;
  size_t max_body_bytes = 16 << 20;
  // Of all bodies that are not complete or not answered yet, and all answers that are not sent yet.
  size_t max_buffered_bytes = 256 << 20;
  int max_connections = 4096;
  int max_connections_of_address = 1024;
  uint32_t max_streams = 100;                               // Of one connection, with HTTP/2.
  absl::Duration request_timeout = absl::Seconds(60);       // From the first byte of a request to its last.
  absl::Duration idle_timeout = absl::Seconds(75);          // Between two requests.
  absl::Duration unread_timeout = absl::Seconds(60);        // That a client takes nothing of what is for it.
  absl::Duration sweep_interval = absl::Milliseconds(250);  // How often these are looked at.
  // Addresses that stand for many clients, and may have any number of connections.
  std::function<bool(absl::string_view address)> is_proxy = {};
  // Whose bodies come in pieces (Exchange::Read), by the head: the handler is called before the body has
  // come.
  std::function<bool(const Request&)> is_piecewise = {};
  uint64_t max_piecewise_bytes = uint64_t{1} << 40;
  absl::Duration longest_piecewise = absl::Hours(24);  // From the first byte of such a request to its last.
  // How a refusal is said; as plain text unless given.
  std::function<Response(const Refusal&)> refuse = {};
};

class HttpServer {
 public:
  // Called on the loop's thread with each whole request, or its head (is_piecewise); must not block.
  using Handler = std::function<void(const ExchangePtr&)>;

  // FAILED_PRECONDITION names an address that cannot be bound; TLS_FILES_INVALID as ReadTlsFiles. Counts in
  // cognate_http_connections, cognate_http_connections_total{protocol} and
  // cognate_http_refused_total{why}. `metrics` outlives it.
  static absl::StatusOr<std::unique_ptr<HttpServer>> Start(HttpServerOptions options,
                                                           metrics::Registry& metrics, Handler handler);
  ~HttpServer();  // Shuts down.

  int port() const;                             // Of the first TCP address; 0 if there is none.
  const std::vector<std::string>& addresses();  // As they can be reached, with the ports that were taken.
  EventLoop& loop();

  // No new connections; new requests of the others are refused, and idle ones are closed. Any thread.
  void Drain();
  // After Drain: until every connection has ended, at most `patience`.
  void AwaitClosed(absl::Duration patience);
  // Closes everything. May be called twice.
  void Shutdown();

 private:
  class State;
  explicit HttpServer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace cognate::http

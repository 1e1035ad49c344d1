#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "common/grpc/tls_files.h"

namespace grpc {
class Server;
class ServerBuilder;
class ServerCredentials;
class Service;
}  // namespace grpc

namespace cognate::grpc_support {

class InProcessServer;

struct HostOptions {
  std::vector<std::string> addresses = {
      "127.0.0.1:0"};                   // "host:port" (port 0 takes a free one) or "unix:/path".
  std::string in_process_address = "";  // As in in_process.h; "" where no call comes from this process.
  int max_threads = 192;  // Above this calls are refused with RESOURCE_EXHAUSTED: load is shed, not queued.
  int max_receive_bytes =
      64 << 20;  // Above what a service takes, so that the service can say in words what is too large.
  // What a client may send on a stream that nobody reads at the moment: so much memory each one may take.
  int stream_lookahead_bytes = 4 << 20;
  absl::Duration max_connection_age =
      absl::InfiniteDuration();  // Finite behind load balancers that pin connections.
  absl::Duration max_connection_age_grace = absl::Seconds(30);
  TlsFiles tls = {};  // For TCP addresses, if there is a certificate; `ca`: clients may show one, too.
  // Whether TCP addresses may be served without TLS. Programs refuse that unless they are told otherwise.
  bool plaintext = true;
};

// FAILED_PRECONDITION PLAINTEXT_REFUSED where a TCP address would be served without TLS, and must not be.
absl::Status CheckTransport(const HostOptions& options);

// A gRPC server with health (grpc.health.v1, by full service name) and reflection (v1 and v1alpha). Owns the
// ports; the services are the caller's and outlive it. Unix sockets can be reached by the same user alone.
// Thread-safe.
class Host {
 public:
  // Every service starts as not serving: SetServing says when. FAILED_PRECONDITION names an address that
  // cannot be bound; PLAINTEXT_REFUSED as above; TLS_FILES_INVALID as ReadTlsFiles.
  static absl::StatusOr<std::unique_ptr<Host>> Start(const HostOptions& options,
                                                     absl::Span<grpc::Service* const> services);
  ~Host();  // Shuts down at once, if Shutdown was not called.

  int port() const;             // Of the first TCP address; 0 if there is none.
  std::string address() const;  // Where to reach its first address from here: "127.0.0.1:<port>" or "unix:…".
  const std::vector<std::string>& service_names() const {
    return service_names_;
  }  // Full names of all services on it.

  void SetServing(absl::string_view full_service_name, bool serving);  // "" is the whole server.
  void SetAllServing(bool serving);                                    // Every service, and "".

  // Reports not serving; refuses calls of this process and waits up to half of `grace` for those under way;
  // then refuses all calls, waits the rest of `grace` for those under way, and cancels what is left.
  void Shutdown(absl::Duration grace);

 private:
  Host() = default;
  absl::Status AddPorts(const HostOptions& options, grpc::ServerBuilder& builder);

  std::vector<std::shared_ptr<grpc::ServerCredentials>> tls_;  // Outlives the server.
  std::unique_ptr<grpc::Server> server_;
  std::shared_ptr<InProcessServer> in_process_;  // null without an address.
  std::vector<std::string> addresses_;
  std::vector<int> ports_;
  std::vector<std::string> service_names_;
};

}  // namespace cognate::grpc_support

// TLS on a socket that somebody else reads and writes, by OpenSSL. Of this library alone.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/redis/address.h"

struct ssl_ctx_st;
struct ssl_st;

namespace cognate::redis {

// One session of a client. Not thread safe. Every error is FAILED_PRECONDITION REDIS_TLS_REFUSED and ends the
// session.
class Tls {
 public:
  // Reads the files, so that a renewed certificate is taken with the next connection. The server must have
  // one for `host`.
  static absl::StatusOr<std::unique_ptr<Tls>> Begin(const std::string& host, const TlsFiles& files);
  ~Tls();

  // Goes on with the handshake as far as what has come allows.
  absl::Status Advance();
  bool established() const;

  // Once it is established: what is to be sent for these bytes.
  absl::Status Encrypt(absl::string_view bytes);
  // What is in it now, also of the handshake; it is taken.
  std::string TakeOutgoing();
  // What has come.
  void Feed(absl::string_view received);
  // What was sent to us, as far as it has come; empty when that is nothing whole yet.
  absl::StatusOr<std::string> Decrypt();

 private:
  explicit Tls(std::string host) : host_(std::move(host)) {}
  absl::Status Prepare(const TlsFiles& files);
  absl::Status Refused(absl::string_view what) const;

  struct FreeContext {
    void operator()(ssl_ctx_st* context) const;
  };
  struct FreeSession {
    void operator()(ssl_st* session) const;
  };
  const std::string host_;
  std::unique_ptr<ssl_ctx_st, FreeContext> context_;
  std::unique_ptr<ssl_st, FreeSession> session_;  // owns its two buffers
};

}  // namespace cognate::redis

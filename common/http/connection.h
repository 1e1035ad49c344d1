// One accepted socket.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "common/http/session.h"

struct bufferevent;
typedef struct ssl_ctx_st SSL_CTX;

namespace cognate::http {

// Finds out which HTTP the client speaks, by ALPN or its first bytes, and then carries bytes between it and
// the session. Of the loop's thread.
class Connection final : public Wire {
 public:
  // `over` is called once the connection has ended; it does not destroy it before it returns. `tls` is null
  // for none.
  Connection(Desk& desk, int handle, std::string address, std::optional<Refusal> refusal, SSL_CTX* tls,
             std::function<void(Connection*)> over);
  ~Connection() override;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void Sweep(absl::Duration now);
  void Drain();

  evbuffer* output() override;
  const std::string& address() const override { return address_; }
  const Refusal* refusal() const override { return refusal_ ? &*refusal_ : nullptr; }
  void CloseWhenSent() override;
  void CloseNow() override { Over(); }
  // "http1", "http2", or "" while it is not known.
  const char* protocol() const { return protocol_; }

 private:
  static void OnRead(bufferevent* stream, void* self);
  static void OnWrite(bufferevent* stream, void* self);
  static void OnEvent(bufferevent* stream, short what, void* self);

  void Choose();
  void Speak(bool http2);
  void Linger();
  void Over();

  Desk& desk_;
  const std::string address_;
  const std::optional<Refusal> refusal_;
  const bool is_tls_;
  std::function<void(Connection*)> over_;
  bufferevent* stream_ = nullptr;
  std::unique_ptr<Session> session_;
  const char* protocol_ = "";
  absl::Duration since_;    // That it was accepted; or that nothing more is sent.
  absl::Duration moved_;    // That the client took something.
  bool closing_ = false;    // Once everything is sent.
  bool lingering_ = false;  // Everything is sent; what still comes is thrown away.
  bool ended_ = false;
};

}  // namespace cognate::http

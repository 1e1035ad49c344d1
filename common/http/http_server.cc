#include "common/http/http_server.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <utility>

#include <event2/event.h>
#include <event2/listener.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/http/connection.h"
#include "common/http/listener.h"
#include "common/http/tls_context.h"
#include "common/log/log.h"
#include "common/status/status_macros.h"
#include "common/sync/mutex.h"
#include "common/worker/worker.h"

namespace cognate::http {
namespace {

const char* NameOf(Refusal::Kind kind) {
  switch (kind) {
    case Refusal::Kind::kMalformed:
      return "malformed";
    case Refusal::Kind::kHeadTooLarge:
      return "head_too_large";
    case Refusal::Kind::kBodyTooLarge:
      return "body_too_large";
    case Refusal::Kind::kTooSlow:
      return "too_slow";
    case Refusal::Kind::kAddressConnections:
      return "address_connections";
    case Refusal::Kind::kConnections:
      return "connections";
    case Refusal::Kind::kStopping:
      return "stopping";
  }
  return "";
}

// Beyond the bound, some get an answer; the others are closed.
int RefusedBound(int max_connections) { return max_connections / 16 + 16; }

// A peer that is gone without a word is noticed within two minutes.
void WatchPeer(int handle) {
  const int on = 1;
  const int idle_seconds = 60;
  const int interval_seconds = 20;
  const int probes = 3;
  setsockopt(handle, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
  setsockopt(handle, IPPROTO_TCP, TCP_KEEPIDLE, &idle_seconds, sizeof(idle_seconds));
  setsockopt(handle, IPPROTO_TCP, TCP_KEEPINTVL, &interval_seconds, sizeof(interval_seconds));
  setsockopt(handle, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof(probes));
  setsockopt(handle, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

// Each connection is a file, and the usual bound of 1,024 is below ours.
void RaiseFileLimit(int connections) {
  rlimit limit = {};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  const rlim_t wanted = static_cast<rlim_t>(connections) * 2 + 1024;
  if (limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur >= wanted) return;
  limit.rlim_cur = std::min(wanted, limit.rlim_max);
  setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

// All but the constructor, Start and Stop is of the loop's thread.
class HttpServer::State final : public Desk {
 public:
  State(HttpServerOptions options, metrics::Registry& metrics, Handler handler)
      : options_(std::move(options)),
        handler_(std::move(handler)),
        memory_(std::make_shared<Memory>(options_.max_buffered_bytes)),
        open_(metrics.Gauges("http_connections", "Connections of the HTTP door that are open.").With()),
        accepted_(metrics.Counters("http_connections_total", "Connections that ended, by what was spoken.",
                                   {"protocol"})),
        refused_(metrics.Counters("http_refused_total",
                                  "Requests and connections that the HTTP door did not take.", {"why"})) {}

  ~State() override { Stop(); }

  absl::Status Start() {
    ASSIGN_OR_RETURN(loop_, EventLoop::Create());
    if (!options_.tls.certificate.empty()) {
      ASSIGN_OR_RETURN(tls_, TlsContext::Make({options_.tls.certificate, options_.tls.key, ""}));
    }
    RaiseFileLimit(options_.max_connections);
    for (const std::string& address : options_.addresses) RETURN_IF_ERROR(AddListener(address));
    loop_->Every(options_.sweep_interval, [this] { Sweep(); });
    worker_ = std::make_unique<Worker>("http", [this](StopToken&) { loop_->Run(); });
    return absl::OkStatus();
  }

  void Drain() {
    if (draining_.exchange(true) || loop_ == nullptr) return;
    loop_->Post([this] {
      CloseListeners();
      for (const auto& [connection, owned] : connections_) owned->Drain();
    });
  }

  void AwaitClosed(absl::Duration patience) {
    const absl::Duration deadline = Monotonic() + patience;
    MutexLock lock(&mutex_);
    while (open_connections_ > 0 && Monotonic() < deadline) closed_.WaitFor(&mutex_, deadline - Monotonic());
  }

  void Stop() {
    if (worker_ != nullptr) {
      loop_->Post([this] {
        CloseListeners();
        connections_.clear();
      });
      loop_->Stop();
      worker_.reset();
    }
    CloseListeners();
    connections_.clear();
  }

  const HttpServerOptions& options() const override { return options_; }
  const std::shared_ptr<EventLoop>& loop() const override { return loop_; }
  bool draining() const override { return draining_.load(std::memory_order_relaxed); }
  int port() const { return port_; }
  const std::vector<std::string>& addresses() const { return reached_at_; }

  void Handle(const ExchangePtr& exchange) override { handler_(exchange); }

  Response Refuse(const Refusal& refusal) override {
    refused_.With({NameOf(refusal.kind)}).Increment();
    if (options_.refuse) return options_.refuse(refusal);
    return {
        refusal.status, {{"content-type", "text/plain; charset=utf-8"}}, absl::StrCat(refusal.message, "\n")};
  }

  const std::shared_ptr<Memory>& memory() override { return memory_; }

 private:
  struct Listener {
    evconnlistener* handle;
    bool is_tls;
    State* server;
  };

  absl::Status AddListener(const std::string& address) {
    ASSIGN_OR_RETURN(const Listening listening, Listen(address));
    if (port_ == 0) port_ = listening.port;
    reached_at_.push_back(listening.address);
    auto listener =
        std::make_unique<Listener>(Listener{nullptr, tls_ != nullptr && listening.port != 0, this});
    listener->handle =
        evconnlistener_new(loop_->base(), &OnAccept, listener.get(),
                           LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, /*backlog=*/0, listening.handle);
    if (listener->handle == nullptr) {
      close(listening.handle);
      return absl::FailedPreconditionError(absl::StrCat("cannot listen on ", address));
    }
    evconnlistener_set_error_cb(listener->handle, &OnAcceptError);
    listeners_.push_back(std::move(listener));
    return absl::OkStatus();
  }

  void CloseListeners() {
    for (const auto& listener : listeners_) evconnlistener_free(listener->handle);
    listeners_.clear();
  }

  static void OnAccept(evconnlistener*, int handle, sockaddr* address, int /*size*/, void* user) {
    const auto& listener = *static_cast<Listener*>(user);
    listener.server->Accept(handle, AddressText(address), listener.is_tls);
  }

  // Such as too many open files: those that wait are accepted at the next sweep.
  static void OnAcceptError(evconnlistener* handle, void* user) {
    log::Warn("a connection cannot be accepted", {{"error", absl::ErrnoToStatus(errno, "accept")}});
    evconnlistener_disable(handle);
    static_cast<Listener*>(user)->server->is_accepting_ = false;
  }

  void Accept(int handle, std::string address, bool is_tls) {
    std::optional<Refusal> refusal = Full(address);
    if (refusal && (is_tls || refused_open_ >= RefusedBound(options_.max_connections))) {
      refused_.With({NameOf(refusal->kind)}).Increment();
      close(handle);
      return;
    }
    if (refusal) ++refused_open_;
    ++by_address_[address];
    WatchPeer(handle);
    auto connection = std::make_unique<Connection>(
        *this, handle, std::move(address), std::move(refusal), is_tls ? tls_->Current() : nullptr,
        [this](Connection* over) { loop_->Post([this, over] { Remove(over); }); });
    Connection* const key = connection.get();
    connections_.emplace(key, std::move(connection));
    Tell();
  }

  std::optional<Refusal> Full(const std::string& address) const {
    if (static_cast<int>(connections_.size()) >= options_.max_connections)
      return Refusal{Refusal::Kind::kConnections, 503, "too many connections: try again"};
    if (address == "local" || (options_.is_proxy && options_.is_proxy(address))) return std::nullopt;
    const auto found = by_address_.find(address);
    if (found == by_address_.end() || found->second < options_.max_connections_of_address)
      return std::nullopt;
    return Refusal{Refusal::Kind::kAddressConnections, 429,
                   absl::StrCat("too many connections from ", address, ": close some, or try again")};
  }

  void Remove(Connection* connection) {
    const auto found = connections_.find(connection);
    if (found == connections_.end()) return;
    if (connection->refusal() != nullptr) --refused_open_;
    const auto count = by_address_.find(connection->address());
    if (--count->second == 0) by_address_.erase(count);
    accepted_.With({connection->protocol()}).Increment();
    connections_.erase(found);
    Tell();
  }

  void Tell() {
    open_.Set(static_cast<double>(connections_.size()));
    MutexLock lock(&mutex_);
    open_connections_ = connections_.size();
    if (open_connections_ == 0) closed_.SignalAll();
  }

  void Sweep() {
    if (!std::exchange(is_accepting_, true)) {
      for (const auto& listener : listeners_) evconnlistener_enable(listener->handle);
    }
    const absl::Duration now = Monotonic();
    for (const auto& [key, connection] : connections_) connection->Sweep(now);
  }

  const HttpServerOptions options_;
  const Handler handler_;
  // What is being sent may outlive this by a turn of the loop.
  const std::shared_ptr<Memory> memory_;
  metrics::Gauge& open_;
  metrics::Family<metrics::Counter> accepted_;
  metrics::Family<metrics::Counter> refused_;
  std::shared_ptr<EventLoop> loop_;
  std::unique_ptr<TlsContext> tls_;
  std::vector<std::unique_ptr<Listener>> listeners_;
  std::vector<std::string> reached_at_;
  int port_ = 0;
  std::atomic<bool> draining_ = false;
  bool is_accepting_ = true;
  int refused_open_ = 0;
  Mutex mutex_;
  CondVar closed_;
  size_t open_connections_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::flat_hash_map<std::string, int> by_address_;
  absl::flat_hash_map<Connection*, std::unique_ptr<Connection>> connections_;
  std::unique_ptr<Worker> worker_;
};

HttpServer::HttpServer(std::unique_ptr<State> state) : state_(std::move(state)) {}
HttpServer::~HttpServer() { Shutdown(); }

absl::StatusOr<std::unique_ptr<HttpServer>> HttpServer::Start(HttpServerOptions options,
                                                              metrics::Registry& metrics, Handler handler) {
  auto state = std::make_unique<State>(std::move(options), metrics, std::move(handler));
  RETURN_IF_ERROR(state->Start());
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(state)));
}

int HttpServer::port() const { return state_->port(); }
const std::vector<std::string>& HttpServer::addresses() { return state_->addresses(); }
EventLoop& HttpServer::loop() { return *state_->loop(); }
void HttpServer::Drain() { state_->Drain(); }
void HttpServer::AwaitClosed(absl::Duration patience) { state_->AwaitClosed(patience); }
void HttpServer::Shutdown() { state_->Stop(); }

}  // namespace cognate::http

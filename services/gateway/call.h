// A request on its way through the gateway: named, counted and logged once, when it has its answer.
#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/clock/clock.h"
#include "common/http/exchange.h"
#include "common/metrics/metrics.h"
#include "common/trace/span.h"
#include "services/gateway/caller.h"
#include "services/gateway/cors.h"

namespace cognate::gateway {

// What all calls share; outlives them.
struct CallParts {
  CallParts(const Clock& its_clock, metrics::Registry& metrics, Proxies its_proxies, Cors its_cors);

  const Clock& clock;
  const Proxies proxies;
  const Cors cors;
  metrics::Family<metrics::Counter> requests;
  metrics::Family<metrics::Histogram> durations;
};

class Call {
 public:
  Call(CallParts& parts, http::ExchangePtr exchange);

  http::Exchange& exchange() { return *exchange_; }
  const http::Request& request() const { return exchange_->request(); }
  const std::string& request_id() const { return request_id_; }
  const std::string& client_address() const { return client_address_; }
  // What goes along with calls for this request: who calls, and this as a part of the caller's trace.
  Metadata metadata() const;
  // Without who calls: for what the gateway itself may.
  Metadata own_metadata() const;
  const Clock& clock() const { return parts_.clock; }

  // What it is counted under: "KeyService/GetKey". Of few, not of the client's choice.
  void SetName(absl::string_view name);

  // Once.
  void Answer(http::Response response, const absl::Status& status = absl::OkStatus());
  void Refuse(const absl::Status& status, int http_status = 0);

  // Or a stream.
  void Begin(http::Headers headers, int http_status = 200);
  void End(const absl::Status& status);

  // The client has gone; nobody is told.
  void Gone();

 private:
  void Count(const absl::Status& status);
  void AddOwnHeaders(http::Headers& headers) const;

  CallParts& parts_;
  const http::ExchangePtr exchange_;
  const absl::Time start_;
  const std::string request_id_;
  const std::string client_address_;
  std::string name_ = "other";
  trace::Span span_;
};

using CallPtr = std::shared_ptr<Call>;

}  // namespace cognate::gateway

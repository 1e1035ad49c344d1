#include "services/gateway/config.h"

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "common/access/network.h"
#include "common/status/status_macros.h"

namespace cognate::gateway {
namespace {

constexpr config::Range kBytes = {1024, int64_t{1} << 30};

absl::Status Validate(const Config& config) {
  for (const std::string& address : config.http)
    RETURN_IF_ERROR(config::ValidateListenAddress("http", address));
  for (const std::string& proxy : config.trusted_proxies) {
    if (proxy != "local" && !access::ParseNetwork(proxy).ok())
      return config::Wrong("http-trusted-proxies", proxy,
                           "an address, a network such as 10.0.0.0/8, or local");
  }
  for (const std::string& origin : config.allowed_origins) {
    const bool is_origin =
        origin == "*" || ((absl::StartsWith(origin, "https://") || absl::StartsWith(origin, "http://")) &&
                          origin.find('/', 8) == std::string::npos);
    if (!is_origin)
      return config::Wrong("http-allowed-origins", origin, "an origin such as https://console.example.org");
  }
  for (const auto& [name, value] : {std::pair{"http-request-timeout", config.request_timeout},
                                    {"http-idle-timeout", config.idle_timeout},
                                    {"http-default-timeout", config.default_timeout},
                                    {"http-longest-call", config.longest_call}}) {
    if (value < absl::Milliseconds(100))
      return config::Wrong(name, absl::FormatDuration(value), "at least 100ms");
  }
  if (config.upload_lifetime < absl::Minutes(1) || config.upload_lifetime > absl::Hours(720)) {
    return config::Wrong("http-upload-lifetime", absl::FormatDuration(config.upload_lifetime), "1m to 720h");
  }
  return absl::OkStatus();
}

}  // namespace

void Config::Register(config::Settings& settings) {
  peers.RegisterRegistry(settings);
  peers.RegisterChangeCapture(settings);
  peers.RegisterTransformer(settings);
  peers.RegisterDelivery(settings);
  peers.RegisterFeedback(settings);
  peers.RegisterFileTransfer(settings);
  RegisterOwn(settings);
}

void Config::RegisterOwn(config::Settings& settings) {
  settings.Add("http", &http,
               "Where JSON over HTTP is answered: host:port or unix:/path, several with commas");
  settings.Add("http-trusted-proxies", &trusted_proxies,
               "Addresses or networks whose X-Forwarded-For says who calls; `local`: unix sockets");
  settings.Add("http-allowed-origins", &allowed_origins,
               "Whose pages in browsers may call: https://console.example.org, several with commas, or *");
  settings.Add("http-max-request-bytes", &max_request_bytes, "The largest body that is taken", kBytes);
  settings.Add("http-max-response-bytes", &max_response_bytes, "The largest answer that is passed on",
               kBytes);
  settings.Add("http-max-buffered-bytes", &max_buffered_bytes,
               "Memory for all bodies that are not answered and all answers that are not sent yet", kBytes);
  settings.Add("http-max-upload-bytes", &max_upload_bytes, "The largest file that is taken (tus)",
               {1, int64_t{1} << 50});
  settings.Add("http-upload-lifetime", &upload_lifetime,
               "How long an unfinished upload (tus) is kept after its last byte, 1m to 720h");
  settings.Add("http-max-connections", &max_connections, "Connections in all", {1, 1'000'000});
  settings.Add("http-max-connections-of-address", &max_connections_of_address,
               "Connections of one address that is no trusted proxy", {1, 1'000'000});
  settings.Add("http-request-timeout", &request_timeout, "From the first byte of a request to its last");
  settings.Add("http-idle-timeout", &idle_timeout, "How long a connection is kept between two requests");
  settings.Add("http-default-timeout", &default_timeout, "For calls that bring no Connect-Timeout-Ms");
  settings.Add("http-longest-call", &longest_call, "The most that a Connect-Timeout-Ms can ask for");
  settings.AddValidation([this] { return Validate(*this); });
}

}  // namespace cognate::gateway

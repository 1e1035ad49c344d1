#pragma once

#include <memory>
#include <string>

#include "absl/time/time.h"
#include "common/clock/clock.h"
#include "common/metrics/metrics.h"

namespace cognate::service {

// cognate_tls_certificate_expiry_timestamp_seconds: when the certificate that is served ends. The file is
// read again at most once a minute, because it is renewed in place. Without a file there is no such metric.
class CertificateMetrics {
 public:
  CertificateMetrics(std::string file, const Clock& clock, metrics::Registry& registry);

 private:
  void Refresh();

  const std::string file_;
  const Clock& clock_;
  metrics::Gauge& expiry_;
  absl::Time read_ = absl::InfinitePast();
  std::unique_ptr<metrics::Registry::Refresher> refresher_;  // Last: it uses the others.
};

// When the first certificate of a PEM file ends; InfinitePast if it cannot be read.
absl::Time ExpiryOf(const std::string& file);

}  // namespace cognate::service

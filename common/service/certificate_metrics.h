#pragma once

#include <memory>
#include <string>

#include "absl/time/time.h"
#include "common/clock/clock.h"
#include "common/grpc/tls_files.h"
#include "common/metrics/metrics.h"

namespace cognate::service {

// cognate_tls_certificate_expiry_timestamp_seconds: when what is served ends, the certificate or, where
// clients are asked for theirs, the first of their authorities. cognate_tls_reload_failed: 1 while the files
// cannot be used. The servers keep what they had then, and so does the expiry. The files are looked at again
// at most every ten seconds, because they are renewed in place. Without a certificate there are no such
// metrics.
class CertificateMetrics {
 public:
  CertificateMetrics(grpc_support::TlsFiles files, const Clock& clock, metrics::Registry& registry);

 private:
  void Refresh();

  const grpc_support::TlsFiles files_;
  const Clock& clock_;
  metrics::Gauge& expiry_;
  metrics::Gauge& reload_failed_;
  absl::Time read_ = absl::InfinitePast();
  std::unique_ptr<metrics::Registry::Refresher> refresher_;  // Last: it uses the others.
};

}  // namespace cognate::service

#include "common/service/certificate_metrics.h"

#include <cstdio>
#include <ctime>
#include <utility>

#include <openssl/pem.h>
#include <openssl/x509.h>

namespace cognate::service {
namespace {

constexpr absl::Duration kReadAgain = absl::Minutes(1);

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
struct FreeCertificate {
  void operator()(X509* certificate) const { X509_free(certificate); }
};

}  // namespace

absl::Time ExpiryOf(const std::string& file) {
  const std::unique_ptr<std::FILE, CloseFile> opened(std::fopen(file.c_str(), "re"));
  if (opened == nullptr) return absl::InfinitePast();
  const std::unique_ptr<X509, FreeCertificate> certificate(
      PEM_read_X509(opened.get(), nullptr, nullptr, nullptr));
  std::tm end = {};
  if (certificate == nullptr || ASN1_TIME_to_tm(X509_get0_notAfter(certificate.get()), &end) != 1)
    return absl::InfinitePast();
  return absl::FromTM(end, absl::UTCTimeZone());
}

CertificateMetrics::CertificateMetrics(std::string file, const Clock& clock, metrics::Registry& registry)
    : file_(std::move(file)),
      clock_(clock),
      expiry_(registry
                  .Gauges("tls_certificate_expiry_timestamp_seconds",
                          "When the certificate that is served ends, Unix time; 0: it cannot be read.")
                  .With()) {
  refresher_ = registry.OnScrape([this] { Refresh(); });
}

void CertificateMetrics::Refresh() {
  const absl::Time now = clock_.Now();
  if (now < read_ + kReadAgain) return;
  read_ = now;
  const absl::Time expiry = ExpiryOf(file_);
  expiry_.Set(expiry == absl::InfinitePast() ? 0 : absl::ToDoubleSeconds(expiry - absl::UnixEpoch()));
}

}  // namespace cognate::service

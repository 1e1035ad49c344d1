#include "common/service/certificate_metrics.h"

#include <algorithm>
#include <ctime>
#include <utility>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "absl/status/statusor.h"

namespace cognate::service {
namespace {

constexpr absl::Duration kReadAgain = absl::Seconds(10);

struct FreeBio {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
struct FreeCertificate {
  void operator()(X509* certificate) const { X509_free(certificate); }
};

// When the first of the certificates ends that `pem` has at its beginning; InfiniteFuture if it has none.
absl::Time FirstEnd(const std::string& pem, int most) {
  const std::unique_ptr<BIO, FreeBio> bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  absl::Time first = absl::InfiniteFuture();
  for (int i = 0; i < most; ++i) {
    const std::unique_ptr<X509, FreeCertificate> certificate(
        PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
    std::tm end = {};
    if (certificate == nullptr || ASN1_TIME_to_tm(X509_get0_notAfter(certificate.get()), &end) != 1) break;
    first = std::min(first, absl::FromTM(end, absl::UTCTimeZone()));
  }
  ERR_clear_error();
  return first;
}

constexpr int kMaxAuthorities = 1000;

}  // namespace

CertificateMetrics::CertificateMetrics(grpc_support::TlsFiles files, const Clock& clock,
                                       metrics::Registry& registry)
    : files_(std::move(files)),
      clock_(clock),
      expiry_(registry
                  .Gauges("tls_certificate_expiry_timestamp_seconds",
                          "When the certificate that is served ends, or the first authority of clients' "
                          "certificates, Unix time; 0: none could be read yet.")
                  .With()),
      reload_failed_(
          registry
              .Gauges("tls_reload_failed",
                      "1 while the files of the certificate cannot be used; what was there before is served.")
              .With()) {
  refresher_ = registry.OnScrape([this] { Refresh(); });
}

void CertificateMetrics::Refresh() {
  const absl::Time now = clock_.Now();
  if (now < read_ + kReadAgain) return;
  read_ = now;
  const absl::StatusOr<grpc_support::TlsTexts> texts = grpc_support::ReadTlsFiles(files_);
  reload_failed_.Set(texts.ok() ? 0 : 1);
  if (!texts.ok()) return;
  const absl::Time end = std::min(FirstEnd(texts->certificate, 1), FirstEnd(texts->ca, kMaxAuthorities));
  expiry_.Set(absl::ToDoubleSeconds(end - absl::UnixEpoch()));
}

}  // namespace cognate::service

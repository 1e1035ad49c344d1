#include "common/service/certificate_metrics.h"

#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "common/clock/fake_clock.h"
#include "tests/support/certificates.h"

namespace cognate::service {
namespace {

using test_support::Authority;
using test_support::ReplaceFile;
using ::testing::HasSubstr;

class CertificateMetricsTest : public ::testing::Test {
 protected:
  CertificateMetricsTest() { clock_.Set(Clock::Real().Now()); }
  ~CertificateMetricsTest() override { std::filesystem::remove_all(folder_); }

  static std::string MakeFolder() {
    std::string folder = ::testing::TempDir() + "certificate-metrics-XXXXXX";
    EXPECT_NE(mkdtemp(folder.data()), nullptr);
    return folder;
  }
  void Renew(absl::Duration valid_for) { authority_.IssueInto(folder_ + "/tls", {.valid_for = valid_for}); }
  // How many hours the metric still gives it, half an hour more or less.
  double HoursLeft() {
    clock_.Advance(absl::Minutes(1));
    metrics_.Text();
    const double end = metrics_.Gauges("tls_certificate_expiry_timestamp_seconds", "").With().Value();
    return (end - absl::ToDoubleSeconds(Clock::Real().Now() - absl::UnixEpoch())) / 3600;
  }
  double ReloadFailed() { return metrics_.Gauges("tls_reload_failed", "").With().Value(); }

  const std::string folder_ = MakeFolder();
  const grpc_support::TlsFiles files_ = {folder_ + "/tls.pem", folder_ + "/tls.key", ""};
  Authority authority_;
  FakeClock clock_;
  metrics::Registry metrics_;
};

TEST_F(CertificateMetricsTest, ARenewedCertificateCountsOnceItCanBeServed) {
  Renew(absl::Hours(10));
  const CertificateMetrics shown(files_, clock_, metrics_);
  EXPECT_NEAR(HoursLeft(), 10, 0.5);
  EXPECT_EQ(ReloadFailed(), 0);
  // The new certificate, and the key of the old one: the server goes on with the old pair.
  ReplaceFile(files_.certificate, authority_.Issue({.valid_for = absl::Hours(500)}).certificate);
  EXPECT_NEAR(HoursLeft(), 10, 0.5);
  EXPECT_EQ(ReloadFailed(), 1);
  Renew(absl::Hours(500));
  EXPECT_NEAR(HoursLeft(), 500, 0.5);
  EXPECT_EQ(ReloadFailed(), 0);
}

TEST_F(CertificateMetricsTest, AnAuthorityOfClientsThatEndsFirstCounts) {
  Renew(absl::Hours(500));
  grpc_support::TlsFiles with_authorities = files_;
  with_authorities.ca = folder_ + "/ca.pem";
  const std::string soon = authority_.Issue({.valid_for = absl::Hours(3)}).certificate;
  ReplaceFile(with_authorities.ca, absl::StrCat(authority_.Certificate(), soon));
  const CertificateMetrics shown(with_authorities, clock_, metrics_);
  EXPECT_NEAR(HoursLeft(), 3, 0.5);
}

}  // namespace
}  // namespace cognate::service

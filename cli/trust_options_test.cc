// What is wrong with files and flags of trust is said before any service is called.
#include "cli/trust_options.h"

#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "common/grpc/client_trust.h"
#include "tests/support/certificates.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace cognate::cli {
namespace {

using test_support::Authority;
using test_support::IsOk;
using test_support::ReplaceFile;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class TrustOptionsTest : public ::testing::Test {
 protected:
  TrustOptionsTest() {
    ReplaceFile(ca_, authority_.Certificate());
    authority_.IssueInto(directory_.File("own"));
    authority_.IssueInto(directory_.File("other"));
  }
  ~TrustOptionsTest() override {
    for (const char* const name : {"CERTIFICATE_FILE", "KEY_FILE", "CA_FILE"})
      unsetenv(absl::StrCat("COGNATE_TLS_", name).c_str());
    EXPECT_THAT(grpc_support::SetClientTrust({}), IsOk());
  }

  // The complaint of a command that is called with them; empty: there is none.
  static std::string Fault(std::vector<std::string> words, const std::string& command = "status") {
    CLI::App app("cognate");
    AddTrustOptions(app);
    bool has_run = false;
    app.add_subcommand("status")->callback([&] { has_run = true; });
    app.add_subcommand("health")->callback([&] { has_run = true; });
    words.push_back(command);
    std::reverse(words.begin(), words.end());  // As CLI11 takes them.
    testing::internal::CaptureStderr();
    int code = 0;
    try {
      app.parse(words);
    } catch (const CLI::RuntimeError& error) {
      code = error.get_exit_code();
    }
    std::string said = testing::internal::GetCapturedStderr();
    EXPECT_EQ(code, said.empty() ? 0 : 2) << said;
    EXPECT_EQ(has_run, said.empty());
    return said;
  }
  std::vector<std::string> Options(const std::string& certificate, const std::string& key) const {
    return {absl::StrCat("--tls-ca-file=", ca_), absl::StrCat("--tls-certificate-file=", certificate),
            absl::StrCat("--tls-key-file=", key)};
  }
  static void SetVariable(const std::string& name, const std::string& value) {
    setenv(absl::StrCat("COGNATE_TLS_", name).c_str(), value.c_str(), 1);
  }

  test_support::TempDir directory_;
  Authority authority_;
  const std::string ca_ = directory_.File("ca.pem");
  const std::string certificate_ = directory_.File("own.pem");
  const std::string key_ = directory_.File("own.key");
};

TEST_F(TrustOptionsTest, TakesACertificateWithItsKey) {
  EXPECT_THAT(Fault(Options(certificate_, key_)), IsEmpty());
  EXPECT_THAT(Fault({}), IsEmpty());
}

TEST_F(TrustOptionsTest, WantsNeitherOfTheTwoWithoutTheOther) {
  EXPECT_THAT(Fault({"--tls-ca-file", ca_, "--tls-certificate-file", certificate_}),
              AllOf(HasSubstr("--tls-key-file (COGNATE_TLS_KEY_FILE): want the private key"),
                    HasSubstr(certificate_)));
  EXPECT_THAT(Fault({"--tls-ca-file", ca_, "--tls-key-file", key_}),
              AllOf(HasSubstr("--tls-certificate-file (COGNATE_TLS_CERTIFICATE_FILE): want the certificate"),
                    HasSubstr(key_)));
}

TEST_F(TrustOptionsTest, NamesTheFileThatCannotBeUsed) {
  const std::string missing = directory_.File("missing.pem");
  EXPECT_THAT(Fault(Options(missing, key_)),
              AllOf(HasSubstr(missing), HasSubstr("cannot be read: No such file")));
  EXPECT_THAT(Fault(Options(certificate_, missing)),
              AllOf(HasSubstr(missing), HasSubstr("cannot be read: No such file")));
  EXPECT_THAT(Fault(Options(key_, key_)), AllOf(HasSubstr(key_), HasSubstr("want a certificate in PEM")));
  EXPECT_THAT(Fault(Options(certificate_, certificate_)),
              AllOf(HasSubstr(certificate_), HasSubstr("want a private key in PEM")));
  const std::string others = directory_.File("other.key");
  EXPECT_THAT(Fault(Options(certificate_, others)),
              AllOf(HasSubstr(others),
                    HasSubstr(absl::StrCat("is not the key of the certificate in ", certificate_))));
}

TEST_F(TrustOptionsTest, ShowsACertificateByTlsAlone) {
  EXPECT_THAT(Fault({"--tls-certificate-file", certificate_, "--tls-key-file", key_}),
              HasSubstr("--tls-ca-file (COGNATE_TLS_CA_FILE): without it there is no TLS"));
  EXPECT_THAT(Fault({"--tls-certificate-file", certificate_, "--tls-key-file", key_, "--plaintext"}),
              HasSubstr("--plaintext: a certificate is shown by TLS alone"));
}

// `kubectl exec`, `docker exec`: the variables are those of the service there, whatever they are to it.
TEST_F(TrustOptionsTest, WorksWithTheVariablesOfAServiceThatServesTls) {
  SetVariable("CERTIFICATE_FILE", certificate_);
  SetVariable("KEY_FILE", key_);
  EXPECT_THAT(Fault({}), IsEmpty());
  EXPECT_THAT(Fault({"--plaintext"}), IsEmpty());
  SetVariable("CA_FILE", ca_);
  EXPECT_THAT(Fault({}), IsEmpty());
  SetVariable("KEY_FILE", directory_.File("other.key"));
  EXPECT_THAT(Fault({}), HasSubstr("is not the key of the certificate"));
  EXPECT_THAT(Fault({}, "health"), IsEmpty()) << "a renewal that went wrong is not its question";
}

}  // namespace
}  // namespace cognate::cli

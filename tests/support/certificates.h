// Certificates for tests: an authority, and what it vouches for.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"

namespace cognate::test_support {

struct CertificateOptions {
  std::vector<std::string> names = {"localhost", "127.0.0.1"};  // Host names, or addresses.
  absl::Duration valid_for = absl::Hours(1);                    // From yesterday on; may be over.
};

// An authority with a key of its own. Ends the test program where OpenSSL does not do what is asked.
class Authority {
 public:
  Authority();
  ~Authority();

  // Its own certificate, in PEM.
  std::string Certificate() const;

  struct Issued {
    std::string certificate;
    std::string key;
  };
  Issued Issue(const CertificateOptions& options = {}) const;

  // Issues and writes `<path>.pem` and `<path>.key`, each in one step, as a renewal does.
  void IssueInto(const std::string& path, const CertificateOptions& options = {}) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Replaces a file in one step.
void ReplaceFile(const std::string& path, const std::string& text);

}  // namespace cognate::test_support

#include "cli/trust_options.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>

#include <CLI/CLI.hpp>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "cli/output.h"
#include "common/grpc/client_trust.h"
#include "common/status/status_macros.h"

namespace cognate::cli {
namespace {

constexpr char kKeyVariable[] = "COGNATE_KEY";
constexpr char kCertificateVariable[] = "COGNATE_TLS_CERTIFICATE_FILE";
// Asks by plain HTTP, and has to answer whatever has become of the files.
constexpr char kWithoutTrust[] = "health";

struct TrustOptions {
  std::string key_file;
  std::string ca_file;
  std::string tls_certificate_file;
  std::string tls_key_file;
  bool plaintext = false;
};

// Empty where there is none. Never repeats it.
absl::StatusOr<std::string> Key(const TrustOptions& options) {
  std::string key;
  if (options.key_file == "-") {
    key.assign((std::istreambuf_iterator<char>(std::cin)), std::istreambuf_iterator<char>());
  } else if (!options.key_file.empty()) {
    std::ifstream file(options.key_file);
    if (!file) return absl::InvalidArgumentError(absl::StrCat("--key-file: cannot read ", options.key_file));
    key.assign((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  } else if (const char* variable = std::getenv(kKeyVariable)) {  // NOLINT(concurrency-mt-unsafe)
    key = variable;
  }
  absl::StripAsciiWhitespace(&key);
  if (std::all_of(key.begin(), key.end(), [](unsigned char c) { return absl::ascii_isgraph(c); })) return key;
  return absl::InvalidArgumentError(absl::StrCat(options.key_file.empty() ? kKeyVariable : options.key_file,
                                                 ": want one key, such as `cognate key create` prints"));
}

// The variables are those of the services: in a container of one that serves TLS, and calls others without,
// they do not ask for anything here.
bool IsOfAService(const TrustOptions& options) {
  const char* const variable = std::getenv(kCertificateVariable);  // NOLINT(concurrency-mt-unsafe)
  return variable != nullptr && options.tls_certificate_file == variable;
}

// Leaves it out where nobody has asked for it.
absl::Status CheckCertificate(TrustOptions* options) {
  if (options->tls_certificate_file.empty() && options->tls_key_file.empty()) return absl::OkStatus();
  if (options->tls_certificate_file.empty())
    return absl::InvalidArgumentError(absl::StrCat("--tls-certificate-file (", kCertificateVariable,
                                                   "): want the certificate of the key ",
                                                   options->tls_key_file));
  if (options->tls_key_file.empty())
    return absl::InvalidArgumentError(
        absl::StrCat("--tls-key-file (COGNATE_TLS_KEY_FILE): want the private key of the certificate ",
                     options->tls_certificate_file));
  if (IsOfAService(*options)) {
    if (options->ca_file.empty()) options->tls_certificate_file = options->tls_key_file = "";
    return absl::OkStatus();
  }
  if (options->plaintext)
    return absl::InvalidArgumentError(
        "--plaintext: a certificate is shown by TLS alone; leave out either --plaintext, or "
        "--tls-certificate-file and --tls-key-file");
  if (options->ca_file.empty())
    return absl::InvalidArgumentError(
        "--tls-ca-file (COGNATE_TLS_CA_FILE): without it there is no TLS, by which --tls-certificate-file "
        "would be shown; want the authority of the services' certificates: a file, or `system`");
  return absl::OkStatus();
}

absl::Status Install(TrustOptions options) {
  ASSIGN_OR_RETURN(const std::string key, Key(options));
  RETURN_IF_ERROR(CheckCertificate(&options));
  return grpc_support::SetClientTrust({.ca_file = options.ca_file,
                                       .certificate_file = options.tls_certificate_file,
                                       .key_file = options.tls_key_file,
                                       .authorization = key.empty() ? "" : absl::StrCat("Bearer ", key),
                                       .plaintext = options.plaintext});
}

}  // namespace

void AddTrustOptions(CLI::App& app) {
  const auto options = std::make_shared<TrustOptions>();
  app.add_option(
         "--key-file", options->key_file,
         "A file with the key to show, - for standard input; a socket on this machine asks for none. Or "
         "the key itself in COGNATE_KEY")
      ->envname("COGNATE_KEY_FILE");
  app.add_option("--tls-ca-file", options->ca_file,
                 "Whose certificates the services show: a file, or `system`. Without it there is no TLS")
      ->envname("COGNATE_TLS_CA_FILE");
  app.add_option("--tls-certificate-file", options->tls_certificate_file,
                 "What to show to services that know callers by certificates: yours, with its chain, in PEM. "
                 "Where a key is shown too, the key counts")
      ->envname(kCertificateVariable);
  app.add_option("--tls-key-file", options->tls_key_file, "Private key of the certificate")
      ->envname("COGNATE_TLS_KEY_FILE");
  app.add_flag("--plaintext", options->plaintext, "Send the key to other machines without TLS, too")
      ->envname("COGNATE_PLAINTEXT");
  app.parse_complete_callback([options, &app] {
    for (const CLI::App* const command : app.get_subcommands()) {
      if (command->get_name() == kWithoutTrust) return;
    }
    const absl::Status installed = Install(*options);
    if (installed.ok()) return;
    PrintError(std::cerr, installed);
    throw CLI::RuntimeError(2);
  });
}

}  // namespace cognate::cli

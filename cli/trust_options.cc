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

struct TrustOptions {
  std::string key_file;
  std::string ca_file;
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

absl::Status Install(const TrustOptions& options) {
  ASSIGN_OR_RETURN(const std::string key, Key(options));
  return grpc_support::SetClientTrust({.ca_file = options.ca_file,
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
  app.add_flag("--plaintext", options->plaintext, "Send the key to other machines without TLS, too")
      ->envname("COGNATE_PLAINTEXT");
  app.parse_complete_callback([options] {
    const absl::Status installed = Install(*options);
    if (installed.ok()) return;
    PrintError(std::cerr, installed);
    throw CLI::RuntimeError(2);
  });
}

}  // namespace cognate::cli

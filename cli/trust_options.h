#pragma once

namespace CLI {
class App;
}

namespace cognate::cli {

// --key-file, --tls-ca-file, --tls-certificate-file, --tls-key-file, --plaintext: what every command shows to
// the services, and whom it trusts. They count before a command runs, but `health`, which calls none of them;
// a wrong one ends the program.
void AddTrustOptions(CLI::App& app);

}  // namespace cognate::cli

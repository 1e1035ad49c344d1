#include <CLI/CLI.hpp>

#include "cli/commands.h"
#include "cli/output.h"
#include "common/status/status_macros.h"

namespace cognate::cli {
namespace {

absl::Status Reseal(Context& context) {
  Client client = context.Connect();
  ASSIGN_OR_RETURN(
      const v1::ResealSecretsResponse response,
      client.Call(client.keys(), &v1::KeyService::Stub::ResealSecrets, v1::ResealSecretsRequest()));
  if (context.json) {
    PrintJson(std::cout, response);
    return absl::OkStatus();
  }
  std::cout << FormatCount(response.resealed_count()) << " secrets were sealed again under the key "
            << response.sealing_key() << ", " << FormatCount(response.current_count())
            << " were before. The lines of the other keys can be taken out.\n";
  return absl::OkStatus();
}

}  // namespace

void AddSecretCommand(CLI::App& app, Context& context) {
  CLI::App* const secret = app.add_subcommand("secret", "Stored secrets of platforms (docs/keys.md)");
  secret->require_subcommand(1);
  CLI::App* const reseal =
      secret->add_subcommand("reseal", "Seal all of them again under the first of the sealing keys");
  reseal->footer("Example, after a new first line in the file of sealing keys:\n  cognate secret reseal");
  reseal->callback([&context] { context.status = Reseal(context); });
}

}  // namespace cognate::cli

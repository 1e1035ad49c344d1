#include <CLI/CLI.hpp>

#include "cli/backup/backup_commands.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "cli/trust_options.h"
#include "cli/up_command.h"
#include "common/grpc/client_trust.h"

int main(int argc, char** argv) {
  using namespace cognate::cli;
  if (argc > 1 && std::string(argv[1]) == "up") return RunUp(argc - 1, argv + 1);
  Context context;
  CLI::App app{"Cognate keeps records the same across platforms."};
  app.footer(
      "Examples:\n"
      "  cognate up                                    start everything on this machine\n"
      "  cognate platform create shop --postgres postgresql://cognate@db/shop --password-file shop.secret\n"
      "  cognate sync create countries --from atlas:public.country --to shop:public.nations --map "
      "name=title\n"
      "  cognate run backfill countries --wait         bring what is there already\n"
      "  cognate status                                what is where, and what is not\n"
      "  cognate explain atlas public.country 62       why, in words\n"
      "  cognate --address cognate.example.org:7400 --tls-ca-file ca.pem --key-file ada.key status\n"
      "  cognate --address … --tls-ca-file ca.pem --tls-certificate-file ada.pem --tls-key-file ada-tls.key "
      "status\n"
      "Every command takes --help.");
  app.require_subcommand(1);
  AddAddressOptions(app, &context.addresses);
  AddTrustOptions(app);
  app.add_flag("--json", context.json, "One JSON object a line, for programs");
  app.fallthrough();
  AddUpCommand(app, context);
  AddPlatformCommand(app, context);
  AddModelCommand(app, context);
  AddSyncCommand(app, context);
  AddPipelineCommand(app, context);
  AddAssignmentCommand(app, context);
  AddConflictCommand(app, context);
  AddRunCommand(app, context);
  AddStatusCommand(app, context);
  AddTroublesCommand(app, context);
  AddExplainCommand(app, context);
  AddWatchCommand(app, context);
  AddHookCommand(app, context);
  AddHistoryCommand(app, context);
  AddFileCommand(app, context);
  AddHealthCommand(app, context);
  AddLogLevelCommand(app, context);
  AddAuditCommand(app, context);
  AddBackupCommand(app, context);
  AddRestoreCommand(app, context);
  AddKeyCommand(app, context);
  AddSecretCommand(app, context);
  CLI11_PARSE(app, argc, argv);
  cognate::grpc_support::SetClientTrust({}).IgnoreError();
  if (!context.status.ok()) {
    PrintError(std::cerr, context.status);
    return 1;
  }
  return 0;
}

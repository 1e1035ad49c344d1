#include <filesystem>
#include <iostream>
#include <memory>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cli/backup/backup_commands.h"
#include "cli/backup/database.h"
#include "cli/backup/load.h"
#include "cli/backup/progress.h"
#include "cli/backup/save.h"
#include "cli/file_progress.h"
#include "cli/output.h"
#include "common/metrics/build_info.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"

namespace cognate::cli {
namespace {

struct BackupOptions {
  std::string file;
  bool replace = false;
  bool check = false;
};

nlohmann::json HeaderJson(const backup::Header& header, const backup::Totals& totals) {
  return {{"created_at", header.created_at},
          {"version", header.version},
          {"schemas", header.schemas},
          {"sealing_keys", header.sealing_keys},
          {"parts", totals.parts},
          {"rows", totals.rows},
          {"highest_version",
           header.figures.contains("highest_version") ? header.figures.at("highest_version") : ""},
          {"sha256", totals.sha256}};
}

void SaySealingKeys(const backup::Header& header) {
  if (header.sealing_keys.empty()) return;
  std::cout << "Secrets in it are sealed with " << absl::StrJoin(header.sealing_keys, ", ")
            << ": keep the file of sealing keys elsewhere; without it they stay shut.\n";
}

absl::Status Check(const Context& context, const BackupOptions& options) {
  PartProgress progress("checking", context.json);
  ASSIGN_OR_RETURN(const backup::Proved proved,
                   backup::Prove(options.file, [&](const std::string& part, int64_t rows, int64_t estimate) {
                     progress.Show(part, rows, estimate);
                   }));
  if (context.json) {
    nlohmann::json json = HeaderJson(proved.header, proved.totals);
    for (const auto& [part, rows] : proved.parts) json["rows_of"][part] = rows;
    std::cout << json.dump() << "\n";
    return absl::OkStatus();
  }
  Table table({"PART", "ROWS"});
  for (const auto& [part, rows] : proved.parts) table.Add({part, FormatCount(rows)});
  table.Print(std::cout, "It is empty.");
  std::cout << options.file << " is whole: " << FormatCount(proved.totals.rows) << " rows of "
            << proved.header.created_at << ", by Cognate " << proved.header.version << ".\n";
  SaySealingKeys(proved.header);
  return absl::OkStatus();
}

absl::Status Backup(const Context& context, const BackupOptions& options, const DatabaseOptions& from) {
  if (options.check) return Check(context, options);
  std::error_code error;
  if (!options.replace && std::filesystem::exists(options.file, error)) {
    return Error(absl::StatusCode::kAlreadyExists, "BACKUP_EXISTS",
                 absl::StrCat(options.file, " is there already: choose another name, or give --replace"));
  }
  ASSIGN_OR_RETURN(const std::unique_ptr<Database> database,
                   Database::Open(from, {.application_name = "cognate-backup"}));
  PartProgress progress("saving", context.json);
  ASSIGN_OR_RETURN(const backup::Saved saved,
                   backup::Save(database->connection(), options.file, std::string(metrics::Version()),
                                [&](const std::string& part, int64_t rows, int64_t estimate) {
                                  progress.Show(part, rows, estimate);
                                }));
  if (context.json) {
    nlohmann::json json = HeaderJson(saved.header, saved.totals);
    json["file"] = options.file;
    json["bytes"] = saved.bytes;
    std::cout << json.dump() << "\n";
    return absl::OkStatus();
  }
  std::cout << options.file << ": " << FormatCount(saved.totals.rows) << " rows, " << FormatBytes(saved.bytes)
            << ", as everything was at " << saved.header.created_at << ".\n";
  SaySealingKeys(saved.header);
  return absl::OkStatus();
}

}  // namespace

void AddBackupCommand(CLI::App& app, Context& context) {
  CLI::App* backup = app.add_subcommand(
      "backup", "Write platforms, syncs, identities, ledger and change log into one file, as they are now");
  backup->footer(
      "Examples:\n"
      "  cognate backup cognate-2026-11-22.backup\n"
      "  cognate backup /backups/cognate.backup --replace --postgres-uri "
      "postgresql://cognate_backup@db/cognate\n"
      "  cognate backup cognate-2026-11-22.backup --check      whether a file is whole\n"
      "The services go on meanwhile. Files that records refer to are not in it.");
  const auto options = std::make_shared<BackupOptions>();
  const auto from = std::make_shared<DatabaseOptions>();
  backup->add_option("file", options->file, "The file to write")->required();
  backup->add_flag("--replace", options->replace, "Also where the file is there already");
  backup->add_flag("--check", options->check, "Write nothing: read the file to its end and prove it");
  AddDatabaseOptions(*backup, from);
  backup->callback([&context, options, from] { context.status = Backup(context, *options, *from); });
}

}  // namespace cognate::cli

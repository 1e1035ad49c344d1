#include <algorithm>
#include <filesystem>
#include <iostream>
#include <memory>
#include <vector>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
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
  int keep = 0;  // Of a directory's; 0: `file` is a file.
};

// Their names sort by time.
constexpr char kKeptPrefix[] = "cognate-";
constexpr char kKeptSuffix[] = ".backup";

std::string KeptName(absl::Time at) {
  return absl::StrCat(kKeptPrefix, absl::FormatTime("%Y-%m-%dT%H%M%SZ", at, absl::UTCTimeZone()),
                      kKeptSuffix);
}

// Takes away the oldest of those that were written so, beyond `keep`. What has another name is not looked at.
absl::Status DropOldest(const std::string& directory, int keep) {
  std::error_code error;
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(directory, error)) {
    std::string name = entry.path().filename();
    if (name.size() == KeptName(absl::UnixEpoch()).size() && absl::StartsWith(name, kKeptPrefix) &&
        absl::EndsWith(name, kKeptSuffix))
      names.push_back(std::move(name));
  }
  std::sort(names.begin(), names.end());
  for (size_t i = 0; !error && i + static_cast<size_t>(keep) < names.size(); ++i)
    std::filesystem::remove(std::filesystem::path(directory) / names[i], error);
  if (!error) return absl::OkStatus();
  return Error(
      absl::StatusCode::kFailedPrecondition, "BACKUPS_NOT_DROPPED",
      absl::StrCat("the backup was written, but older ones stay in ", directory, ": ", error.message()));
}

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

absl::Status Backup(const Context& context, const BackupOptions& given, const DatabaseOptions& from) {
  if (given.check) return Check(context, given);
  std::error_code error;
  BackupOptions options = given;
  if (given.keep > 0) {
    if (!std::filesystem::is_directory(given.file, error)) {
      return Error(
          absl::StatusCode::kInvalidArgument, "BACKUP_NO_DIRECTORY",
          absl::StrCat(given.file, " is no directory: --keep wants one, in which it names the files"));
    }
    options.file = std::filesystem::path(given.file) / KeptName(absl::Now());
  }
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
    return given.keep > 0 ? DropOldest(given.file, given.keep) : absl::OkStatus();
  }
  std::cout << options.file << ": " << FormatCount(saved.totals.rows) << " rows, " << FormatBytes(saved.bytes)
            << ", as everything was at " << saved.header.created_at << ".\n";
  SaySealingKeys(saved.header);
  return given.keep > 0 ? DropOldest(given.file, given.keep) : absl::OkStatus();
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
      "  cognate backup /backups --keep 14                     one more, and the oldest beyond 14 go\n"
      "  cognate backup cognate-2026-11-22.backup --check      whether a file is whole\n"
      "The services go on meanwhile. Files that records refer to are not in it.");
  const auto options = std::make_shared<BackupOptions>();
  const auto from = std::make_shared<DatabaseOptions>();
  backup->add_option("file", options->file, "The file to write")->required();
  backup->add_flag("--replace", options->replace, "Also where the file is there already");
  backup->add_flag("--check", options->check, "Write nothing: read the file to its end and prove it");
  backup
      ->add_option(
          "--keep", options->keep,
          "FILE is a directory: write a new file there, named after the time, and keep so many of them")
      ->check(CLI::Range(1, 100'000));
  AddDatabaseOptions(*backup, from);
  backup->callback([&context, options, from] { context.status = Backup(context, *options, *from); });
}

}  // namespace cognate::cli

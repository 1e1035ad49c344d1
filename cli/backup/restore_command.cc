#include <iostream>
#include <memory>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cli/backup/backup_commands.h"
#include "cli/backup/database.h"
#include "cli/backup/load.h"
#include "cli/backup/lost_identities.h"
#include "cli/backup/past_restore.h"
#include "cli/backup/progress.h"
#include "cli/output.h"
#include "cli/secret_file.h"
#include "common/bus/streams.h"
#include "common/redis/client.h"
#include "common/secret/sealing.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"
#include "common/text/excerpt.h"

namespace cognate::cli {
namespace {

struct RestoreOptions {
  std::string file;
  bool dry_run = false;
  std::string redis_address;
  std::string redis_password_file;
  std::string redis_sentinel_password_file;
  redis::TlsFiles redis_tls;
  bool redis_is_empty = false;
  bool forget_lost_identities = false;
  std::string sealing_keys_file;
  std::string stream_prefix = bus::kDefaultPrefix;
};

constexpr size_t kLongestLine = 2'000;

void PrintNote(absl::string_view note) { std::cout << "note: " << text::Excerpt(note, kLongestLine) << "\n"; }

nlohmann::json Json(const backup::Proved& proved, const backup::Outcome& outcome, bool dry_run) {
  nlohmann::json json = {{"created_at", proved.header.created_at},
                         {"dry_run", dry_run},
                         {"restored", outcome.restored},
                         {"conflicts", outcome.conflicts},
                         {"conflict_lines", outcome.conflict_lines},
                         {"notes", outcome.notes},
                         {"sealing_keys", proved.header.sealing_keys}};
  for (const backup::PartOutcome& part : outcome.parts) {
    json["parts"][part.part] = {
        {"in_file", part.in_file}, {"restored", part.restored}, {"conflicts", part.conflicts}};
  }
  return json;
}

void Print(const backup::Proved& proved, const backup::Outcome& outcome, bool dry_run) {
  Table table({"PART", "IN FILE", dry_run ? "WOULD COME" : "CAME", "CONFLICTS"});
  for (const backup::PartOutcome& part : outcome.parts) {
    if (part.in_file == 0) continue;
    table.Add(
        {part.part, FormatCount(part.in_file), FormatCount(part.restored), FormatCount(part.conflicts)});
  }
  table.Print(std::cout, "The backup is empty.");
  for (const std::string& line : outcome.conflict_lines) {
    std::cout << "conflict: " << text::Excerpt(line, kLongestLine) << "\n";
  }
  const auto shown = static_cast<int64_t>(outcome.conflict_lines.size());
  if (outcome.conflicts > shown) std::cout << "… and " << FormatCount(outcome.conflicts - shown) << " more\n";
  for (const std::string& note : outcome.notes) PrintNote(note);
  if (!proved.header.sealing_keys.empty()) {
    std::cout << "note: secrets in it are sealed with " << absl::StrJoin(proved.header.sealing_keys, ", ")
              << ": start the services with a file of sealing keys that has them\n";
  }
  std::cout << (dry_run ? "Nothing was changed. " : "Everything of ") << proved.header.created_at
            << (dry_run ? " would come back so." : " that was not here, or was older, is back.") << "\n";
}

absl::Status CheckRedis(const RestoreOptions& options, const DatabaseOptions& into) {
  if (options.dry_run || IsPrivate(into) || options.redis_is_empty || !options.redis_address.empty())
    return absl::OkStatus();
  return Error(
      absl::StatusCode::kInvalidArgument, "REDIS_NOT_SAID",
      "what lies in Redis may be of a time that is lost: give --redis-address, so that the streams there "
      "are emptied, or --redis-is-empty");
}

absl::StatusOr<redis::Options> RedisOf(const RestoreOptions& options) {
  redis::Options redis;
  redis.address = options.redis_address;
  redis.tls_files = options.redis_tls;
  if (!options.redis_password_file.empty()) {
    ASSIGN_OR_RETURN(redis.password, ReadSecretFile("--redis-password-file", options.redis_password_file));
  }
  if (!options.redis_sentinel_password_file.empty()) {
    ASSIGN_OR_RETURN(redis.sentinel_password,
                     ReadSecretFile("--redis-sentinel-password-file", options.redis_sentinel_password_file));
  }
  return redis;
}

absl::StatusOr<backup::Proved> Prove(const Context& context, const std::string& file) {
  PartProgress progress("checking", context.json);
  return backup::Prove(file, [&](const std::string& part, int64_t rows, int64_t estimate) {
    progress.Show(part, rows, estimate);
  });
}

absl::StatusOr<backup::Outcome> Load(const Context& context, postgres::Connection& connection,
                                     const RestoreOptions& options, const backup::Proved& proved) {
  backup::LoadOptions load{.dry_run = options.dry_run};
  if (!options.redis_address.empty() && !options.dry_run) {
    ASSIGN_OR_RETURN(const redis::Options redis, RedisOf(options));
    // Said now, and not when all is loaded.
    RETURN_IF_ERROR(redis::Client::Connect(redis).status());
    // If the transaction comes to nothing after it: what was on the streams is in the database as it was.
    load.before_commit = [redis, prefix = redis::PrefixAt(redis.address, options.stream_prefix)] {
      return EmptyStreams(redis, prefix);
    };
  }
  PartProgress progress("restoring", context.json);
  return backup::Load(
      connection, options.file, proved, load,
      [&](const std::string& part, int64_t rows, int64_t estimate) { progress.Show(part, rows, estimate); });
}

// What is left to do with targets, in sentences. All that was restored counts already: nothing of it fails.
std::vector<std::string> Targets(postgres::Connection& own, const RestoreOptions& options,
                                 const backup::Proved& proved, const backup::Outcome& outcome) {
  if (options.dry_run) return {};
  if (options.forget_lost_identities) {
    LostIdentities lost =
        ForgetLostIdentities(own, {.from = proved.header.created_at, .until = outcome.started_at});
    if (lost.forgotten > 0) {
      lost.notes.push_back(absl::StrCat(FormatCount(lost.forgotten),
                                        " records on targets were made since the backup: their identities "
                                        "are lost, and they are found again by natural keys"));
    }
    return std::move(lost.notes);
  }
  const auto targets = TargetsWithIdentities(own);
  if (!targets.ok() || targets->empty()) return {};
  return {absl::StrCat(
      "what was made since the backup may still be known by its lost identity on ",
      absl::StrJoin(*targets, ", "),
      ". If this cluster takes the place of the one that is lost, do the same once more with "
      "--forget-lost-identities before the services start: else those records are refused there. If another "
      "cluster serves these platforms, as in a drill, never do that, and start no services here that reach "
      "them")};
}

absl::Status Restore(const Context& context, const RestoreOptions& options, const DatabaseOptions& into) {
  RETURN_IF_ERROR(secret::InstallKeyring(options.sealing_keys_file));
  RETURN_IF_ERROR(CheckRedis(options, into));
  ASSIGN_OR_RETURN(const backup::Proved proved, Prove(context, options.file));
  ASSIGN_OR_RETURN(const std::unique_ptr<Database> database,
                   Database::Open(into, {.must_be_stopped = true,
                                         .may_be_new = true,
                                         .only_looks = options.dry_run,
                                         .application_name = "cognate-restore"}));
  ASSIGN_OR_RETURN(backup::Outcome outcome, Load(context, database->connection(), options, proved));
  // Before targets are asked, which may take long.
  if (!context.json) Print(proved, outcome, options.dry_run);
  const std::vector<std::string> notes = Targets(database->connection(), options, proved, outcome);
  if (context.json) {
    outcome.notes.insert(outcome.notes.end(), notes.begin(), notes.end());
    std::cout << Json(proved, outcome, options.dry_run).dump() << "\n";
    return absl::OkStatus();
  }
  for (const std::string& note : notes) PrintNote(note);
  if (!options.dry_run) std::cout << "Start the services when the notes are done with.\n";
  return absl::OkStatus();
}

}  // namespace

void AddRestoreCommand(CLI::App& app, Context& context) {
  CLI::App* restore =
      app.add_subcommand("restore", "Bring a backup back: into an empty cluster, or into one that moved on");
  restore->footer(
      "Examples:\n"
      "  cognate restore cognate-2026-11-22.backup --dry-run         what would come back, and what stays\n"
      "  cognate restore cognate-2026-11-22.backup                   into the database of `cognate up`\n"
      "  cognate restore cognate-2026-11-22.backup --postgres-uri postgresql://cognate@db/cognate "
      "--redis-address "
      "redis:6379\n"
      "  cognate restore --record shop/public.item/7 --at 2026-11-21     one record, from the change log\n"
      "  cognate restore cognate-2026-11-22.backup --platform shop       one platform, as the file has it\n"
      "For the whole of a backup the services must be stopped meanwhile; what is newer here than in the file "
      "stays.\n"
      "A record or a platform comes back while they run, as new versions that are delivered as every change "
      "is.");
  const auto options = std::make_shared<RestoreOptions>();
  const auto into = std::make_shared<DatabaseOptions>();
  restore->add_option("file", options->file, "What `cognate backup` has written; not needed with --at");
  const auto past = std::make_shared<PastOptions>();
  CLI::Option* const platform =
      restore->add_option("--platform", past->platform,
                          "Only bring this platform's records back to what they were, while all goes on");
  restore->add_option("--model", past->model, "Only of this model")->needs(platform);
  CLI::Option* const record =
      restore->add_option("--record", past->record, "Only this record: shop/public.item/7")
          ->excludes(platform);
  CLI::Option* const at = restore->add_option(
      "--at", past->at,
      "As they were then: 2026-11-22, \"2026-11-22 13:05\" (local time) or 2026-11-22T13:05:00Z; "
      "default with a file: as it has them");
  CLI::Option* const approve =
      restore->add_option("--approve", past->approve,
                          "Do what was shown, by the word that was shown with it; without: only show");
  restore->add_flag("--dry-run", options->dry_run, "Do everything, tell what came of it, and take it back")
      ->excludes(platform)
      ->excludes(record);
  restore
      ->add_flag("--forget-lost-identities", options->forget_lost_identities,
                 "Writes to the platforms' databases: SQL targets forget the identities that they got after "
                 "the backup. Only where this cluster takes the place of the one that is lost")
      ->excludes(platform)
      ->excludes(record)
      ->excludes("--dry-run");
  restore
      ->add_option("--redis-address", options->redis_address,
                   "The services' Redis; the streams in it are emptied: the database has all that is on them")
      ->envname("COGNATE_REDIS_ADDRESS");
  restore->add_option("--redis-password-file", options->redis_password_file, "A file that holds its password")
      ->envname("COGNATE_REDIS_PASSWORD_FILE");
  restore
      ->add_option("--redis-sentinel-password-file", options->redis_sentinel_password_file,
                   "A file that holds the password of the sentinels")
      ->envname("COGNATE_REDIS_SENTINEL_PASSWORD_FILE");
  restore
      ->add_option("--redis-ca-file", options->redis_tls.ca, "Who vouches for it, where it is reached by TLS")
      ->envname("COGNATE_REDIS_CA_FILE");
  restore
      ->add_option("--redis-certificate-file", options->redis_tls.certificate,
                   "The certificate that is shown to it")
      ->envname("COGNATE_REDIS_CERTIFICATE_FILE");
  restore->add_option("--redis-key-file", options->redis_tls.key, "Its key")
      ->envname("COGNATE_REDIS_KEY_FILE");
  restore->add_flag("--redis-is-empty", options->redis_is_empty, "There is nothing in the services' Redis")
      ->excludes(platform)
      ->excludes(record);
  restore
      ->add_option(
          "--sealing-keys-file", options->sealing_keys_file,
          "As the services have it: for the passwords of targets that are asked what they have got since")
      ->envname("COGNATE_SEALING_KEYS_FILE");
  restore->add_option("--stream-prefix", options->stream_prefix, "As the services have it")
      ->capture_default_str();
  restore
      ->add_flag(
          "--migrate", into->migrate,
          "With --postgres-uri: make the services' schemas first, as this login's; where each service has a "
          "role of its own its `migrate` makes them")
      ->excludes(platform)
      ->excludes(record)
      ->excludes("--dry-run");
  AddDatabaseOptions(*restore, into);
  restore->callback([&context, options, into, past, platform, record, at, approve] {
    past->file = options->file;
    if (platform->count() + record->count() > 0) {
      context.status = RestorePast(context, *past);
    } else if (at->count() + approve->count() > 0) {
      context.status = absl::InvalidArgumentError(
          "--at and --approve belong to --platform or --record: the whole of a backup comes as the file has "
          "it");
    } else if (options->file.empty()) {
      context.status = absl::InvalidArgumentError("give a file, or --platform or --record with --at");
    } else {
      context.status = Restore(context, *options, *into);
    }
  });
}

}  // namespace cognate::cli

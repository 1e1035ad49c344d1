#include <memory>

#include <CLI/CLI.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "cli/commands.h"
#include "cli/file_options.h"
#include "cli/output.h"
#include "cli/platform_check_command.h"
#include "cli/platform_delivery.h"
#include "cli/secret_file.h"
#include "cli/sync_options.h"
#include "cli/sync_words.h"
#include "common/clock/clock.h"
#include "common/clock/time_proto.h"
#include "common/ids/uuid.h"
#include "common/status/status_macros.h"

namespace cognate::cli {
namespace {

using Stub = v1::PlatformRegistryService::Stub;

struct PlatformOptions {
  std::string id;
  std::string display_name;
  std::string postgres;
  std::string password_file;
  std::string password_environment;
  std::string sealed_password_file;
  std::string capture = "none";
  CLI::Option* capture_option = nullptr;
  bool agent = false;
  bool source_only = false;
  PlatformDelivery delivery;
  PlatformFileOptions files;
  std::string reason, duration;
};

// False when none is given.
absl::StatusOr<bool> SetPassword(const PlatformOptions& options, v1::DatabaseConnection* database) {
  if (!options.password_file.empty()) database->mutable_password()->set_file(options.password_file);
  if (!options.password_environment.empty())
    database->mutable_password()->set_environment(options.password_environment);
  if (!options.sealed_password_file.empty()) {
    ASSIGN_OR_RETURN(*database->mutable_password()->mutable_value(),
                     ReadSecretFile("--sealed-password-file", options.sealed_password_file));
  }
  return !options.password_file.empty() || !options.password_environment.empty() ||
         !options.sealed_password_file.empty();
}

absl::StatusOr<v1::Platform> MakePlatform(const PlatformOptions& options) {
  v1::Platform platform;
  std::vector<std::string> paths;
  RETURN_IF_ERROR(options.delivery.Set(&platform, &paths));
  RETURN_IF_ERROR(options.files.Set(&platform, &paths));
  platform.set_name(absl::StrCat("platforms/", options.id));
  platform.set_display_name(options.display_name);
  if (options.agent) {
    platform.set_kind(v1::PLATFORM_KIND_AGENT);
    if (options.capture_option->count() > 0 && options.capture == "none")
      platform.set_capture_mode(v1::CAPTURE_MODE_NONE);
    return platform;
  }
  platform.set_kind(v1::PLATFORM_KIND_POSTGRES);
  platform.mutable_database()->set_uri(options.postgres);
  RETURN_IF_ERROR(SetPassword(options, platform.mutable_database()).status());
  if (options.source_only) platform.set_channel(v1::CHANNEL_NONE);
  if (options.capture == "replication") platform.set_capture_mode(v1::CAPTURE_MODE_REPLICATION);
  if (options.capture == "agent") platform.set_capture_mode(v1::CAPTURE_MODE_AGENT);
  return platform;
}

absl::Status Create(Context& context, const PlatformOptions& options) {
  Client client = context.Connect();
  v1::CreatePlatformRequest request;
  ASSIGN_OR_RETURN(*request.mutable_platform(), MakePlatform(options));
  request.set_request_id(Uuid::V7(Clock::Real()).ToString());
  ASSIGN_OR_RETURN(const v1::CreatePlatformResponse created,
                   client.Call(client.registry(), &Stub::CreatePlatform, request));
  v1::AnalyzeModelsResponse analyzed;
  if (!options.agent) {
    v1::AnalyzeModelsRequest analyze;
    analyze.set_platform(created.platform().name());
    ASSIGN_OR_RETURN(analyzed, client.Call(client.registry(), &Stub::AnalyzeModels, analyze));
  }
  if (context.json) {
    PrintJson(std::cout, created);
  } else {
    std::cout << "Platform " << options.id << " is there";
    if (!options.agent) std::cout << ", with " << FormatCount(analyzed.models_size()) << " models";
    std::cout << ".\n";
  }
  return absl::OkStatus();
}

absl::Status Show(Context& context, const v1::Platform& platform) {
  if (context.json) {
    PrintJson(std::cout, platform);
    return absl::OkStatus();
  }
  std::cout << platform.display_name() << ": "
            << FormatEnum(v1::PlatformKind_Name(platform.kind()), "PLATFORM_KIND_") << ", captured by "
            << FormatEnum(v1::CaptureMode_Name(platform.capture_mode()), "CAPTURE_MODE_") << ", reached by "
            << FormatEnum(v1::Channel_Name(platform.channel()), "CHANNEL_") << ".\n";
  if (platform.has_database()) std::cout << "Database: " << platform.database().uri() << "\n";
  PrintPlatformDelivery(std::cout, platform);
  PrintPlatformFiles(std::cout, platform);
  return absl::OkStatus();
}

absl::StatusOr<v1::Platform> Read(Client& client, const std::string& id) {
  v1::GetPlatformRequest request;
  request.set_name(absl::StrCat("platforms/", id));
  ASSIGN_OR_RETURN(const v1::GetPlatformResponse response,
                   client.Call(client.registry(), &Stub::GetPlatform, request));
  return response.platform();
}

absl::Status Get(Context& context, const std::string& id) {
  Client client = context.Connect();
  ASSIGN_OR_RETURN(const v1::Platform platform, Read(client, id));
  return Show(context, platform);
}

absl::Status Update(Context& context, const PlatformOptions& options) {
  Client client = context.Connect();
  v1::UpdatePlatformRequest request;
  ASSIGN_OR_RETURN(*request.mutable_platform(), Read(client, options.id));
  std::vector<std::string> paths;
  RETURN_IF_ERROR(options.delivery.Set(request.mutable_platform(), &paths));
  RETURN_IF_ERROR(options.files.Set(request.mutable_platform(), &paths));
  ASSIGN_OR_RETURN(const bool is_password_given,
                   SetPassword(options, request.mutable_platform()->mutable_database()));
  if (is_password_given) paths.emplace_back("database.password");
  if (!options.display_name.empty()) {
    request.mutable_platform()->set_display_name(options.display_name);
    paths.emplace_back("display_name");
  }
  for (const std::string& path : paths) request.mutable_update_mask()->add_paths(path);
  ASSIGN_OR_RETURN(const v1::UpdatePlatformResponse response,
                   client.Call(client.registry(), &Stub::UpdatePlatform, request));
  return Show(context, response.platform());
}

// `lock` empty: none any more.
absl::Status SetLock(Context& context, const std::string& id, const v1::PlatformLock& lock) {
  Client client = context.Connect();
  v1::UpdatePlatformRequest request;
  request.mutable_platform()->set_name(absl::StrCat("platforms/", id));
  if (!lock.reason().empty()) *request.mutable_platform()->mutable_lock() = lock;
  request.mutable_update_mask()->add_paths("lock");
  ASSIGN_OR_RETURN(const v1::UpdatePlatformResponse response,
                   client.Call(client.registry(), &Stub::UpdatePlatform, request));
  return Show(context, response.platform());
}

absl::Status Lock(Context& context, const PlatformOptions& options) {
  v1::PlatformLock lock;
  lock.set_reason(options.reason);
  if (options.duration.empty()) return SetLock(context, options.id, lock);
  absl::Duration duration;
  if (!absl::ParseDuration(options.duration, &duration))
    return WrongOption("--for", options.duration, "a duration such as 30m or 2h");
  *lock.mutable_expire_time() = ToTimestamp(Clock::Real().Now() + duration);
  return SetLock(context, options.id, lock);
}

absl::Status List(Context& context) {
  Client client = context.Connect();
  Table table({"PLATFORM", "KIND", "CAPTURE", "CHANNEL", "ADDRESS", "LOCKED"});
  v1::ListPlatformsRequest request;
  do {
    ASSIGN_OR_RETURN(const v1::ListPlatformsResponse page,
                     client.Call(client.registry(), &Stub::ListPlatforms, request));
    for (const v1::Platform& platform : page.platforms()) {
      if (context.json) PrintJson(std::cout, platform);
      table.Add({std::string(absl::StripPrefix(platform.name(), "platforms/")),
                 FormatEnum(v1::PlatformKind_Name(platform.kind()), "PLATFORM_KIND_"),
                 FormatEnum(v1::CaptureMode_Name(platform.capture_mode()), "CAPTURE_MODE_"),
                 FormatEnum(v1::Channel_Name(platform.channel()), "CHANNEL_"),
                 platform.has_webhook() ? platform.webhook().url() : platform.database().uri(),
                 platform.lock().reason()});
    }
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  if (!context.json) table.Print(std::cout, "No platforms yet: `cognate platform create --help`.");
  return absl::OkStatus();
}

absl::Status Analyze(Context& context, const std::string& id) {
  Client client = context.Connect();
  v1::AnalyzeModelsRequest request;
  request.set_platform(absl::StrCat("platforms/", id));
  ASSIGN_OR_RETURN(const v1::AnalyzeModelsResponse response,
                   client.Call(client.registry(), &Stub::AnalyzeModels, request));
  Table table({"MODEL", "FIELDS", "KEY", "REFERS TO", "CANNOT BE CAPTURED BECAUSE"});
  for (const v1::Model& model : response.models()) {
    if (context.json) PrintJson(std::cout, model);
    std::string key;
    for (const std::string& field : model.key_fields()) absl::StrAppend(&key, key.empty() ? "" : ", ", field);
    std::string refers;
    for (const v1::ForeignKey& foreign : model.foreign_keys()) {
      absl::StrAppend(&refers, refers.empty() ? "" : ", ", foreign.model());
    }
    table.Add({model.model(), absl::StrCat(model.fields_size()), key, refers, model.capture_obstacle()});
  }
  if (context.json) return absl::OkStatus();
  table.Print(std::cout, "The database has no tables that this login may see.");
  for (const v1::KeptModel& kept : response.kept_models()) {
    std::cout << kept.model() << " is custom and stays as it is; the database "
              << (kept.differences().empty() ? "agrees" : absl::StrJoin(kept.differences(), ", ")) << ".\n";
  }
  PrintDrifts(std::cout, response.drifts());
  return absl::OkStatus();
}

absl::Status Delete(Context& context, const std::string& id) {
  Client client = context.Connect();
  v1::DeletePlatformRequest request;
  request.set_name(absl::StrCat("platforms/", id));
  ASSIGN_OR_RETURN(const v1::DeletePlatformResponse response,
                   client.Call(client.registry(), &Stub::DeletePlatform, request));
  if (context.json) PrintJson(std::cout, response);
  return absl::OkStatus();
}

void AddPasswordOptions(CLI::App* command, PlatformOptions* options) {
  auto* const file =
      command->add_option("--password-file", options->password_file, "Where the services read the password");
  auto* const environment = command->add_option("--password-env", options->password_environment,
                                                "The services' environment variable that holds the password");
  command
      ->add_option("--sealed-password-file", options->sealed_password_file,
                   "A file here with the password itself, which the services keep sealed (docs/keys.md)")
      ->excludes(file)
      ->excludes(environment);
}

void AddUpdate(CLI::App& platform, Context& context) {
  auto options = std::make_shared<PlatformOptions>();
  CLI::App* update = platform.add_subcommand("update", "Change how, how fast and when it is delivered to");
  update->footer(
      "Examples:\n"
      "  cognate platform update news --webhook-secret-file new.secret --webhook-secret-file old.secret\n"
      "  cognate platform update shop --max-rate 50 --maintenance 'sat,sun 02:00 3h Europe/Berlin'");
  update->add_option("id", options->id)->required();
  update->add_option("--display-name", options->display_name, "For people");
  AddPasswordOptions(update, options.get());
  options->delivery.Add(update);
  options->files.Add(update);
  update->callback([&context, options] { context.status = Update(context, *options); });
}

void AddLock(CLI::App& platform, Context& context) {
  auto options = std::make_shared<PlatformOptions>();
  CLI::App* lock = platform.add_subcommand("lock", "Stop deliveries to it; what is due to it is kept");
  lock->footer("Example:\n  cognate platform lock shop --reason 'database is being moved' --for 2h");
  lock->add_option("id", options->id)->required();
  lock->add_option("--reason", options->reason, "Why, for whoever finds it locked")->required();
  lock->add_option("--for", options->duration, "It ends by itself: 30m, 2h; default: it does not");
  lock->callback([&context, options] { context.status = Lock(context, *options); });
  CLI::App* unlock = platform.add_subcommand("unlock", "Let deliveries to it go on");
  unlock->add_option("id", options->id)->required();
  unlock->callback([&context, options] { context.status = SetLock(context, options->id, {}); });
}

}  // namespace

void AddPlatformCommand(CLI::App& app, Context& context) {
  CLI::App* platform = app.add_subcommand("platform", "Sites, applications, databases and devices");
  platform->require_subcommand(1);
  auto options = std::make_shared<PlatformOptions>();

  CLI::App* create = platform->add_subcommand("create", "Add a platform, and read its models");
  create->footer(
      "Examples:\n"
      "  cognate platform create atlas --postgres postgresql://cognate@db/atlas --password-file atlas.secret "
      "--capture replication\n"
      "  cognate platform create shop --postgres postgresql:///shop?host=/run/postgresql\n"
      "  cognate platform create till --agent --pull\n"
      "  cognate platform create news --agent --capture none --webhook https://news.example.org/cognate "
      "--webhook-secret-file news.secret");
  create->add_option("id", options->id, "a-z, 0-9 and -, beginning with a letter")->required();
  create->add_option("--display-name", options->display_name, "For people");
  auto* postgres = create->add_option("--postgres", options->postgres, "Connection URI, without a password");
  create->add_flag("--agent", options->agent, "It captures by calling Capture")->excludes(postgres);
  AddPasswordOptions(create, options.get());
  options->capture_option = create->add_option("--capture", options->capture, "How its changes are captured")
                                ->check(CLI::IsMember({"none", "replication", "agent"}))
                                ->capture_default_str();
  create->add_flag("--source-only", options->source_only, "Nothing is ever written to it");
  options->delivery.Add(create);
  options->files.Add(create);
  create->callback([&context, options] { context.status = Create(context, *options); });

  platform->add_subcommand("list", "List platforms")->callback([&context] {
    context.status = List(context);
  });
  CLI::App* get = platform->add_subcommand("get", "Show a platform");
  get->add_option("id", options->id)->required();
  get->callback([&context, options] { context.status = Get(context, options->id); });
  AddUpdate(*platform, context);
  AddLock(*platform, context);
  CLI::App* analyze = platform->add_subcommand("analyze", "Read the models out of its database again");
  analyze->add_option("id", options->id)->required();
  analyze->callback([&context, options] { context.status = Analyze(context, options->id); });
  CLI::App* remove = platform->add_subcommand("delete", "Delete a platform that no sync names");
  remove->add_option("id", options->id)->required();
  remove->callback([&context, options] { context.status = Delete(context, options->id); });
  AddPlatformCheckCommand(*platform, context);
  AddCompareCommand(*platform, context);
}

}  // namespace cognate::cli

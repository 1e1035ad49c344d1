#include "common/config/settings.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include <CLI/CLI.hpp>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "common/config/setting.h"
#include "common/log/redact.h"
#include "common/metrics/build_info.h"

namespace cognate::config {
namespace {

std::optional<std::string> ProcessEnvironment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? std::nullopt : std::make_optional<std::string>(value);
}

using FileValues = std::map<std::string, Values>;

// `address` under [redis] and `redis_address` both are `redis-address`.
absl::StatusOr<FileValues> ReadFile(const std::string& path) try {
  FileValues values;
  for (const CLI::ConfigItem& item : CLI::ConfigTOML().from_file(path)) {
    if (item.name == "++" || item.name == "--") continue;  // Where a section begins and ends.
    values[absl::StrReplaceAll(item.fullname(), {{".", "-"}, {"_", "-"}})] = item.inputs;
  }
  return values;
} catch (const CLI::Error& error) {
  return Wrong("config", path, absl::StrCat("a TOML file that can be read: ", error.what()));
}

bool Has(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

struct Settings::State {
  State(absl::string_view program, absl::string_view description)
      : app(std::string(description), std::string(program)) {
    app.set_version_flag("--version", absl::StrCat(program, " ", metrics::Version()));
    app.add_option("--config", config_file, "A TOML file with settings [COGNATE_CONFIG]")->take_last();
    app.add_flag("--print-config", print_config, "Prints all settings with where each comes from, and ends");
  }

  // One more name on the command line; what is given for it goes into `*given`.
  void Offer(const std::string& name, Kind kind, Values* given, absl::string_view help,
             const std::string& shown_default) {
    const std::string text = absl::StrCat(help, " [", EnvironmentName(name), "]");
    CLI::Option* option = kind == Kind::kFlag ? app.add_flag("--" + name, *given, text)
                                              : app.add_option("--" + name, *given, text);
    if (kind == Kind::kFlag) return;
    option->expected(1, CLI::detail::expected_max_vector_size)->allow_extra_args(false);
    option->type_name("")->default_str(shown_default);
  }

  void Add(Setting setting) {
    settings.push_back(std::make_unique<Setting>(std::move(setting)));
    Setting& added = *settings.back();
    OfferAll(added, added.name, added.help, added.secret ? "" : added.show());
  }

  void OfferAll(Setting& setting, const std::string& name, absl::string_view help,
                const std::string& shown_default) {
    Offer(name, setting.kind, &setting.flag_values, help, shown_default);
    if (setting.secret) {
      Offer(name + "-file", Kind::kOne, &setting.flag_file_values, "A file that holds the value of --" + name,
            "");
    }
  }

  void AddAlias(absl::string_view name, const std::string& alias) {
    for (const std::unique_ptr<Setting>& setting : settings) {
      if (setting->name != name) continue;
      setting->aliases.push_back(alias);
      OfferAll(*setting, alias, absl::StrCat("The same as --", name), "");
    }
  }

  // What an earlier Parse has found.
  void Forget() {
    config_file.clear();
    for (const std::unique_ptr<Setting>& setting : settings) {
      setting->flag_values.clear();
      setting->flag_file_values.clear();
    }
  }

  absl::Status Resolve(const Lookup& environment, const FileValues& file) {
    std::string troubles;
    for (const std::unique_ptr<Setting>& setting : settings) {
      const absl::Status status = ResolveSetting(*setting, environment, file);
      if (!status.ok()) absl::StrAppend(&troubles, troubles.empty() ? "" : "\n", status.message());
    }
    return troubles.empty() ? absl::OkStatus() : absl::InvalidArgumentError(troubles);
  }

  absl::Status Validate() const {
    std::string troubles;
    for (const std::function<absl::Status()>& validate : validations) {
      const absl::Status status = validate();
      if (!status.ok()) absl::StrAppend(&troubles, troubles.empty() ? "" : "\n", status.message());
    }
    return troubles.empty() ? absl::OkStatus() : absl::InvalidArgumentError(troubles);
  }

  // Every key of the file must be a setting: a misspelt one would be ignored in silence.
  absl::Status KnowsAll(const FileValues& file, const std::string& path) const {
    for (const auto& [key, values] : file) {
      bool known = false;
      for (const std::unique_ptr<Setting>& setting : settings) {
        known = known || Has(setting->Names(), key) || (setting->secret && Has(setting->FileNames(), key));
      }
      if (!known)
        return absl::InvalidArgumentError(
            absl::StrCat(path, ": no setting is called \"", key, "\"; see --help"));
    }
    return absl::OkStatus();
  }

  CLI::App app;
  std::string config_file;
  bool print_config = false;
  std::vector<std::unique_ptr<Setting>> settings;
  std::vector<std::string> commands;
  std::vector<std::function<absl::Status()>> validations;
};

Settings::Settings(absl::string_view program, absl::string_view description)
    : state_(std::make_unique<State>(program, description)) {}
Settings::~Settings() = default;

void Settings::Add(absl::string_view name, std::string* value, absl::string_view help) {
  state_->Add(TextSetting(name, value, help));
}
void Settings::Add(absl::string_view name, std::vector<std::string>* value, absl::string_view help) {
  state_->Add(ListSetting(name, value, help));
}
void Settings::Add(absl::string_view name, int* value, absl::string_view help, Range range) {
  range.max = std::min<int64_t>(range.max, std::numeric_limits<int>::max());
  state_->Add(NumberSetting(
      name, help, range, [value](int64_t number) { *value = static_cast<int>(number); },
      [value] { return static_cast<int64_t>(*value); }));
}
void Settings::Add(absl::string_view name, int64_t* value, absl::string_view help, Range range) {
  state_->Add(NumberSetting(
      name, help, range, [value](int64_t number) { *value = number; }, [value] { return *value; }));
}
void Settings::Add(absl::string_view name, double* value, absl::string_view help) {
  state_->Add(DoubleSetting(name, value, help));
}
void Settings::Add(absl::string_view name, bool* value, absl::string_view help) {
  state_->Add(BoolSetting(name, value, help));
}
void Settings::Add(absl::string_view name, absl::Duration* value, absl::string_view help) {
  state_->Add(DurationSetting(name, value, help));
}
void Settings::AddSecret(absl::string_view name, std::string* value, absl::string_view help) {
  Setting setting = TextSetting(name, value, help);
  setting.secret = true;
  setting.show = [value] { return value->empty() ? std::string("\"\"") : std::string("\"***\""); };
  state_->Add(std::move(setting));
}

void Settings::AddAlias(absl::string_view name, absl::string_view alias) {
  state_->AddAlias(name, std::string(alias));
}

void Settings::AddCommand(absl::string_view name, absl::string_view help) {
  state_->commands.emplace_back(name);
  state_->app.add_subcommand(std::string(name), std::string(help))->fallthrough();
  state_->app.require_subcommand(0, 1);
}

void Settings::AddValidation(std::function<absl::Status()> validate) {
  state_->validations.push_back(std::move(validate));
}

absl::StatusOr<Invocation> Settings::Parse(int argc, const char* const* argv, const Lookup& environment) {
  const Lookup& lookup = environment ? environment : Lookup(ProcessEnvironment);
  Invocation invocation;
  state_->Forget();
  try {
    state_->app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    return Invocation{.command = {}, .stop = true, .output = state_->app.help()};
  } catch (const CLI::CallForVersion& version) {
    return Invocation{.command = {}, .stop = true, .output = absl::StrCat(version.what(), "\n")};
  } catch (const CLI::ParseError& error) {
    return absl::InvalidArgumentError(absl::StrCat(error.what(), "; see --help"));
  }
  if (!state_->commands.empty()) invocation.command = state_->commands.front();
  for (const CLI::App* command : state_->app.get_subcommands()) invocation.command = command->get_name();

  std::string path = state_->config_file;
  if (path.empty()) path = lookup(EnvironmentName("config")).value_or("");
  absl::StatusOr<FileValues> file = path.empty() ? FileValues() : ReadFile(path);
  if (!file.ok()) return file.status();
  absl::Status status = state_->KnowsAll(*file, path);
  if (status.ok()) status = state_->Resolve(lookup, *file);
  if (!status.ok()) return status;
  if (state_->print_config) return Invocation{.command = invocation.command, .stop = true, .output = Print()};
  status = state_->Validate();
  if (!status.ok()) return status;
  return invocation;
}

std::string Settings::Print() const {
  std::string text;
  for (const std::unique_ptr<Setting>& setting : state_->settings) {
    absl::StrAppend(&text, setting->name, " = ", setting->show(), "  # ", setting->source, "\n");
  }
  return text;
}

}  // namespace cognate::config

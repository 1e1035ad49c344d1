#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/config/settings.h"

// One setting: how its text becomes a value, and where the text comes from. The inside of settings.h.
namespace cognate::config {

using Values = std::vector<std::string>;
enum class Kind { kOne, kMany, kFlag };

struct Setting {
  std::string name;
  std::string help;
  std::vector<std::string> aliases = {};
  Kind kind = Kind::kOne;
  bool secret = false;
  std::function<absl::Status(const Values& values)> assign = {};
  std::function<std::string()> show = {};  // The value as TOML; of a secret, never the value.
  std::string source = "default";
  Values flag_values = {};       // As given on the command line.
  Values flag_file_values = {};  // Of --name-file.

  std::vector<std::string> Names() const;      // The name and its aliases.
  std::vector<std::string> FileNames() const;  // Each with -file; only a secret has these.
};

Setting TextSetting(absl::string_view name, std::string* value, absl::string_view help);
Setting ListSetting(absl::string_view name, std::vector<std::string>* value, absl::string_view help);
Setting NumberSetting(absl::string_view name, absl::string_view help, Range range,
                      std::function<void(int64_t)> set, std::function<int64_t()> get);
Setting DoubleSetting(absl::string_view name, double* value, absl::string_view help);
Setting BoolSetting(absl::string_view name, bool* value, absl::string_view help);
Setting DurationSetting(absl::string_view name, absl::Duration* value, absl::string_view help);

// "COGNATE_REDIS_ADDRESS" for "redis-address".
std::string EnvironmentName(absl::string_view name);

// Takes the value from the command line, else from the environment, else from the file, else leaves the
// default.
absl::Status ResolveSetting(Setting& setting, const Settings::Lookup& environment,
                            const std::map<std::string, Values>& file);

}  // namespace cognate::config

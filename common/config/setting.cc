#include "common/config/setting.h"

#include <fstream>
#include <iterator>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "common/log/redact.h"

namespace cognate::config {
namespace {

std::string Toml(absl::string_view text) {
  return absl::StrCat("\"", absl::Utf8SafeCEscape(log::MaskSecrets(text)), "\"");
}

Setting Make(absl::string_view name, absl::string_view help) {
  Setting setting;
  setting.name = std::string(name);
  setting.help = std::string(help);
  return setting;
}

// What one of the three layers has for a setting: nothing, a value, or for a secret a file with it.
struct Layer {
  const char* source;
  Values values;
  Values file_values;
};

absl::StatusOr<std::string> ReadSecret(const std::string& name, const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return Wrong(absl::StrCat(name, "-file"), path, "a file that can be read");
  std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  absl::StripTrailingAsciiWhitespace(&text);  // Editors and `echo` end files with a newline.
  return text;
}

absl::Status AssignLayer(Setting& setting, Layer layer) {
  if (!layer.file_values.empty()) {
    if (!layer.values.empty()) {
      return absl::InvalidArgumentError(absl::StrCat("--", setting.name, " and --", setting.name, "-file (",
                                                     layer.source, "): give one of them, not both"));
    }
    absl::StatusOr<std::string> secret = ReadSecret(setting.name, layer.file_values.back());
    if (!secret.ok()) return secret.status();
    layer.values = {*std::move(secret)};
  }
  setting.source = layer.source;
  return setting.assign(layer.values);
}

// Of several names the first that is there.
Values FromEnvironment(const Settings::Lookup& environment, const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    if (std::optional<std::string> value = environment(EnvironmentName(name))) return {*std::move(value)};
  }
  return {};
}

Values FromFile(const std::map<std::string, Values>& file, const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    if (const auto entry = file.find(name); entry != file.end()) return entry->second;
  }
  return {};
}

}  // namespace

std::vector<std::string> Setting::Names() const {
  std::vector<std::string> names = {name};
  names.insert(names.end(), aliases.begin(), aliases.end());
  return names;
}

std::vector<std::string> Setting::FileNames() const {
  std::vector<std::string> names = Names();
  for (std::string& one : names) one += "-file";
  return names;
}

std::string EnvironmentName(absl::string_view name) {
  return absl::StrCat("COGNATE_", absl::AsciiStrToUpper(absl::StrReplaceAll(name, {{"-", "_"}})));
}

absl::Status ResolveSetting(Setting& setting, const Settings::Lookup& environment,
                            const std::map<std::string, Values>& file) {
  Layer layers[] = {{"flag", setting.flag_values, setting.flag_file_values},
                    {"environment", FromEnvironment(environment, setting.Names()), {}},
                    {"file", FromFile(file, setting.Names()), {}}};
  if (setting.secret) {
    layers[1].file_values = FromEnvironment(environment, setting.FileNames());
    layers[2].file_values = FromFile(file, setting.FileNames());
  }
  for (Layer& layer : layers) {
    if (!layer.values.empty() || !layer.file_values.empty()) return AssignLayer(setting, std::move(layer));
  }
  return absl::OkStatus();
}

Setting TextSetting(absl::string_view name, std::string* value, absl::string_view help) {
  Setting setting = Make(name, help);
  setting.assign = [value](const Values& values) {
    *value = values.back();
    return absl::OkStatus();
  };
  setting.show = [value] { return Toml(*value); };
  return setting;
}

Setting ListSetting(absl::string_view name, std::vector<std::string>* value, absl::string_view help) {
  Setting setting = Make(name, help);
  setting.kind = Kind::kMany;
  setting.assign = [value](const Values& values) {
    value->clear();
    for (const std::string& text : values) {
      for (const absl::string_view item : absl::StrSplit(text, ',', absl::SkipWhitespace())) {
        value->emplace_back(absl::StripAsciiWhitespace(item));
      }
    }
    return absl::OkStatus();
  };
  setting.show = [value] {
    return absl::StrCat(
        "[",
        absl::StrJoin(*value, ", ",
                      [](std::string* out, const std::string& item) { absl::StrAppend(out, Toml(item)); }),
        "]");
  };
  return setting;
}

Setting NumberSetting(absl::string_view name, absl::string_view help, Range range,
                      std::function<void(int64_t)> set, std::function<int64_t()> get) {
  Setting setting = Make(name, help);
  setting.assign = [name = setting.name, range, set = std::move(set)](const Values& values) {
    int64_t number = 0;
    if (!absl::SimpleAtoi(values.back(), &number) || number < range.min || number > range.max) {
      return Wrong(name, values.back(), absl::StrCat("a whole number from ", range.min, " to ", range.max));
    }
    set(number);
    return absl::OkStatus();
  };
  setting.show = [get = std::move(get)] { return absl::StrCat(get()); };
  return setting;
}

Setting DoubleSetting(absl::string_view name, double* value, absl::string_view help) {
  Setting setting = Make(name, help);
  setting.assign = [name = setting.name, value](const Values& values) {
    return absl::SimpleAtod(values.back(), value) ? absl::OkStatus() : Wrong(name, values.back(), "a number");
  };
  setting.show = [value] { return absl::StrCat(*value); };
  return setting;
}

Setting BoolSetting(absl::string_view name, bool* value, absl::string_view help) {
  Setting setting = Make(name, help);
  setting.kind = Kind::kFlag;
  setting.assign = [name = setting.name, value](const Values& values) {
    return absl::SimpleAtob(values.back(), value) ? absl::OkStatus()
                                                  : Wrong(name, values.back(), "true or false");
  };
  setting.show = [value] { return *value ? std::string("true") : std::string("false"); };
  return setting;
}

Setting DurationSetting(absl::string_view name, absl::Duration* value, absl::string_view help) {
  Setting setting = Make(name, help);
  setting.assign = [name = setting.name, value](const Values& values) {
    absl::Duration duration;
    if (!absl::ParseDuration(values.back(), &duration) || duration < absl::ZeroDuration()) {
      return Wrong(name, values.back(), "a duration such as 500ms, 30s, 5m or inf");
    }
    *value = duration;
    return absl::OkStatus();
  };
  setting.show = [value] { return Toml(absl::FormatDuration(*value)); };
  return setting;
}

}  // namespace cognate::config

#include "common/backup/backup_format.h"

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "common/backup/backup_errors.h"
#include "common/text/excerpt.h"

namespace cognate::backup {
namespace {

using nlohmann::json;

constexpr size_t kLongestShown = 200;

// What of the header is for people alone.
std::string Shown(const json& value) { return text::Excerpt(value.get<std::string>(), kLongestShown); }

std::string Line(const char* word, json content) { return json::array({word, std::move(content)}).dump(); }

}  // namespace

std::string HeaderLine(const Header& header) {
  return Line("cognate-backup", {{"format", header.format},
                                 {"created_at", header.created_at},
                                 {"version", header.version},
                                 {"schemas", header.schemas},
                                 {"sealing_keys", header.sealing_keys},
                                 {"figures", header.figures}});
}

std::string PartLine(const Part& part) {
  return Line("part", {{"name", part.name}, {"columns", part.columns}});
}

std::string EndLine(absl::string_view name, int64_t rows, absl::string_view sha256) {
  return Line("end", {{"name", std::string(name)}, {"rows", rows}, {"sha256", std::string(sha256)}});
}

std::string DoneLine(const Totals& totals) {
  return Line("done", {{"parts", totals.parts}, {"rows", totals.rows}, {"sha256", totals.sha256}});
}

absl::StatusOr<Header> ParseHeader(absl::string_view line) {
  const json parsed = json::parse(line.begin(), line.end(), nullptr, false);
  if (!parsed.is_array() || parsed.size() != 2 || parsed[0] != "cognate-backup" || !parsed[1].is_object())
    return NoBackup();
  Header header;
  try {
    const json& content = parsed[1];
    header.format = content.at("format").get<int>();
    if (header.format > kFormat) return TooNew(absl::StrCat("format ", header.format));
    if (header.format < 1) return NoBackup();
    header.created_at = Shown(content.at("created_at"));
    header.version = Shown(content.at("version"));
    header.schemas = content.at("schemas").get<std::map<std::string, int64_t>>();
    for (const json& key : content.at("sealing_keys")) header.sealing_keys.push_back(Shown(key));
    if (content.contains("figures"))
      header.figures = content["figures"].get<std::map<std::string, std::string>>();
  } catch (const json::exception&) {
    return Damaged("its first line cannot be read");
  }
  return header;
}

}  // namespace cognate::backup

#include "services/platform_registry/names.h"

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "services/platform_registry/errors.h"

namespace cognate::platform_registry {
namespace {

constexpr int kDefaultPageSize = 100;
constexpr int kMaxPageSize = 1000;

bool IsId(absl::string_view id) {
  if (id.empty() || id.size() > 63 || !absl::ascii_islower(static_cast<unsigned char>(id[0]))) return false;
  for (const char c : id) {
    const auto letter = static_cast<unsigned char>(c);
    if (!absl::ascii_islower(letter) && !absl::ascii_isdigit(letter) && c != '-') return false;
  }
  return true;
}

absl::StatusOr<std::string> ParseId(absl::string_view name, absl::string_view collection,
                                    absl::string_view path) {
  absl::string_view id = name;
  if (!absl::ConsumePrefix(&id, collection) || !IsId(id)) {
    return InvalidField(
        path, absl::StrCat("got \"", absl::Utf8SafeCHexEscape(name.substr(0, 100)), "\", want ", collection,
                           "{id} with an id of 1 to 63 characters a-z, 0-9 and -, first a letter"));
  }
  return std::string(id);
}

std::string TokenPrefix(absl::string_view list) { return absl::StrCat(list, "\n"); }

}  // namespace

std::string PlatformName(absl::string_view platform) { return absl::StrCat("platforms/", platform); }

std::string ModelName(absl::string_view platform, absl::string_view model) {
  return absl::StrCat("platforms/", platform, "/models/", model);
}

std::string SyncName(absl::string_view sync) { return absl::StrCat("syncs/", sync); }

std::string PipelineName(absl::string_view pipeline) { return absl::StrCat("pipelines/", pipeline); }

std::string SyncIdOf(absl::string_view text) {
  std::string id;
  for (const char c : text) {
    const auto letter = static_cast<unsigned char>(absl::ascii_tolower(static_cast<unsigned char>(c)));
    if (absl::ascii_islower(letter) || absl::ascii_isdigit(letter)) {
      id.push_back(static_cast<char>(letter));
    } else if (!id.empty() && id.back() != '-') {
      id.push_back('-');
    }
  }
  if (id.empty() || !absl::ascii_islower(static_cast<unsigned char>(id[0]))) id.insert(0, "sync-");
  return id.substr(0, 58);
}

absl::StatusOr<std::string> ParsePlatformName(absl::string_view name, absl::string_view path) {
  return ParseId(name, "platforms/", path);
}

absl::StatusOr<std::string> ParsePipelineName(absl::string_view name, absl::string_view path) {
  return ParseId(name, "pipelines/", path);
}

absl::StatusOr<std::string> ParseSyncName(absl::string_view name, absl::string_view path) {
  return ParseId(name, "syncs/", path);
}

absl::StatusOr<ParsedModelName> ParseModelName(absl::string_view name, absl::string_view path) {
  constexpr absl::string_view kCollection = "/models/";
  const size_t end = name.find(kCollection);
  if (end != absl::string_view::npos && end + kCollection.size() < name.size()) {
    absl::StatusOr<std::string> platform = ParsePlatformName(name.substr(0, end), path);
    if (platform.ok()) return ParsedModelName{*platform, std::string(name.substr(end + kCollection.size()))};
  }
  return InvalidField(path, absl::StrCat("got \"", absl::Utf8SafeCHexEscape(name.substr(0, 100)),
                                         "\", want platforms/{platform}/models/{model}"));
}

absl::StatusOr<Page> ParsePage(absl::string_view list, int page_size, absl::string_view page_token) {
  Page page;
  if (page_size < 0 || page_size > kMaxPageSize) {
    return InvalidField("page_size", absl::StrCat("got ", page_size, ", want 0 to ", kMaxPageSize));
  }
  page.size = page_size == 0 ? kDefaultPageSize : page_size;
  if (page_token.empty()) return page;
  absl::string_view after;
  std::string token;
  if (absl::WebSafeBase64Unescape(page_token, &token)) after = token;
  if (!absl::ConsumePrefix(&after, TokenPrefix(list)) || after.empty()) {
    return InvalidField("page_token",
                        "got one that this method did not give out, want next_page_token of the page before");
  }
  page.after = std::string(after);
  return page;
}

std::string PageToken(absl::string_view list, absl::string_view last_name) {
  return absl::WebSafeBase64Escape(absl::StrCat(TokenPrefix(list), last_name));
}

}  // namespace cognate::platform_registry

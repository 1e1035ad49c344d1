#include "common/postgres/conninfo.h"

#include <memory>

#include <libpq-fe.h>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

namespace cognate::postgres {

std::optional<ConninfoOptions> ParseConninfo(absl::string_view text) {
  if (text.find('\0') != absl::string_view::npos) return std::nullopt;
  char* message = nullptr;
  const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> parsed(
      PQconninfoParse(std::string(text).c_str(), &message), PQconninfoFree);
  if (message != nullptr) PQfreemem(message);
  if (parsed == nullptr) return std::nullopt;
  ConninfoOptions options;
  for (const PQconninfoOption* option = parsed.get(); option->keyword != nullptr; ++option) {
    if (option->val != nullptr) options.emplace_back(option->keyword, option->val);
  }
  return options;
}

absl::StatusOr<std::string> WithPassword(absl::string_view uri, absl::string_view password) {
  if (uri.empty())
    return absl::InvalidArgumentError("got a password alone, want the address that it is for, too");
  std::optional<ConninfoOptions> options = ParseConninfo(uri);
  if (!options) {
    return absl::InvalidArgumentError(
        "cannot read the address that it is for: want a postgresql:// URI or key=value pairs as libpq knows "
        "them");
  }
  for (const auto& [keyword, value] : *options) {
    if (keyword == "password" && !value.empty())
      return absl::InvalidArgumentError("the address has a password, too; give one of them");
  }
  options->emplace_back("password", password);
  return FormatConninfo(*options);
}

std::string FormatConninfo(const ConninfoOptions& options) {
  std::string text;
  for (const auto& [keyword, value] : options) {
    absl::StrAppend(&text, text.empty() ? "" : " ", keyword, "='",
                    absl::StrReplaceAll(value, {{"\\", "\\\\"}, {"'", "\\'"}}), "'");
  }
  return text;
}

}  // namespace cognate::postgres

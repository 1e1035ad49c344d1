#include "common/redis/keys.h"

#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/redis/address.h"
#include "common/redis/wire.h"
#include "common/status/status_macros.h"

namespace cognate::redis {
namespace {

constexpr char kKeysAtOnce[] = "1000";

// A pattern that means the text itself, and whatever follows it.
std::string PatternOf(absl::string_view beginning) {
  std::string pattern;
  for (const char c : beginning) {
    if (absl::StrContains("*?[]^-\\", c)) pattern.push_back('\\');
    pattern.push_back(c);
  }
  return absl::StrCat(pattern, "*");
}

}  // namespace

absl::StatusOr<int64_t> DeleteAllBelow(const Options& options, absl::string_view beginning) {
  ASSIGN_OR_RETURN(const Address address, AddressOf(options));
  Wire wire(address, options.connect_timeout, options.command_timeout);
  // SCAN names no key: in a cluster this leads to the node of them all.
  RETURN_IF_ERROR(wire.Run({"EXISTS", beginning}).status());
  const std::string pattern = PatternOf(beginning);
  std::string cursor = "0";
  int64_t deleted = 0;
  do {
    ASSIGN_OR_RETURN(const Reply page, wire.Run({"SCAN", cursor, "MATCH", pattern, "COUNT", kKeysAtOnce}));
    const ReplyView keys = page.view()[1];
    std::vector<absl::string_view> words = {"UNLINK"};
    for (size_t i = 0; i < keys.size(); ++i) words.push_back(keys[i].text());
    if (words.size() > 1) {
      ASSIGN_OR_RETURN(const Reply done, wire.Run(words));
      deleted += done.view().integer();
    }
    cursor = std::string(page.view()[0].text());
  } while (cursor != "0");
  return deleted;
}

}  // namespace cognate::redis

// Resource names of this service, and page tokens.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace cognate::platform_registry {

std::string PlatformName(absl::string_view platform);
std::string ModelName(absl::string_view platform, absl::string_view model);
std::string SyncName(absl::string_view sync);
std::string PipelineName(absl::string_view pipeline);
// A sync's id that resembles any text: at most 58 characters, so that there is room for a number behind it.
std::string SyncIdOf(absl::string_view text);

// The id in `platforms/{id}` or `syncs/{id}`. INVALID_FIELD at `path` when `name` has another form.
absl::StatusOr<std::string> ParsePlatformName(absl::string_view name, absl::string_view path);
absl::StatusOr<std::string> ParseSyncName(absl::string_view name, absl::string_view path);
absl::StatusOr<std::string> ParsePipelineName(absl::string_view name, absl::string_view path);

struct ParsedModelName {
  std::string platform;
  std::string model;  // to the letter; may hold slashes
};
absl::StatusOr<ParsedModelName> ParseModelName(absl::string_view name, absl::string_view path);

// One page of a list ordered by name: those after `after`. `list` tells the lists apart, so that a token of
// another one is refused.
struct Page {
  int size = 0;
  std::string after;
};
absl::StatusOr<Page> ParsePage(absl::string_view list, int page_size, absl::string_view page_token);
std::string PageToken(absl::string_view list, absl::string_view last_name);

}  // namespace cognate::platform_registry

// Pages of a list by descending UUIDs, and names that end with one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "common/ids/uuid.h"
#include "services/change_capture/errors.h"

namespace cognate::change_capture {

// `request.page_size()` with its default. INVALID_FIELD.
inline absl::StatusOr<int> PageSizeOf(int32_t page_size) {
  constexpr int kDefault = 100;
  constexpr int kMost = 1000;
  if (page_size < 0 || page_size > kMost) {
    return FieldInvalid("page_size", absl::StrCat(page_size), absl::StrCat("0 to ", kMost));
  }
  return page_size == 0 ? kDefault : page_size;
}

// Where the page goes on: below this one; nullopt on the first page. INVALID_FIELD.
inline absl::StatusOr<std::optional<Uuid>> PageStartOf(const std::string& page_token) {
  if (page_token.empty()) return std::nullopt;
  const absl::StatusOr<Uuid> token = Uuid::Parse(page_token);
  if (!token.ok()) return FieldInvalid("page_token", page_token, "the next_page_token of a page before");
  return *token;
}

// Of `runs/{id}` and the like; nullopt where the name is none.
inline std::optional<Uuid> IdOfName(absl::string_view name, absl::string_view collection) {
  if (!absl::ConsumePrefix(&name, collection)) return std::nullopt;
  const absl::StatusOr<Uuid> id = Uuid::Parse(name);
  return id.ok() ? std::optional<Uuid>(*id) : std::nullopt;
}

}  // namespace cognate::change_capture

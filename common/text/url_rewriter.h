// URLs of one site into those of another, wherever they stand: in plain text, HTML, CSS, JSON.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace cognate::text {

// What is matched: `scheme://host`, `//host` (not after a letter, digit, `:` or `/`), and both in JSON's
// (`https:\/\/host`, `https:\\/\\/host`, any number of backslashes) and percent encoding
// (`https%3A%2F%2Fhost`, `https%253A%252F%252Fhost`). A bare host without `//` is no URL. A user
// (`user@host`) is none that is matched. Scheme and host in any case, the path to the letter. Only whole
// hosts: `example.org` is not in `notexample.org`, `example.org.evil.net` nor, unless it says the port,
// `example.org:8080`. A path only up to a `/`, `?`, `#`, quote, white space, bracket, punctuation or end:
// `example.org/old` is not in `example.org/older`. Of several the longest counts. What is written keeps the
// escaping that was found, and the scheme, unless `to` has one of its own.
//
// Immutable, so thread safe. One pass; time is linear in the text whatever the table.
class UrlRewriter {
 public:
  // From and to, as in UrlRewrite. INVALID_ARGUMENT: nothing in `rewrites`, a `from` with a scheme or twice,
  // one that is not `host[:port][/path]`; says which (`rewrites[2].from: got …, want …`).
  static absl::StatusOr<UrlRewriter> Create(std::vector<std::pair<std::string, std::string>> rewrites);

  std::string Rewrite(absl::string_view text) const;
  // The same, without a copy where there is nothing to do: false, and `out` as it was, if no URL in `text` is
  // rewritten.
  bool RewritesInto(absl::string_view text, std::string* out) const;

 private:
  struct Table;
  explicit UrlRewriter(std::shared_ptr<const Table> table) : table_(std::move(table)) {}

  std::shared_ptr<const Table> table_;
};

}  // namespace cognate::text

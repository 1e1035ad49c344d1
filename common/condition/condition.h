// The language of conditions: `status = "published" and (price >= 10.5 or featured)`. Filters of syncs,
// `when` of transform steps and policies are all written in it; docs/conditions.md is its page.
//
// A condition is parsed and checked once, against the fields that it may name, and then asked of many
// records. Logic has two values: NULL equals only NULL, every order comparison with NULL is false, and a
// field that the record does not list counts as NULL.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "cognate/v1/model.pb.h"
#include "cognate/v1/value.pb.h"

namespace cognate::condition {

inline constexpr size_t kMaxConditionBytes = 8 << 10;
inline constexpr int kMaxNesting = 64;
inline constexpr size_t kMaxListLiterals = 1'000;
inline constexpr size_t kMaxPatterns = 16;
inline constexpr int64_t kMaxPatternBytes = 1 << 20;  // what RE2 makes of one, with what it remembers
inline constexpr int kMaxPatternSteps = 5'000;  // RE2's; it may take each of them for each byte of a text

// A field that a condition may name.
struct FieldInfo {
  int slot = -1;                                            // in Subject's spans
  v1::FieldType type = v1::FIELD_TYPE_UNSPECIFIED;          // unspecified: any kind, decided by each value
  v1::FieldType element_type = v1::FIELD_TYPE_UNSPECIFIED;  // of a list
  std::vector<std::string> enum_labels = {};                // of an enum; empty: any label
};

// What assigned("shop") may ask where a condition stands.
struct Assignments {
  bool are_known = true;
  std::string why_not = "assignments are not known here";  // where they are not
  std::string own_platform = {};                           // that assigned() means; empty: it must name one
  std::vector<std::string> platforms = {};                 // all that there are; empty: any
};

// What a condition may name.
struct Names {
  // nullopt for a field that does not exist; `old` says that it was written as old.name. Only called in
  // Parse.
  std::function<std::optional<FieldInfo>(absl::string_view field, bool old)> find_field;
  Assignments assignments = {};
  // Optional. Why old.name may not be written here; then find_field is not asked for it.
  std::string why_not_old = {};
  // Optional. The names of fields, for the errors' "did you mean".
  std::vector<std::string> known_fields = {};
};

// What a condition is asked of. By slot: nullptr is a field that is not listed, and so is every slot beyond
// the span. The values outlive the call alone.
struct Subject {
  absl::Span<const v1::Value* const> record;
  absl::Span<const v1::Value* const> old_record;  // before this change; empty where there was none
  absl::Span<const std::string> assigned;         // platforms' ids
};

// A condition that was parsed. Immutable, so thread safe; copies share what was parsed. One that was moved
// from may only be assigned to or destroyed.
class Condition {
 public:
  // INVALID_ARGUMENT `column 12: got "=>", want one of = != < …`; columns are counted in code points from 1.
  static absl::StatusOr<Condition> Parse(absl::string_view text, const Names& names);

  // Linear in the values that it looks at. Allocates only in lower(), upper() and trim(), and to compare
  // maps.
  bool Matches(const Subject& subject) const;
  // What decided, in one plain sentence without a stop: `status is "draft", want "published"`. Long values
  // are cut.
  std::string Explain(const Subject& subject) const;

  // The fields that it names, and those as old.name; each once, in the order of the text.
  const std::vector<std::string>& fields() const;
  const std::vector<std::string>& old_fields() const;
  // That it asks assignments for; each once, in the order of the text.
  const std::vector<std::string>& assigned_platforms() const;
  // As it was given to Parse.
  const std::string& text() const;

 private:
  struct Parsed;
  explicit Condition(std::shared_ptr<const Parsed> parsed);
  std::shared_ptr<const Parsed> parsed_;
};

}  // namespace cognate::condition

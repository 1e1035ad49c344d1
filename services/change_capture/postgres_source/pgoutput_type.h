// How the text of a column is to be read, by the OID of its type.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"

namespace cognate::change_capture::pgoutput {

enum class TextForm : uint8_t {
  kText,  // everything that has no kind of its own: UUIDs, JSON, enums, times, ranges, …
  kBool,
  kInteger,
  kFloat,
  kDecimal,
  kBytes,
  kTimestamp,
  kDate,
};

struct ColumnType {
  TextForm form = TextForm::kText;
  bool is_list = false;  // then `form` is that of the elements
  char delimiter = ',';  // between elements
  bool operator==(const ColumnType&) const = default;
};

// A row of pg_type, as far as it matters here.
struct TypeRow {
  char kind = 'b';       // typtype: 'd' is a domain
  uint32_t base = 0;     // typbasetype of a domain
  uint32_t element = 0;  // typelem of a true array, else 0
  char delimiter = ',';  // typdelim of the element
};

// The types that every PostgreSQL has under the same number.
std::optional<ColumnType> BuiltInType(uint32_t oid);

// Knows the built-in types and remembers the others. A domain is read as what it is over. Not thread safe.
class TypeCatalog {
 public:
  // Reads pg_type; nullopt where there is no such type any more.
  using Lookup = std::function<absl::StatusOr<std::optional<TypeRow>>(uint32_t oid)>;
  explicit TypeCatalog(Lookup lookup) : lookup_(std::move(lookup)) {}

  // A type that is gone is read as text. Errors are the lookup's.
  absl::StatusOr<ColumnType> Find(uint32_t oid) { return Find(oid, 0); }

 private:
  absl::StatusOr<ColumnType> Find(uint32_t oid, int depth);

  const Lookup lookup_;
  absl::flat_hash_map<uint32_t, ColumnType> known_;
};

}  // namespace cognate::change_capture::pgoutput

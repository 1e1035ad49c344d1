#include "services/platform_registry/catalogue_type.h"

#include <cstdlib>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/numbers.h"
#include "common/status/status_macros.h"

namespace cognate::platform_registry {
namespace {

constexpr char kSelectTypes[] = R"sql(
    SELECT t.oid, t.typname, n.nspname = 'pg_catalog', t.typtype, t.typbasetype, t.typtypmod, t.typnotnull,
           t.typdefault IS NOT NULL, CASE WHEN t.typcategory = 'A' AND t.typlen = -1 THEN t.typelem ELSE 0 END
    FROM pg_catalog.pg_type t
    JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
    WHERE t.typtype <> 'c' AND t.typtype <> 'p'
)sql";

constexpr char kSelectLabels[] = R"sql(
    SELECT enumtypid, enumlabel
    FROM pg_catalog.pg_enum
    ORDER BY enumtypid, enumsortorder
)sql";

constexpr int32_t kHeader = 4;  // length word that PostgreSQL counts into a modifier

struct Plain {
  v1::FieldType type;
  int size_bits = 0;
};

const absl::flat_hash_map<std::string, Plain>& SystemTypes() {
  static const auto& types = *new absl::flat_hash_map<std::string, Plain>{
      {"bool", {v1::FIELD_TYPE_BOOL}},
      {"int2", {v1::FIELD_TYPE_INTEGER, 16}},
      {"int4", {v1::FIELD_TYPE_INTEGER, 32}},
      {"int8", {v1::FIELD_TYPE_INTEGER, 64}},
      {"float4", {v1::FIELD_TYPE_FLOAT, 32}},
      {"float8", {v1::FIELD_TYPE_FLOAT, 64}},
      {"numeric", {v1::FIELD_TYPE_DECIMAL}},
      {"text", {v1::FIELD_TYPE_TEXT}},
      {"varchar", {v1::FIELD_TYPE_TEXT}},
      {"bpchar", {v1::FIELD_TYPE_TEXT}},
      {"name", {v1::FIELD_TYPE_TEXT}},
      {"bytea", {v1::FIELD_TYPE_BYTES}},
      {"timestamptz", {v1::FIELD_TYPE_TIMESTAMP}},
      {"timestamp", {v1::FIELD_TYPE_LOCAL_TIMESTAMP}},
      {"date", {v1::FIELD_TYPE_DATE}},
      {"uuid", {v1::FIELD_TYPE_UUID}},
      {"json", {v1::FIELD_TYPE_JSON}},
      {"jsonb", {v1::FIELD_TYPE_JSON}},
  };
  return types;
}

int64_t Number(absl::string_view text) {
  int64_t number = 0;
  return absl::SimpleAtoi(text, &number) ? number : 0;
}

void DescribeSize(const DatabaseType& type, int32_t modifier, v1::ModelField* field) {
  if (modifier < kHeader) return;
  const int32_t value = modifier - kHeader;
  if (type.name == "varchar" || type.name == "bpchar") field->set_max_length(value);
  if (type.name == "numeric") {
    field->set_precision((value >> 16) & 0xFFFF);
    field->set_scale(((value & 0x7FF) ^ 0x400) - 0x400);  // eleven bits with a sign
  }
}

}  // namespace

absl::StatusOr<DatabaseTypes> ReadTypes(postgres::Connection& connection) {
  ASSIGN_OR_RETURN(const postgres::Rows rows, connection.QueryText(kSelectTypes));
  DatabaseTypes types;
  for (int row = 0; row < rows.size(); ++row) {
    types[Number(rows.GetText(row, 0))] = {.name = std::string(rows.GetText(row, 1)),
                                           .is_system = rows.GetText(row, 2) == "t",
                                           .kind = rows.GetText(row, 3)[0],
                                           .base = Number(rows.GetText(row, 4)),
                                           .modifier = static_cast<int32_t>(Number(rows.GetText(row, 5))),
                                           .not_null = rows.GetText(row, 6) == "t",
                                           .has_default = rows.GetText(row, 7) == "t",
                                           .element = Number(rows.GetText(row, 8)),
                                           .labels = {}};
  }
  ASSIGN_OR_RETURN(const postgres::Rows labels, connection.QueryText(kSelectLabels));
  for (int row = 0; row < labels.size(); ++row) {
    types[Number(labels.GetText(row, 0))].labels.emplace_back(labels.GetText(row, 1));
  }
  return types;
}

void DescribeType(const DatabaseTypes& types, int64_t type, int32_t modifier, v1::ModelField* field) {
  field->set_type(v1::FIELD_TYPE_OTHER);
  auto found = types.find(type);
  while (found != types.end() && found->second.kind == 'd') {
    if (found->second.not_null) field->set_nullable(false);
    if (found->second.has_default) field->set_has_default(true);
    modifier = found->second.modifier;
    found = types.find(found->second.base);
  }
  if (found == types.end()) return;
  const DatabaseType& described = found->second;
  if (described.element != 0) {
    v1::ModelField element;
    DescribeType(types, described.element, -1, &element);
    field->set_type(v1::FIELD_TYPE_LIST);
    field->set_element_type(element.type());
    *field->mutable_enum_labels() = element.enum_labels();
  } else if (described.kind == 'e') {
    field->set_type(v1::FIELD_TYPE_ENUM);
    field->mutable_enum_labels()->Assign(described.labels.begin(), described.labels.end());
  } else if (const auto plain = SystemTypes().find(described.name);
             described.is_system && plain != SystemTypes().end()) {
    field->set_type(plain->second.type);
    field->set_size_bits(plain->second.size_bits);
    DescribeSize(described, modifier, field);
  } else if (described.name == "citext") {
    field->set_type(v1::FIELD_TYPE_TEXT);
  }
}

}  // namespace cognate::platform_registry

#include "services/change_capture/postgres_source/pgoutput_type.h"

#include "common/status/status_macros.h"

namespace cognate::change_capture::pgoutput {
namespace {

constexpr int kMaxDepth = 32;  // domains over domains; the server has no limit of its own

struct BuiltIn {
  uint32_t oid;
  uint32_t array_oid;
  TextForm form;
};

// From pg_type.dat; these numbers never change.
constexpr BuiltIn kBuiltIn[] = {
    {16, 1000, TextForm::kBool},         // bool
    {17, 1001, TextForm::kBytes},        // bytea
    {18, 1002, TextForm::kText},         // "char"
    {19, 1003, TextForm::kText},         // name
    {20, 1016, TextForm::kInteger},      // int8
    {21, 1005, TextForm::kInteger},      // int2
    {23, 1007, TextForm::kInteger},      // int4
    {25, 1009, TextForm::kText},         // text
    {26, 1028, TextForm::kInteger},      // oid
    {114, 199, TextForm::kText},         // json
    {142, 143, TextForm::kText},         // xml
    {700, 1021, TextForm::kFloat},       // float4
    {701, 1022, TextForm::kFloat},       // float8
    {790, 791, TextForm::kText},         // money
    {829, 1040, TextForm::kText},        // macaddr
    {869, 1041, TextForm::kText},        // inet
    {650, 651, TextForm::kText},         // cidr
    {1042, 1014, TextForm::kText},       // char(n)
    {1043, 1015, TextForm::kText},       // varchar
    {1082, 1182, TextForm::kDate},       // date
    {1083, 1183, TextForm::kText},       // time
    {1114, 1115, TextForm::kTimestamp},  // timestamp
    {1184, 1185, TextForm::kTimestamp},  // timestamptz
    {1186, 1187, TextForm::kText},       // interval
    {1266, 1270, TextForm::kText},       // timetz
    {1560, 1561, TextForm::kText},       // bit
    {1562, 1563, TextForm::kText},       // varbit
    {1700, 1231, TextForm::kDecimal},    // numeric
    {2950, 2951, TextForm::kText},       // uuid
    {3802, 3807, TextForm::kText},       // jsonb
};

}  // namespace

std::optional<ColumnType> BuiltInType(uint32_t oid) {
  for (const BuiltIn& type : kBuiltIn) {
    if (type.oid == oid) return ColumnType{type.form, false, ','};
    if (type.array_oid == oid) return ColumnType{type.form, true, ','};
  }
  return std::nullopt;
}

absl::StatusOr<ColumnType> TypeCatalog::Find(uint32_t oid, int depth) {
  if (const std::optional<ColumnType> type = BuiltInType(oid)) return *type;
  const auto known = known_.find(oid);
  if (known != known_.end()) return known->second;
  if (depth >= kMaxDepth) return ColumnType{};
  ASSIGN_OR_RETURN(const std::optional<TypeRow> row, lookup_(oid));
  ColumnType type;
  if (row && row->kind == 'd') {
    ASSIGN_OR_RETURN(type, Find(row->base, depth + 1));
  } else if (row && row->element != 0) {
    ASSIGN_OR_RETURN(type, Find(row->element, depth + 1));
    // An element that is itself a domain over an array prints as a quoted array: its text is kept.
    if (type.is_list) type.form = TextForm::kText;
    type.is_list = true;
    type.delimiter = row->delimiter;
  }
  known_.emplace(oid, type);
  return type;
}

}  // namespace cognate::change_capture::pgoutput

#include "services/delivery/sql_channel/contact_rules.h"

#include <algorithm>
#include <optional>

#include "common/status/status_macros.h"

namespace cognate::delivery {
namespace {

// Sets that some rows or expressions alone are unique in are not looked at: what collides there is refused.
constexpr char kSelectIndexes[] = R"sql(
    SELECT i.indisunique,
           ARRAY(SELECT a.attname::text
                 FROM unnest((i.indkey::int2[])[0:i.indnkeyatts - 1]) WITH ORDINALITY AS k(attnum, place)
                 JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
                 ORDER BY k.place) AS columns
    FROM pg_catalog.pg_index i
    WHERE i.indrelid = $1::int8::oid AND i.indexprs IS NULL AND i.indpred IS NULL AND i.indisvalid
    ORDER BY i.indexrelid
)sql";

struct Index {
  bool is_unique = false;
  std::vector<std::string> columns;
};

absl::StatusOr<std::vector<Index>> ReadIndexes(postgres::Connection& connection, const SqlTable& table) {
  ASSIGN_OR_RETURN(const postgres::Rows rows,
                   connection.QueryOnce(kSelectIndexes, postgres::Params().AddInt64(table.oid)));
  std::vector<Index> indexes;
  for (int row = 0; row < rows.size(); ++row) {
    Index& index = indexes.emplace_back();
    index.is_unique = rows.GetBool(row, 0);
    for (const std::optional<absl::string_view> column : rows.GetTextArray(row, 1)) {
      index.columns.emplace_back(column.value_or(""));
    }
  }
  return indexes;
}

// The index leads to few rows by these fields: it begins with one of them.
bool Serves(const Index& index, const std::vector<size_t>& fields, const bus::v1::DeliveryGroup& group) {
  return std::any_of(fields.begin(), fields.end(), [&](size_t field) {
    return index.columns[0] == group.field_names(static_cast<int>(field));
  });
}

class RulesReader {
 public:
  RulesReader(const bus::v1::DeliveryGroup& group, const std::vector<const SqlColumn*>& fields,
              const std::vector<Index>& indexes)
      : group_(group), fields_(fields), indexes_(indexes) {}

  ContactRules Read() {
    for (const bus::v1::FieldPlaces& key : group_.natural_keys()) {
      AddKey({key.places().begin(), key.places().end()}, group_.if_exists());
    }
    for (size_t field = 0; field < fields_.size(); ++field) AddCollision(field);
    const auto& missing = group_.missing_only();
    if (std::find(missing.begin(), missing.end(), true) != missing.end()) {
      rules_.missing_only.assign(missing.begin(), missing.end());
    }
    return std::move(rules_);
  }

 private:
  void AddKey(std::vector<size_t> fields, v1::ExistsAction action) {
    ContactRules::Key key;
    key.action = action == v1::EXISTS_ACTION_UNSPECIFIED ? v1::EXISTS_ACTION_UPDATE : action;
    if (key.action == v1::EXISTS_ACTION_RENAME) {
      const auto text = std::find_if(fields.rbegin(), fields.rend(),
                                     [&](size_t field) { return fields_[field]->is_text(); });
      if (text == fields.rend()) return;
      rules_.suffixes.push_back({*text, fields, /*only_renamed=*/true});
    }
    key.is_indexed = std::any_of(indexes_.begin(), indexes_.end(),
                                 [&](const Index& index) { return Serves(index, fields, group_); });
    key.fields = std::move(fields);
    rules_.keys.push_back(std::move(key));
  }

  void AddCollision(size_t field) {
    const bool renames = group_.if_exists() == v1::EXISTS_ACTION_RENAME && !group_.natural_keys().empty();
    const bool is_told = static_cast<int>(field) < group_.on_collision_size();
    v1::CollisionAction action =
        is_told ? group_.on_collision(static_cast<int>(field)) : v1::COLLISION_ACTION_ERROR;
    const bool is_silent = action == v1::COLLISION_ACTION_UNSPECIFIED || action == v1::COLLISION_ACTION_ERROR;
    if (is_silent && renames && fields_[field]->is_text()) action = v1::COLLISION_ACTION_SUFFIX;
    for (const Index& index : indexes_) {
      std::vector<size_t> unique = PlacesOf(index);
      if (std::find(unique.begin(), unique.end(), field) == unique.end()) continue;
      if (action == v1::COLLISION_ACTION_ADOPT) AddKey(std::move(unique), v1::EXISTS_ACTION_UPDATE);
      if (action == v1::COLLISION_ACTION_SUFFIX) rules_.suffixes.push_back({field, std::move(unique)});
    }
  }

  // Empty unless it is unique, and everything in it is written.
  std::vector<size_t> PlacesOf(const Index& index) const {
    std::vector<size_t> places;
    for (const std::string& column : index.columns) {
      const auto& names = group_.field_names();
      const auto found = std::find(names.begin(), names.end(), column);
      if (!index.is_unique || found == names.end()) return {};
      places.push_back(static_cast<size_t>(found - names.begin()));
    }
    return places;
  }

  const bus::v1::DeliveryGroup& group_;
  const std::vector<const SqlColumn*>& fields_;
  const std::vector<Index>& indexes_;
  ContactRules rules_;
};

}  // namespace

bool ContactRules::HaveIndexes() const {
  return std::all_of(keys.begin(), keys.end(), [](const Key& key) { return key.is_indexed; });
}

bool HasContactRules(const bus::v1::DeliveryGroup& group) {
  return !group.natural_keys().empty() || !group.on_collision().empty() || !group.missing_only().empty();
}

absl::StatusOr<ContactRules> ReadContactRules(postgres::Connection& connection,
                                              const bus::v1::DeliveryGroup& group, const SqlTable& table,
                                              const std::vector<const SqlColumn*>& fields) {
  ASSIGN_OR_RETURN(const std::vector<Index> indexes, ReadIndexes(connection, table));
  return RulesReader(group, fields, indexes).Read();
}

}  // namespace cognate::delivery

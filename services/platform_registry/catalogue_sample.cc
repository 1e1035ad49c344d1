#include "services/platform_registry/catalogue_sample.h"

#include <optional>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/substitute.h"
#include "common/log/log.h"
#include "common/status/status_macros.h"
#include "services/platform_registry/catalogue_files.h"
#include "services/platform_registry/catalogue_shape.h"
#include "services/platform_registry/configuration.h"

namespace cognate::platform_registry {
namespace {

using postgres::Connection;
using postgres::Rows;

constexpr size_t kTablesAStatement = 50;
constexpr char kTimeLimit[] = "SET LOCAL statement_timeout = '5s'";

// $0: place, $1: table, $2: type column, $3: collection column or NULL.
constexpr char kSelectTypes[] = R"sql(
    (SELECT $0 AS place, type, collection
     FROM (SELECT DISTINCT left(type, 200) AS type, left(collection, 200) AS collection
           FROM (SELECT $2::text AS type, $3::text AS collection FROM $1 LIMIT 10000) AS sample
           WHERE type IS NOT NULL) AS types
     ORDER BY type COLLATE "C", collection COLLATE "C"
     LIMIT 100)
)sql";

// $0: place, $1: table, $2 and $3: its columns, $4 and $5: the joined tables, $6 and $7: their keys.
constexpr char kSelectJoined[] = R"sql(
    (SELECT $0 AS place, count(*) > 0 AND count(*) = count(*) FILTER (
                WHERE EXISTS (SELECT 1 FROM $4 AS l WHERE l.$6 = sample.$2)
                  AND EXISTS (SELECT 1 FROM $5 AS r WHERE r.$7 = sample.$3)) AS joins
     FROM (SELECT $2, $3 FROM $1 LIMIT 1000) AS sample)
)sql";

// One part of a statement, and what it is about.
struct Question {
  std::string sql;
  int model = 0;
  int pair = 0;
  v1::Pivot pivot;
};

// Some questions a statement; `answer` gets one for each row.
void Ask(Connection& connection, const std::vector<Question>& questions,
         absl::FunctionRef<void(const Question& question, const Rows& rows, int row)> answer) {
  for (size_t first = 0; first < questions.size(); first += kTablesAStatement) {
    const auto some = absl::MakeConstSpan(questions).subspan(first, kTablesAStatement);
    const std::string sql = absl::StrJoin(
        some, " UNION ALL ", [](std::string* out, const Question& question) { out->append(question.sql); });
    const absl::Status asked = connection.InTransaction(
        "sample_models",
        [&](postgres::Transaction&) -> absl::Status {
          RETURN_IF_ERROR(connection.Execute(kTimeLimit));
          ASSIGN_OR_RETURN(const Rows rows, connection.QueryText(sql));
          for (int row = 0; row < rows.size(); ++row) {
            size_t place = 0;
            if (absl::SimpleAtoi(rows.GetText(row, 0), &place) && place < questions.size())
              answer(questions[place], rows, row);
          }
          return absl::OkStatus();
        },
        "BEGIN READ ONLY");
    if (!asked.ok()) {
      log::Warn("some models' records could not be looked at",
                {{"models", static_cast<int64_t>(some.size())}, {"error", asked.ToString()}});
    }
  }
}

std::string Quoted(Connection& connection, absl::string_view name) {
  return connection.QuoteIdentifier(name);
}

void SampleTypes(Connection& connection, absl::Span<const std::string> tables, absl::Span<v1::Model> models) {
  std::vector<Question> questions;
  for (size_t i = 0; i < models.size(); ++i) {
    const std::string collection = IsMediaModel(models[i]) ? Quoted(connection, "collection_name") : "NULL";
    for (int pair = 0; pair < models[i].polymorphic_pairs_size() && !tables[i].empty(); ++pair) {
      const std::string type = Quoted(connection, models[i].polymorphic_pairs(pair).type_field());
      questions.push_back({absl::Substitute(kSelectTypes, questions.size(), tables[i], type, collection),
                           static_cast<int>(i),
                           pair,
                           {}});
    }
  }
  Ask(connection, questions, [&](const Question& question, const Rows& rows, int row) {
    v1::Model& model = models[static_cast<size_t>(question.model)];
    v1::PolymorphicPair& pair = *model.mutable_polymorphic_pairs(question.pair);
    const std::string type(rows.GetText(row, 1));
    if (pair.types().empty() || *pair.types().rbegin() != type) pair.add_types(type);
    if (IsMediaModel(model) && pair.type_field() == "model_type") {
      AddMediaOf(model, type, rows.IsNull(row, 2) ? "" : rows.GetText(row, 2), models);
    }
  });
}

std::string TableOf(absl::string_view model, absl::Span<const std::string> tables,
                    absl::Span<const v1::Model> models) {
  for (size_t i = 0; i < models.size(); ++i) {
    if (models[i].model() == model) return tables[i];
  }
  return "";
}

std::string KeyOf(absl::string_view name, absl::Span<const v1::Model> models) {
  for (const v1::Model& model : models) {
    if (model.model() == name) return model.key_fields(0);
  }
  return "";
}

void SamplePivots(Connection& connection, absl::Span<const std::string> tables,
                  absl::Span<v1::Model> models) {
  std::vector<Question> questions;
  for (size_t i = 0; i < models.size(); ++i) {
    if (models[i].has_pivot() || tables[i].empty()) continue;
    std::optional<v1::Pivot> guess = GuessPivot(models[i], models);
    if (!guess.has_value()) continue;
    const v1::PivotSide& left = guess->sides(0);
    const v1::PivotSide& right = guess->sides(1);
    const std::string left_table = TableOf(left.model(), tables, models);
    const std::string right_table = TableOf(right.model(), tables, models);
    if (left_table.empty() || right_table.empty()) continue;
    questions.push_back(
        {absl::Substitute(kSelectJoined, questions.size(), tables[i], Quoted(connection, left.fields(0)),
                          Quoted(connection, right.fields(0)), left_table, right_table,
                          Quoted(connection, KeyOf(left.model(), models)),
                          Quoted(connection, KeyOf(right.model(), models))),
         static_cast<int>(i), 0, *std::move(guess)});
  }
  Ask(connection, questions, [&](const Question& question, const Rows& rows, int row) {
    if (rows.GetText(row, 1) == "t")
      *models[static_cast<size_t>(question.model)].mutable_pivot() = question.pivot;
  });
}

}  // namespace

void SampleModels(Connection& connection, absl::Span<const std::string> tables,
                  absl::Span<v1::Model> models) {
  SampleTypes(connection, tables, models);
  SamplePivots(connection, tables, models);
}

}  // namespace cognate::platform_registry

#include "services/change_capture/conflicts/lineage.h"

#include <utility>

#include "absl/functional/function_ref.h"
#include "common/status/status_macros.h"

namespace cognate::change_capture {
namespace {

constexpr int kMaxHops = 64;

const postgres::Statement kHop{"hop_to_base", R"sql(
    SELECT wanted.place, author.model_id, author.local_id, author.is_amended IS NOT NULL,
           earlier.origin_version
    FROM unnest($1::int8[]) WITH ORDINALITY AS wanted (version, place)
    CROSS JOIN LATERAL (SELECT model_id, local_id, version, is_amended
                        FROM changes
                        WHERE changes.version = wanted.version
                        LIMIT 1) AS author
    LEFT JOIN LATERAL (
        SELECT origin_version
        FROM (SELECT version, origin_entity_id, origin_version
              FROM changes
              WHERE changes.model_id = author.model_id AND changes.local_id = author.local_id
                AND changes.version < author.version
              ORDER BY changes.model_id, changes.local_id, changes.version DESC
              LIMIT 256) AS recent
        WHERE origin_entity_id IS NOT NULL
        ORDER BY version DESC
        LIMIT 1) AS earlier ON true
)sql"};

struct Hop {
  int64_t version = 0;
  bool is_of_the_record = false;
  bool is_amended = false;
};

// Follows each question's change back. `reached` says at each hop whether that is far enough.
absl::Status Follow(postgres::Pool& pool, absl::Span<const LineageQuestion> questions,
                    absl::FunctionRef<bool(size_t question, const Hop& hop)> reached) {
  std::vector<size_t> open;
  std::vector<int64_t> versions;
  for (size_t i = 0; i < questions.size(); ++i) {
    open.push_back(i);
    versions.push_back(questions[i].version);
  }
  for (int hop = 0; hop < kMaxHops && !open.empty(); ++hop) {
    postgres::Rows rows;
    RETURN_IF_ERROR(pool.Run("hop_to_base", [&](postgres::Transaction& transaction) -> absl::Status {
      postgres::Params params;
      params.AddInt64Array(absl::MakeConstSpan(versions));
      ASSIGN_OR_RETURN(rows, transaction.Query(kHop, params));
      return absl::OkStatus();
    }));
    std::vector<size_t> next_open;
    std::vector<int64_t> next_versions;
    for (int row = 0; row < rows.size(); ++row) {
      const auto place = static_cast<size_t>(rows.GetInt64(row, 0) - 1);
      const LineageQuestion& question = questions[open[place]];
      const bool is_of_the_record =
          rows.GetInt32(row, 1) == question.model_id && rows.GetText(row, 2) == question.local_id;
      if (reached(open[place], {versions[place], is_of_the_record, rows.GetBool(row, 3)})) continue;
      if (rows.IsNull(row, 4)) continue;
      next_open.push_back(open[place]);
      next_versions.push_back(rows.GetInt64(row, 4));
    }
    open = std::move(next_open);
    versions = std::move(next_versions);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<int64_t>> NewestKnown(postgres::Pool& pool,
                                                 absl::Span<const LineageQuestion> questions) {
  std::vector<int64_t> known(questions.size(), 0);
  RETURN_IF_ERROR(Follow(pool, questions, [&](size_t question, const Hop& hop) {
    if (hop.is_of_the_record) known[question] = hop.version;
    return hop.is_of_the_record;
  }));
  return known;
}

absl::StatusOr<std::vector<bool>> AreBasedOnAmended(postgres::Pool& pool,
                                                    absl::Span<const LineageQuestion> questions,
                                                    absl::Span<const int64_t> amended_versions) {
  std::vector<bool> based(questions.size(), false);
  RETURN_IF_ERROR(Follow(pool, questions, [&](size_t question, const Hop& hop) {
    if (!hop.is_of_the_record) return false;
    if (hop.is_amended && hop.version >= amended_versions[question]) based[question] = true;
    return based[question] || hop.version < amended_versions[question];
  }));
  return based;
}

}  // namespace cognate::change_capture

#include "services/platform_registry/assignments/platform_numbers.h"

#include <algorithm>

#include "common/status/status_macros.h"

namespace cognate::platform_registry {
namespace {

constexpr absl::Duration kKnownFor = absl::Seconds(10);

const postgres::Statement kSelectNumbers = {"select_platform_numbers", R"sql(
    SELECT platform_id, name FROM platforms
)sql"};

}  // namespace

void PlatformTable::Add(int32_t number, const std::string& platform) {
  names_.emplace(number, platform);
  numbers_.emplace(platform, number);
}

std::optional<int32_t> PlatformTable::Find(absl::string_view platform) const {
  const auto found = numbers_.find(platform);
  return found == numbers_.end() ? std::nullopt : std::optional<int32_t>(found->second);
}

std::vector<std::string> PlatformTable::Names(absl::Span<const int32_t> numbers) const {
  std::vector<std::string> names;
  for (const int32_t number : numbers) {
    const auto found = names_.find(number);
    if (found != names_.end()) names.push_back(found->second);
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

bool PlatformTable::HasAll(absl::Span<const int32_t> numbers) const {
  return std::all_of(numbers.begin(), numbers.end(),
                     [&](int32_t number) { return names_.contains(number) || gone_.contains(number); });
}

void PlatformTable::AddGone(absl::Span<const int32_t> numbers) {
  for (const int32_t number : numbers) {
    if (!names_.contains(number)) gone_.insert(number);
  }
}

std::vector<std::string> PlatformTable::AllNames() const {
  std::vector<std::string> names;
  for (const auto& [name, number] : numbers_) names.push_back(name);
  std::sort(names.begin(), names.end());
  return names;
}

absl::StatusOr<std::shared_ptr<const PlatformTable>> PlatformNumbers::Read() {
  const absl::Time now = clock_.Now();
  auto table = std::make_shared<PlatformTable>();
  RETURN_IF_ERROR(
      pool_.Run("select_platform_numbers", [&](postgres::Transaction& transaction) -> absl::Status {
        ASSIGN_OR_RETURN(const postgres::Rows rows, transaction.Query(kSelectNumbers));
        for (int row = 0; row < rows.size(); ++row) {
          table->Add(rows.GetInt32(row, 0), std::string(rows.GetText(row, 1)));
        }
        return absl::OkStatus();
      }));
  MutexLock lock(&mutex_);
  table_ = std::move(table);
  read_time_ = now;
  return table_;
}

absl::StatusOr<std::shared_ptr<const PlatformTable>> PlatformNumbers::Known(
    absl::Span<const int32_t> numbers) {
  {
    MutexLock lock(&mutex_);
    if (table_ != nullptr && clock_.Now() < read_time_ + kKnownFor && table_->HasAll(numbers)) return table_;
  }
  ASSIGN_OR_RETURN(std::shared_ptr<const PlatformTable> now, Read());
  if (now->HasAll(numbers)) return now;
  // Whoever names a number has read it after its platform was there: these are gone for good.
  auto with_gone = std::make_shared<PlatformTable>(*now);
  with_gone->AddGone(numbers);
  MutexLock lock(&mutex_);
  return table_ = std::move(with_gone);
}

}  // namespace cognate::platform_registry

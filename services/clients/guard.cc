#include "services/clients/guard.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace cognate::clients {
namespace {

constexpr int kDefaultPercent = 20;
constexpr int64_t kNeverHeld = 10;

// 12,345
std::string Grouped(int64_t count) {
  std::string digits = absl::StrCat(count);
  for (int place = static_cast<int>(digits.size()) - 3; place > 0; place -= 3) {
    digits.insert(digits.begin() + place, ',');
  }
  return digits;
}

}  // namespace

int MaxLeavingPercent(const v1::Sync& sync) {
  return sync.max_leaving_percent() == 0 ? kDefaultPercent : sync.max_leaving_percent();
}

bool IsTooMuch(const v1::Sync& sync, int64_t leaving_count, int64_t record_count) {
  const int percent = MaxLeavingPercent(sync);
  return percent < 100 && leaving_count >= kNeverHeld && leaving_count * 100 > percent * record_count;
}

std::string GuardWords(const v1::Sync& sync) {
  const v1::LeaveGuard& guard = sync.guard();
  if (guard.state() == v1::LEAVE_GUARD_STATE_COUNTING) {
    return absl::StrCat("what its changed rules take away from ", sync.target_platform(),
                        " is being counted, and stays there meanwhile");
  }
  if (guard.state() != v1::LEAVE_GUARD_STATE_HELD) return "";
  const int64_t share = guard.record_count() == 0 ? 0 : guard.leaving_count() * 100 / guard.record_count();
  return absl::StrCat("its changed rules would take away ", Grouped(guard.leaving_count()), " of ",
                      Grouped(guard.record_count()), " records on ", sync.target_platform(), " (", share,
                      " %), more than ", MaxLeavingPercent(sync),
                      " %; they stay until somebody approves: ", "cognate sync approve ",
                      absl::StripPrefix(sync.name(), "syncs/"));
}

}  // namespace cognate::clients

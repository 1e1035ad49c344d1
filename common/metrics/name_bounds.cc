#include "common/metrics/name_bounds.h"

#include <algorithm>
#include <array>

namespace cognate::metrics {
namespace {

constexpr std::array<absl::string_view, 7> kChosenByPeople = {"platform", "model",  "sync",  "name",
                                                              "stage",    "source", "target"};

}  // namespace

absl::string_view NameBounds::Shown(absl::string_view label, absl::string_view value) {
  if (std::find(kChosenByPeople.begin(), kChosenByPeople.end(), label) == kChosenByPeople.end()) return value;
  MutexLock lock(&mutex_);
  auto& names = names_[std::string(label)];
  if (names.find(std::string(value)) != names.end()) return value;
  if (names.size() >= (label == "name" ? kKindsOfName * max_names_ : max_names_)) {
    refused_.Add({{"label", std::string(label)}}).Increment();
    return kOther;
  }
  names.emplace(value);
  return value;
}

}  // namespace cognate::metrics

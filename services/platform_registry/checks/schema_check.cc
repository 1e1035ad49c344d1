#include "services/platform_registry/checks/schema_check.h"

#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/platform_registry/model_difference.h"

namespace cognate::platform_registry {
namespace {

using absl::StrCat;
using ByName = absl::flat_hash_map<std::string, const v1::Model*>;

constexpr size_t kShown = 3;

ByName IndexOf(absl::Span<const v1::Model> models) {
  ByName index;
  for (const v1::Model& model : models) index.emplace(model.model(), &model);
  return index;
}

// How a known table reads otherwise now, as words after its name.
std::vector<std::string> Changes(const v1::Model& stored, const v1::Model* found) {
  if (found == nullptr)
    return stored.missing() ? std::vector<std::string>() : std::vector<std::string>{"is gone"};
  std::vector<std::string> changes = DifferencesOf(stored, *found);
  if (stored.missing()) changes.insert(changes.begin(), "is there again");
  if (stored.capture_obstacle() != found->capture_obstacle()) {
    changes.push_back(found->capture_obstacle().empty()
                          ? "can be captured now"
                          : StrCat("cannot be captured: ", found->capture_obstacle()));
  }
  return changes;
}

std::string FirstOf(std::vector<std::string> sentences) {
  const size_t count = sentences.size();
  if (count > kShown) sentences.resize(kShown);
  return StrCat(absl::StrJoin(sentences, "; "),
                count > kShown ? StrCat("; and ", count - kShown, " more") : "");
}

}  // namespace

Finding CompareSchema(absl::string_view platform, absl::Span<const v1::Model> stored,
                      absl::Span<const v1::Model> found) {
  const std::string fix = StrCat("cognate platform analyze ", platform);
  if (stored.empty()) {
    return Warned("MODEL_NOT_FOUND",
                  found.empty() ? "it has no tables that this login may see" : "its models were never read",
                  fix);
  }
  const ByName now = IndexOf(found), known = IndexOf(stored);
  std::vector<std::string> changed, added;
  for (const v1::Model& model : stored) {
    if (model.origin() == v1::MODEL_ORIGIN_CUSTOM) continue;
    const auto same = now.find(model.model());
    for (const std::string& change : Changes(model, same == now.end() ? nullptr : same->second))
      changed.push_back(StrCat(model.model(), " ", change));
  }
  for (const v1::Model& model : found) {
    if (!known.contains(model.model())) added.push_back(StrCat(model.model(), " is new"));
  }
  if (!changed.empty()) return Failed("SCHEMA_CHANGED", FirstOf(std::move(changed)), fix);
  if (!added.empty()) return Warned("SCHEMA_CHANGED", FirstOf(std::move(added)), fix);
  return Fine(StrCat("its ", found.size(), found.size() == 1 ? " table is" : " tables are",
                     " as the catalogue says"));
}

}  // namespace cognate::platform_registry

#include "services/platform_registry/ledger/entity_order.h"

#include <algorithm>
#include <numeric>

#include "absl/strings/str_cat.h"
#include "services/platform_registry/errors.h"

namespace cognate::platform_registry {

EntityOrder EntityOrder::Pick(const std::vector<size_t>& indexes) const {
  EntityOrder picked;
  for (const size_t index : indexes) {
    picked.places.push_back(places[index]);
    picked.ids.push_back(ids[index]);
  }
  return picked;
}

absl::StatusOr<EntityOrder> OrderEntities(const google::protobuf::RepeatedPtrField<std::string>& ids,
                                          absl::string_view path) {
  EntityOrder order;
  order.places.resize(static_cast<size_t>(ids.size()));
  std::iota(order.places.begin(), order.places.end(), 0);
  std::sort(order.places.begin(), order.places.end(), [&](int a, int b) { return ids[a] < ids[b]; });
  order.ids.reserve(order.places.size());
  for (const int place : order.places) {
    absl::StatusOr<Uuid> id = Uuid::FromBytes(ids[place]);
    if (!id.ok()) {
      return InvalidField(absl::StrCat(path, "[", place, "]"),
                          absl::StrCat("got ", ids[place].size(), " bytes, want the 16 of a UUID"));
    }
    if (!order.ids.empty() && order.ids.back() == *id) {
      return InvalidField(absl::StrCat(path, "[", place, "]"),
                          "got an entity that comes twice in its group, want it once");
    }
    order.ids.push_back(*id);
  }
  return order;
}

}  // namespace cognate::platform_registry

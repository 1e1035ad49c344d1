#include "services/feedback/events/event_filter.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "services/feedback/errors.h"

namespace cognate::feedback {
namespace {

constexpr int kMaxValues = 1000;

template <typename Values>
absl::flat_hash_set<std::string> SetOf(const Values& values) {
  return {values.begin(), values.end()};
}

}  // namespace

EventFilter::EventFilter(const v1::EventFilter& filter, std::vector<Way> ways)
    : aggregate_(filter.aggregate()),
      platforms_(SetOf(filter.platforms())),
      kinds_(filter.kinds().begin(), filter.kinds().end()),
      syncs_(SetOf(filter.syncs())),
      actors_(SetOf(filter.actors())),
      source_platforms_(SetOf(filter.source_platforms())),
      ways_(std::move(ways)) {}

bool EventFilter::Aggregates(v1::EventKind kind) const {
  return aggregate_ && (kind == v1::EVENT_KIND_APPLIED || kind == v1::EVENT_KIND_PUBLISHED ||
                        kind == v1::EVENT_KIND_DELETED);
}

bool EventFilter::WantsKind(v1::EventKind kind) const {
  return kinds_.empty() || kinds_.contains(kind) ||
         (Aggregates(kind) && kinds_.contains(v1::EVENT_KIND_CHANGE));
}

bool EventFilter::OfSync(const EventColumns& events, int index, const bus::v1::EventDetail* detail) const {
  if (detail != nullptr && syncs_.contains(detail->told().sync())) return true;
  const v1::RecordKey* const source = events.source_model(index, detail);
  if (source == nullptr) return false;
  return std::any_of(ways_.begin(), ways_.end(), [&](const Way& way) {
    return way.target_platform == events.platform() && way.target_model == events.model(index) &&
           way.source_platform == source->platform() && way.source_model == source->model();
  });
}

bool EventFilter::Wants(const EventColumns& events, int index, const bus::v1::EventDetail* detail) const {
  if (!WantsPlatform(events.platform()) || !WantsKind(events.kind(index))) return false;
  if (!actors_.empty() && !actors_.contains(events.actor(index))) return false;
  if (!source_platforms_.empty()) {
    const v1::RecordKey* const source = events.source_model(index, detail);
    if (source == nullptr || !source_platforms_.contains(source->platform())) return false;
  }
  return syncs_.empty() || OfSync(events, index, detail);
}

absl::Status CheckFilter(const v1::EventFilter& filter, absl::string_view field) {
  const int values = filter.platforms_size() + filter.kinds_size() + filter.syncs_size() +
                     filter.actors_size() + filter.source_platforms_size();
  if (values > kMaxValues) {
    return InvalidField(field, absl::StrCat("got ", values, " values, want at most ", kMaxValues));
  }
  for (int i = 0; i < filter.kinds_size(); ++i) {
    if (filter.kinds(i) == v1::EVENT_KIND_UNSPECIFIED || !v1::EventKind_IsValid(filter.kinds(i)))
      return InvalidField(absl::StrCat(field, ".kinds[", i, "]"), "got none, want one of EventKind");
  }
  for (int i = 0; i < filter.syncs_size(); ++i) {
    if (!absl::StartsWith(filter.syncs(i), "syncs/"))
      return InvalidField(absl::StrCat(field, ".syncs[", i, "]"),
                          absl::StrCat("got \"", filter.syncs(i), "\", want syncs/{id}"));
  }
  return absl::OkStatus();
}

}  // namespace cognate::feedback

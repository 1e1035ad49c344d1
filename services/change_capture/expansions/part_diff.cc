#include "services/change_capture/expansions/part_diff.h"

#include <utility>

#include "absl/container/flat_hash_map.h"
#include "common/value/fingerprint.h"
#include "services/change_capture/fields_wire.h"

namespace cognate::change_capture {
namespace {

void CompareParts(const KnownParts& known, const v1::PartSet& set, PartDiff* diff) {
  absl::flat_hash_map<absl::string_view, absl::string_view> before;
  for (size_t i = 0; i < known.ids.size(); ++i) before.emplace(known.ids[i], known.hashes[i]);
  for (int i = 0; i < set.parts_size(); ++i) {
    const v1::Part& part = set.parts(i);
    diff->next.ids.push_back(part.local_id());
    diff->next.hashes.push_back(value::Digest(SerializeFields(part.fields().fields())));
    const auto found = before.find(part.local_id());
    if (found == before.end()) {
      diff->created.push_back(i);
      continue;
    }
    if (found->second != diff->next.hashes.back()) diff->updated.push_back(i);
    before.erase(found);
  }
  for (const std::string& id : known.ids) {
    if (before.contains(id)) diff->deleted.push_back(id);
  }
}

bool SameError(const std::optional<v1::OutcomeError>& a, const std::optional<v1::OutcomeError>& b) {
  if (a.has_value() != b.has_value()) return false;
  return !a.has_value() || a->SerializeAsString() == b->SerializeAsString();
}

}  // namespace

PartDiff Compare(const KnownParts& known, const v1::PartSet& set) {
  PartDiff diff;
  const auto now = std::make_pair(set.version(), set.rules_revision());
  const auto before = std::make_pair(known.version, known.rules_revision);
  if (known.turn > 0 && now < before) {
    diff.is_stale = true;
    return diff;
  }
  diff.next.turn = known.turn + 1;
  diff.next.version = set.version();
  diff.next.rules_revision = set.rules_revision();
  if (set.has_error() || set.skipped()) {
    diff.next.ids = known.ids;
    diff.next.hashes = known.hashes;
    if (set.has_error()) diff.next.error = set.error();
  } else {
    CompareParts(known, set, &diff);
  }
  diff.writes = now != before || diff.next.ids != known.ids || diff.next.hashes != known.hashes ||
                !SameError(diff.next.error, known.error);
  return diff;
}

}  // namespace cognate::change_capture

// Files of syncs under random inputs: whatever comes, reading ends, and what was read is written and read
// again as the same.
#include <google/protobuf/util/message_differencer.h>

#include "cli/sync_file.h"
#include "gtest/gtest.h"
#include "tests/support/fuzz.h"

namespace cognate::cli {
namespace {

const std::vector<std::string>& Corpus() {
  static const auto* const corpus = new std::vector<std::string>{
      "name: syncs/a\nstatus: SYNC_STATUS_ACTIVE\nsource_model: public.a\nfields:\n  - {source: a, target: "
      "b}\n",
      "name: syncs/a\ntransforms:\n  - when: 'price > 1'\n    slug: {field: title, into: slug, "
      "max_characters: 30}\n"
      "  - script:\n      source: |\n        record.a = 1\n\n        -- x\n      writes: [{field: a, kind: "
      "int64}]\n",
      "name: syncs/a\nleave:\n  action: LEAVE_ACTION_UNPUBLISH\n  values:\n    - name: a\n      value:\n     "
      "   "
      "list_value: {values: [{bool_value: true}, {double_value: -1.5e3}, {null_value: null}, {bytes_value: "
      "aGk=}]}\n",
      "---\nname: \"syncs/\\u0061\\x41\\n\"\n---\n# c\n...\nname: 'it''s'\nfilter: >-\n  a\n  b\n\n  c\n",
      "&a [*a, !!str b, ? c : d, <<: {a: b}]\n%YAML 1.2\n--- !t {a: [b, {c: d}], \"e\": 'f'}\n",
      "name: syncs/a\non_delete: {action: LEAVE_ACTION_SOFT_DELETE, time_field: gone}\ncreate_time: "
      "2026-02-28T13:45:00.123456Z\ntransforms: [{to_decimal: {field: a, scale: 0}}, {drop: {fields: [a, "
      "\"b\"]}}]\n",
  };
  return *corpus;
}

TEST(SyncFileFuzzTest, NothingBreaksTheReader) {
  int read_count = 0;
  test_support::Fuzz("sync_yaml", Corpus(), [&](absl::string_view input) {
    const auto syncs = ReadSyncs(input, "f.yaml");
    if (!syncs.ok()) return;
    std::vector<v1::Sync> before;
    for (const FileSync& file : *syncs) before.push_back(file.sync);
    const auto again = ReadSyncs(WriteSyncs(before), "f.yaml");
    ASSERT_TRUE(again.ok()) << again.status() << "\n" << WriteSyncs(before);
    ASSERT_EQ(again->size(), before.size());
    for (size_t i = 0; i < before.size(); ++i) {
      ++read_count;
      ClearOutputOnly(&before[i]);
      ASSERT_TRUE(google::protobuf::util::MessageDifferencer::Equals((*again)[i].sync, before[i]))
          << before[i].DebugString() << (*again)[i].sync.DebugString();
    }
  });
  EXPECT_GT(read_count, test_support::FuzzRuns() / 20);
}

}  // namespace
}  // namespace cognate::cli

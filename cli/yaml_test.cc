#include <random>

#include <google/protobuf/util/message_differencer.h>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "cli/yaml_message.h"
#include "cli/yaml_tree.h"
#include "cli/yaml_writer.h"
#include "cognate/v1/sync.pb.h"
#include "common/status/error.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/environment.h"
#include "tests/support/fuzz.h"
#include "tests/support/proto_matchers.h"
#include "tests/support/status_matchers.h"

namespace cognate::cli {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using test_support::EqualsProto;
using test_support::ParseProto;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

absl::Status Read(absl::string_view text, Message* message) {
  const auto documents = ReadYaml(text, "f.yaml");
  if (!documents.ok()) return documents.status();
  if (documents->empty()) return absl::OkStatus();
  return ToMessage((*documents)[0], "f.yaml", message);
}

std::string Refused(absl::string_view text) {
  v1::Sync sync;
  const absl::Status status = Read(text, &sync);
  EXPECT_EQ(ErrorReason(status), "INVALID_FILE") << text << status << sync.DebugString();
  return std::string(status.message());
}

TEST(YamlTest, ReadsEveryKindOfField) {
  v1::Sync sync;
  ASSERT_OK(Read(R"(
name: syncs/articles
status: SYNC_STATUS_PAUSED     # a comment
all_fields: true
filter: 'status = "published"'
fields:
- {source: title, target: headline, reference: {source_model: public.title}}
- source: "12"
  target: no
leave:
  action: LEAVE_ACTION_UNPUBLISH
  values:
    - {name: a, value: {int64_value: "9223372036854775807"}}
    - {name: b, value: {double_value: -1.5e3}}
    - {name: c, value: {bytes_value: aGk=}}
    - {name: d, value: {timestamp_value: 2026-02-28T13:45:00.5Z}}
    - {name: e, value: {null_value: null}}
    - {name: f, value: {list_value: {values: [{bool_value: false}, {text_value: "x"}]}}}
on_delete: null
transforms:
  - to_decimal: {field: price, scale: 0}
    when: price > 1
  - script:
      source: |
        if record.title then
          record.title = "x"

        end
)",
                 &sync));
  EXPECT_THAT(sync, EqualsProto(ParseProto<v1::Sync>(R"pb(
                name: "syncs/articles"
                status: SYNC_STATUS_PAUSED
                all_fields: true
                filter: "status = \"published\""
                fields {
                  source: "title"
                  target: "headline"
                  reference { source_model: "public.title" }
                }
                fields { source: "12" target: "no" }
                leave {
                  action: LEAVE_ACTION_UNPUBLISH
                  values {
                    name: "a"
                    value { int64_value: 9223372036854775807 }
                  }
                  values {
                    name: "b"
                    value { double_value: -1500 }
                  }
                  values {
                    name: "c"
                    value { bytes_value: "hi" }
                  }
                  values {
                    name: "d"
                    value { timestamp_value { seconds: 1772286300 nanos: 500000000 } }
                  }
                  values {
                    name: "e"
                    value { null_value: NULL_VALUE }
                  }
                  values {
                    name: "f"
                    value {
                      list_value {
                        values { bool_value: false }
                        values { text_value: "x" }
                      }
                    }
                  }
                }
                transforms {
                  when: "price > 1"
                  to_decimal { field: "price" scale: 0 }
                }
                transforms { script { source: "if record.title then\n  record.title = \"x\"\n\nend\n" } }
              )pb")));
}

TEST(YamlTest, RefusesWithPlacePathAndWhatIsWanted) {
  EXPECT_EQ(Refused("name: a\nfilte: x\n").substr(0, 50),
            "f.yaml:2:1: filte: got \"filte\", want one of name, ");
  EXPECT_THAT(
      Refused("transforms:\n  - truncate: {field: t, max_characters: ten}\n"),
      AllOf(StartsWith("f.yaml:2:"), HasSubstr("transforms[0].truncate.max_characters: got \"ten\", want an "
                                               "integer of 32 bits")));
  EXPECT_THAT(Refused("transforms:\n  - truncate: {field: t, max_characters: 99999999999}\n"),
              HasSubstr("32 bits"));
  EXPECT_THAT(Refused("status: ACTIVE"), HasSubstr("want one of SYNC_STATUS_ACTIVE, SYNC_STATUS_PAUSED"));
  EXPECT_THAT(Refused("all_fields: yes"), HasSubstr("all_fields: got \"yes\", want true or false"));
  EXPECT_THAT(Refused("filter: 12"), HasSubstr("filter: got 12, want a text; put it into quotes"));
  EXPECT_THAT(Refused("filter: true"), HasSubstr("put it into quotes"));
  EXPECT_THAT(Refused("filter: [a]"), HasSubstr("got a list, want a text"));
  EXPECT_THAT(Refused("fields: {source: a}"), HasSubstr("fields: got a map, want a list"));
  EXPECT_THAT(Refused("fields: [a]"),
              HasSubstr("fields[0]: got \"a\", want a map of source, target, reference"));
  EXPECT_THAT(Refused("transforms:\n- trim: {field: a}\n  slug: {field: a}"),
              HasSubstr("transforms[0].slug: got slug beside trim, want one of the two"));
  EXPECT_THAT(Refused("name: a\nname: b"), AllOf(StartsWith("f.yaml:2:1"), HasSubstr("again")));
  EXPECT_THAT(Refused("- a"), HasSubstr("got a list, want a map"));
  EXPECT_THAT(Refused("create_time: yesterday"), HasSubstr("want a time"));
  EXPECT_THAT(Refused("name: [unclosed"), StartsWith("f.yaml:"));
  EXPECT_THAT(Refused("name: 'a\n"), HasSubstr("EOF in scalar"));
  EXPECT_THAT(Refused("name: \"a"), HasSubstr("EOF in scalar"));
}

TEST(YamlTest, RefusesWhatCouldMakeASmallFileLarge) {
  EXPECT_THAT(Refused("a: &a [x, x]\nb: *a"), AllOf(StartsWith("f.yaml:1"), HasSubstr("anchor")));
  EXPECT_THAT(Refused("name: *a"), HasSubstr("f.yaml:1"));
  EXPECT_THAT(Refused("name: !!str 12"), HasSubstr("tag"));
  EXPECT_THAT(Refused("name: !<tag:x> 12"), HasSubstr("tag"));
  EXPECT_THAT(Refused("? [a]\n: b"), HasSubstr("key"));
  EXPECT_THAT(Refused("<<: {name: a}"), HasSubstr("want one of"));
  EXPECT_THAT(Refused(std::string("name: a\0b", 9)), HasSubstr("UTF-8"));
  EXPECT_THAT(Refused("name: \"a\\0b\""), HasSubstr("UTF-8"));
  EXPECT_THAT(Refused("name: \xff"), HasSubstr("UTF-8"));
  const absl::Time started = absl::Now();
  EXPECT_THAT(Refused(std::string(1'000'000, '[')), HasSubstr("f.yaml:1"));
  EXPECT_THAT(Refused(std::string(1'000'000, '{')), HasSubstr("f.yaml:1"));
  std::string dashes;
  for (int i = 0; i < 500'000; ++i) dashes += "- ";
  EXPECT_THAT(Refused(dashes), HasSubstr("levels"));
  std::string many = "[";
  for (int i = 0; i < 150'000; ++i) many += "a,";
  EXPECT_THAT(Refused(many + "]"), HasSubstr("more than"));
  std::string documents;
  for (int i = 0; i < 150'000; ++i) documents += "---\n";
  EXPECT_THAT(Refused(documents), HasSubstr("more than"));
  EXPECT_THAT(Refused(std::string(kMaxYamlBytes + 1, ' ')), HasSubstr("bytes"));
  std::string keys;
  for (int i = 0; i < 45'000; ++i) absl::StrAppend(&keys, "k", i, ":\n");
  EXPECT_THAT(Refused(keys), HasSubstr("want one of"));
  std::cout << "figure yaml.hostile seconds=" << absl::ToDoubleSeconds(absl::Now() - started) << std::endl;
  EXPECT_LT(absl::Now() - started, absl::Minutes(2));
}

// Fills messages with what is hard to write.
class Filler {
 public:
  explicit Filler(uint64_t seed) : random_(seed) {}

  void Fill(Message* message, int depth) {
    if (message->GetDescriptor()->full_name() == "google.protobuf.Timestamp" ||
        message->GetDescriptor()->full_name() == "google.protobuf.Duration") {
      SetTime(message);
      return;
    }
    for (int i = 0; i < message->GetDescriptor()->field_count(); ++i) {
      const FieldDescriptor* const field = message->GetDescriptor()->field(i);
      if (random_() % 3 != 0 || (depth > 5 && field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE))
        continue;
      for (uint64_t times = field->is_repeated() ? random_() % 4 : 1; times > 0; --times)
        Set(message, *field, depth);
    }
  }

 private:
  void SetTime(Message* message) {
    message->GetReflection()->SetInt64(message, message->GetDescriptor()->field(0),
                                       static_cast<int64_t>(random_() % 4'000'000'000));
  }

  std::string Text() {
    static const std::string kParts[] = {
        "a",    "title",       " ",   "\n", "\n\n", "'",          "\"",
        "\\",   ":",           ": ",  "#",  " #",   "-",          "- ",
        "é",    "日本",        "\t",  "\r", "\x7f", "\xC2\x85",   "\xE2\x80\xA8",
        "[",    "}",           ",",   "&x", "*x",   "!t",         "|",
        ">",    "%",           "@",   "`",  "~",    "no",         "true",
        "null", "0x1F",        "1e3", "12", ".5",   "2026-02-28", "  x",
        "x  ",  "---",         "...", "?",  "\x01", "🌍",          "=",
        "<<",   "\xEF\xBB\xBF"};
    std::string text;
    for (uint64_t parts = random_() % 5; parts > 0; --parts) text += kParts[random_() % std::size(kParts)];
    return text;
  }

  void Set(Message* message, const FieldDescriptor& field, int depth) {
    const auto& reflection = *message->GetReflection();
    const auto put = [&](auto setter, auto adder, auto value) {
      field.is_repeated() ? (reflection.*adder)(message, &field, value)
                          : (reflection.*setter)(message, &field, value);
    };
    using R = google::protobuf::Reflection;
    switch (field.cpp_type()) {
      case FieldDescriptor::CPPTYPE_MESSAGE:
        return Fill(field.is_repeated() ? reflection.AddMessage(message, &field)
                                        : reflection.MutableMessage(message, &field),
                    depth + 1);
      case FieldDescriptor::CPPTYPE_STRING:
        return put(&R::SetString, &R::AddString, Text());
      case FieldDescriptor::CPPTYPE_BOOL:
        return put(&R::SetBool, &R::AddBool, random_() % 2 == 0);
      case FieldDescriptor::CPPTYPE_INT32:
        return put(&R::SetInt32, &R::AddInt32, static_cast<int32_t>(random_()));
      case FieldDescriptor::CPPTYPE_INT64:
        return put(&R::SetInt64, &R::AddInt64, static_cast<int64_t>(random_()));
      case FieldDescriptor::CPPTYPE_DOUBLE:
        return put(
            &R::SetDouble, &R::AddDouble,
            std::ldexp(static_cast<double>(random_() % 1000000007), static_cast<int>(random_() % 200) - 100));
      case FieldDescriptor::CPPTYPE_ENUM: {
        const auto* const type = field.enum_type();
        return put(
            &R::SetEnumValue, &R::AddEnumValue,
            type->value(static_cast<int>(random_() % static_cast<uint64_t>(type->value_count())))->number());
      }
      default:
        return;
    }
  }

  std::mt19937_64 random_;
};

TEST(YamlTest, WhatIsWrittenIsReadAsTheSame) {
  const uint64_t seed = test_support::TestSeed();
  Filler filler(seed);
  const int runs = 20'000;
  for (int run = 0; run < runs; ++run) {
    v1::Sync sync;
    filler.Fill(&sync, 0);
    const std::string yaml = ToYaml(sync);
    v1::Sync read;
    ASSERT_OK(Read(yaml, &read)) << "COGNATE_TEST_SEED=" << seed << "\n" << yaml << sync.DebugString();
    ASSERT_TRUE(google::protobuf::util::MessageDifferencer::Equals(sync, read))
        << "COGNATE_TEST_SEED=" << seed << "\n"
        << yaml << sync.DebugString() << read.DebugString();
    v1::Sync line;
    ASSERT_OK(Read(ToYamlLine(sync), &line)) << "COGNATE_TEST_SEED=" << seed << "\n" << ToYamlLine(sync);
    ASSERT_TRUE(google::protobuf::util::MessageDifferencer::Equals(sync, line)) << ToYamlLine(sync);
  }
  std::cout << "figure yaml.round_trip seed=" << seed << " runs=" << runs << " differing=0" << std::endl;
}

TEST(YamlTest, IsWrittenForPeople) {
  EXPECT_EQ(ToYaml(ParseProto<v1::Sync>(R"pb(
              name: "syncs/a"
              status: SYNC_STATUS_ACTIVE
              source_model: "public.country"
              fields { source: "name" target: "title" }
              fields { source: "no" target: "ISO code" }
              filter: "status = \"x\""
              transforms {
                when: "price > 1"
                slug { field: "title" into: "slug" }
              }
              transforms {
                script {
                  source: "a = 1\nb = 2\n"
                  writes { field: "b" kind: "int64" }
                }
              }
              transforms { drop { fields: "a" fields: "b" } }
            )pb")),
            R"(name: syncs/a
status: SYNC_STATUS_ACTIVE
source_model: public.country
fields:
  - {source: name, target: title}
  - {source: "no", target: ISO code}
filter: 'status = "x"'
transforms:
  - {when: "price > 1", slug: {field: title, into: slug}}
  - script:
      source: |
        a = 1
        b = 2
      writes:
        - {field: b, kind: int64}
  - {drop: {fields: [a, b]}}
)");
}

TEST(YamlTest, FindsWhereAPathStands) {
  const auto documents = ReadYaml("name: a\nfields:\n  - source: x\n    target: y\n", "f.yaml");
  ASSERT_OK(documents);
  EXPECT_EQ(FindPath((*documents)[0], "fields[0].target")->line, 4);
  EXPECT_EQ(FindPath((*documents)[0], "fields[0].reference.source_model")->line, 3);
  EXPECT_EQ(FindPath((*documents)[0], "fields[7].target")->line, 3);
  EXPECT_EQ(FindPath((*documents)[0], "leave")->line, 1);
}

}  // namespace
}  // namespace cognate::cli

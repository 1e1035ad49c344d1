#include "common/codec/late_ids.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/proto_matchers.h"
#include "tests/support/status_matchers.h"

namespace cognate::codec {
namespace {

using test_support::EqualsProto;
using test_support::IsOk;
using test_support::ParseProto;

constexpr char kSerialized[] = R"pb(
  encoded_value {
    encoding: ENCODING_PHP
    value {
      list_value {
        values { reference_value { source_local_id: "7" local_id: "70" is_number: true } }
        values { text_value: "x" }
        values { reference_value { source_local_id: "9" local_id: "90" } }
      }
    }
  }
)pb";

TEST(LateIdsTest, AnEncodedValueBecomesATextWithTheTargetsIds) {
  v1::Value text;
  ASSERT_THAT(WriteIds(ParseProto<v1::Value>(kSerialized), &text), IsOk());
  EXPECT_EQ(text.text_value(), "a:3:{i:0;i:70;i:1;s:1:\"x\";i:2;s:2:\"90\";}");
}

TEST(LateIdsTest, WhatIsNotThereYetIsNullAndVisitedInOrder) {
  v1::Value value = ParseProto<v1::Value>(kSerialized);
  std::string ids;
  ForEachReference(&value, [&](v1::Value* reference) {
    ids += reference->reference_value().source_local_id();
    reference->mutable_reference_value()->clear_local_id();
  });
  EXPECT_EQ(ids, "79");
  EXPECT_TRUE(HoldsReferences(value));
  v1::Value text;
  ASSERT_THAT(WriteIds(value, &text), IsOk());
  EXPECT_EQ(text.text_value(), "a:3:{i:0;N;i:1;s:1:\"x\";i:2;N;}");
}

TEST(LateIdsTest, AnEncodedTextInsideAnotherIsWrittenFirst) {
  const auto nested = ParseProto<v1::Value>(R"pb(
    encoded_value {
      encoding: ENCODING_JSON
      value {
        map_value {
          fields {
            name: "ids"
            value {
              encoded_value {
                encoding: ENCODING_COMMA_LIST
                value {
                  list_value {
                    values { reference_value { local_id: "5" } }
                    values { int64_value: 6 }
                  }
                }
              }
            }
          }
        }
      }
    }
  )pb");
  v1::Value text;
  ASSERT_THAT(WriteIds(nested, &text), IsOk());
  EXPECT_EQ(text.text_value(), "{\"ids\":\"5,6\"}");
}

TEST(LateIdsTest, ValuesWithoutReferencesStayAsTheyAre) {
  const auto plain =
      ParseProto<v1::Value>("list_value { values { int64_value: 1 } values { null_value: 0 } }");
  v1::Value same;
  ASSERT_THAT(WriteIds(plain, &same), IsOk());
  EXPECT_THAT(same, EqualsProto(plain));
  EXPECT_FALSE(HoldsReferences(plain));
}

}  // namespace
}  // namespace cognate::codec

// EXPECT_THAT(message, EqualsProto("name: 'platforms/a' kind: HTTP")): the text is of the message's own type.
#pragma once

#include <memory>
#include <ostream>
#include <string>
#include <utility>

#include "gmock/gmock.h"
#include "google/protobuf/message.h"
#include "google/protobuf/text_format.h"
#include "google/protobuf/util/message_differencer.h"

namespace cognate::test_support {

// Parses text, or ends the test program where the text is wrong.
template <typename Message>
Message ParseProto(const std::string& text) {
  Message message;
  if (!google::protobuf::TextFormat::ParseFromString(text, &message)) {
    ADD_FAILURE() << "not a " << message.GetTypeName() << ": " << text;
  }
  return message;
}

inline bool ProtosEqual(const google::protobuf::Message& got, const google::protobuf::Message& want,
                        ::testing::MatchResultListener* listener) {
  std::string differences;
  google::protobuf::util::MessageDifferencer differencer;
  differencer.ReportDifferencesToString(&differences);
  const bool equal = differencer.Compare(want, got);
  if (!equal) *listener << "which differs so:\n" << differences;
  return equal;
}

class EqualsProtoMatcher {
 public:
  using is_gtest_matcher = void;
  explicit EqualsProtoMatcher(std::string text) : text_(std::move(text)) {}

  bool MatchAndExplain(const google::protobuf::Message& got, ::testing::MatchResultListener* listener) const {
    const std::unique_ptr<google::protobuf::Message> want(got.New());
    if (!google::protobuf::TextFormat::ParseFromString(text_, want.get())) {
      *listener << "the wanted text is not a " << got.GetTypeName();
      return false;
    }
    return ProtosEqual(got, *want, listener);
  }
  void DescribeTo(std::ostream* out) const { *out << "equals { " << text_ << " }"; }
  void DescribeNegationTo(std::ostream* out) const { *out << "does not equal { " << text_ << " }"; }

 private:
  std::string text_;
};

inline EqualsProtoMatcher EqualsProto(std::string text) { return EqualsProtoMatcher(std::move(text)); }

inline EqualsProtoMatcher EqualsProto(const google::protobuf::Message& want) {
  std::string text;
  google::protobuf::TextFormat::PrintToString(want, &text);
  return EqualsProtoMatcher(std::move(text));
}

}  // namespace cognate::test_support

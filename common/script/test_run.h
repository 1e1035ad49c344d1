// Running scripts in a line, for the tests.
#pragma once

#include <string>

#include "absl/strings/str_cat.h"
#include "common/script/fake_record.h"
#include "common/script/script.h"
#include "gmock/gmock.h"

namespace cognate::script {

using Kind = Ending::Kind;

MATCHER_P2(Ends, kind, message, "") {
  *result_listener << "kind " << static_cast<int>(arg.kind) << ", message: " << arg.message;
  return arg.kind == kind && ::testing::ExplainMatchResult(message, arg.message, result_listener);
}

inline Ending RunOver(FakeRecord& record, absl::string_view source) {
  Limits limits;
  limits.time = absl::Minutes(1);  // the processor may be away for longer than the usual limit
  const absl::StatusOr<Script> script = Script::Compile(source, limits);
  if (!script.ok()) return {Kind::kFailed, std::string(script.status().message()), "", 0};
  return script->Run(record, ShopSync());
}

inline Ending RunAlone(absl::string_view source) {
  FakeRecord record;
  return RunOver(record, source);
}

// The value that the expression gives to a field.
inline v1::Value ValueOf(absl::string_view expression, FakeRecord record = FakeRecord()) {
  const Ending ending = RunOver(record, absl::StrCat("record.result = ", expression));
  EXPECT_EQ(ending.kind, Kind::kDone) << expression << ": " << ending.message;
  const v1::Value* const result = record.Get("result");
  return result == nullptr ? v1::Value() : *result;
}

inline std::string TextOf(absl::string_view expression) {
  return ValueOf(absl::StrCat("tostring(", expression, ")")).text_value();
}

}  // namespace cognate::script

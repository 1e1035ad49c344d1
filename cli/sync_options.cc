#include "cli/sync_options.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"
#include "common/value/canonical_text.h"

namespace cognate::cli {
namespace {

constexpr char kWantPolicy[] =
    "delete, keep, detach, soft-delete:time_field or unpublish:field=value, several of them with commas "
    "between";

v1::Value ParseValue(absl::string_view text) {
  v1::Value value;
  int64_t integer = 0;
  if (text == "null") {
    value.set_null_value(google::protobuf::NULL_VALUE);
  } else if (text == "true" || text == "false") {
    value.set_bool_value(text == "true");
  } else if (absl::SimpleAtoi(text, &integer)) {
    value.set_int64_value(integer);
  } else if (value::IsDecimal(text) && text != "NaN") {
    value.set_decimal_value(std::string(text));
  } else {
    const bool is_quoted = text.size() >= 2 && (text[0] == '"' || text[0] == '\'') && text.back() == text[0];
    value.set_text_value(std::string(is_quoted ? text.substr(1, text.size() - 2) : text));
  }
  return value;
}

}  // namespace

absl::Status WrongOption(absl::string_view option, absl::string_view got, absl::string_view want) {
  return Error(absl::StatusCode::kInvalidArgument, "INVALID_FIELD",
               absl::StrCat(option, ": got \"", got, "\", want ", want));
}

absl::Status SetDuration(absl::string_view option, const std::string& text, absl::string_view want,
                         google::protobuf::Duration* duration) {
  absl::Duration parsed;
  if (!absl::ParseDuration(text, &parsed)) return WrongOption(option, text, want);
  duration->set_seconds(absl::ToInt64Seconds(parsed));
  duration->set_nanos(static_cast<int32_t>(absl::ToInt64Nanoseconds(parsed % absl::Seconds(1))));
  return absl::OkStatus();
}

absl::StatusOr<std::pair<std::string, std::string>> SplitPair(absl::string_view option,
                                                              absl::string_view text, char separator,
                                                              absl::string_view want) {
  const std::vector<std::string> parts = absl::StrSplit(text, absl::MaxSplits(separator, 1));
  if (parts.size() != 2 || parts[0].empty() || parts[1].empty()) return WrongOption(option, text, want);
  return std::make_pair(parts[0], parts[1]);
}

absl::StatusOr<v1::LeavePolicy> ParseLeavePolicy(absl::string_view option, absl::string_view text) {
  v1::LeavePolicy policy;
  const std::pair<absl::string_view, absl::string_view> parts = absl::StrSplit(text, absl::MaxSplits(':', 1));
  const absl::string_view word = parts.first, rest = parts.second;
  if (word == "soft-delete" && !rest.empty()) {
    policy.set_action(v1::LEAVE_ACTION_SOFT_DELETE);
    policy.set_time_field(std::string(rest));
    return policy;
  }
  if (word == "unpublish" && !rest.empty()) {
    policy.set_action(v1::LEAVE_ACTION_UNPUBLISH);
    for (const absl::string_view assignment : absl::StrSplit(rest, ',')) {
      const size_t sign = assignment.find('=');
      if (sign == absl::string_view::npos || sign == 0) return WrongOption(option, text, kWantPolicy);
      v1::Field* const field = policy.add_values();
      field->set_name(std::string(assignment.substr(0, sign)));
      *field->mutable_value() = ParseValue(assignment.substr(sign + 1));
    }
    return policy;
  }
  if (text == "delete") policy.set_action(v1::LEAVE_ACTION_DELETE);
  if (text == "keep") policy.set_action(v1::LEAVE_ACTION_KEEP);
  if (text == "detach") policy.set_action(v1::LEAVE_ACTION_DETACH);
  if (policy.action() == v1::LEAVE_ACTION_UNSPECIFIED) return WrongOption(option, text, kWantPolicy);
  return policy;
}

absl::Status AddMappings(const std::vector<std::string>& maps, const std::vector<std::string>& references,
                         v1::Sync* sync) {
  for (const std::string& map : maps) {
    ASSIGN_OR_RETURN(const auto pair, SplitPair("--map", map, '=', "source_field=target_field"));
    v1::FieldMapping& field = *sync->add_fields();
    field.set_source(pair.first);
    field.set_target(pair.second);
  }
  for (const std::string& reference : references) {
    ASSIGN_OR_RETURN(const auto pair, SplitPair("--reference", reference, '=', "source_field=source_model"));
    bool found = false;
    for (v1::FieldMapping& field : *sync->mutable_fields()) {
      if (field.source() != pair.first) continue;
      field.mutable_reference()->set_source_model(pair.second);
      found = true;
    }
    if (!found) return WrongOption("--reference", reference, "a source field that --map names, too");
  }
  return absl::OkStatus();
}

}  // namespace cognate::cli

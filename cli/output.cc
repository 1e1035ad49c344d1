#include "cli/output.h"

#include <algorithm>
#include <cctype>
#include <iomanip>

#include <google/protobuf/util/json_util.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "common/status/error.h"

namespace cognate::cli {
namespace {

// Columns that a terminal uses for UTF-8 text, taking every character as one wide.
size_t Width(absl::string_view text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

bool IsNumber(absl::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return std::isdigit(static_cast<unsigned char>(c)) || c == ',' || c == '.' || c == '-' || c == '%';
  });
}

}  // namespace

void Table::Print(std::ostream& out, absl::string_view empty) const {
  if (rows_.empty()) {
    out << empty << "\n";
    return;
  }
  std::vector<size_t> widths;
  for (const std::string& head : heading_) widths.push_back(Width(head));
  for (const auto& row : rows_) {
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], Width(row[i]));
  }
  const auto print_row = [&](const std::vector<std::string>& row) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i) {
      const std::string padding(widths[i] - Width(row[i]), ' ');
      absl::StrAppend(&line, i == 0 ? "" : "  ", IsNumber(row[i]) ? padding + row[i] : row[i] + padding);
    }
    while (!line.empty() && line.back() == ' ') line.pop_back();
    out << line << "\n";
  };
  print_row(heading_);
  for (const auto& row : rows_) print_row(row);
}

void PrintJson(std::ostream& out, const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.always_print_primitive_fields = true;
  options.preserve_proto_field_names = true;
  std::string json;
  if (google::protobuf::util::MessageToJsonString(message, &json, options).ok()) out << json << "\n";
}

void PrintError(std::ostream& err, const absl::Status& status) {
  const std::string reason = ErrorReason(status);
  err << "error: " << status.message();
  if (!reason.empty()) err << " (" << reason << ")";
  err << "\n";
  for (const FieldViolation& violation : Violations(status)) {
    err << "  " << violation.field << ": " << violation.description << "\n";
  }
  if (status.code() == absl::StatusCode::kUnavailable && reason.empty()) {
    err << "  Is it running? `cognate up` starts it; --address says where it is, and --registry,\n"
           "  --change-capture, --transformer, --delivery, --feedback and --file-transfer where services are "
           "apart.\n";
  }
  if (status.code() == absl::StatusCode::kUnauthenticated) {
    err << "  --key-file, COGNATE_KEY_FILE or COGNATE_KEY says which key to show; --tls-certificate-file\n"
           "  and --tls-key-file which certificate, where services know their callers by those.\n";
  }
}

std::string FormatTime(const google::protobuf::Timestamp& time) {
  if (time.seconds() == 0) return "-";
  return absl::FormatTime("%Y-%m-%d %H:%M:%S", absl::FromUnixSeconds(time.seconds()), absl::LocalTimeZone());
}

std::string FormatCount(int64_t count) {
  std::string digits = absl::StrCat(count);
  for (int i = static_cast<int>(digits.size()) - 3; i > (count < 0 ? 1 : 0); i -= 3) {
    digits.insert(static_cast<size_t>(i), 1, ',');
  }
  return digits;
}

std::string FormatEnum(absl::string_view name, absl::string_view prefix) {
  return std::string(absl::StripPrefix(name, prefix));
}

std::string FormatState(v1::ReplicaState state) {
  return FormatEnum(v1::ReplicaState_Name(state), "REPLICA_STATE_");
}

std::string FormatRecord(const v1::RecordKey& key) {
  return absl::StrCat(key.platform(), " ", key.model(), key.local_id().empty() ? "" : " ", key.local_id());
}

void PrintStep(std::ostream& out, const v1::ExplanationStep& step) {
  const char* mark = "·";
  if (step.verdict() == v1::VERDICT_PASSED) mark = "✓";
  if (step.verdict() == v1::VERDICT_UNDER_WAY) mark = "…";
  if (step.verdict() == v1::VERDICT_STOPPED) mark = "✗";
  out << "  " << mark << " " << std::left << std::setw(10) << step.step() << step.sentence() << "\n";
}

}  // namespace cognate::cli

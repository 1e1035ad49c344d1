#include "cli/backup/past_file.h"

#include <optional>

#include <nlohmann/json.hpp>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "cognate/v1/record.pb.h"
#include "common/backup/backup_errors.h"
#include "common/backup/backup_reader.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"

namespace cognate::cli {
namespace {

using backup::BackupReader;
using nlohmann::json;

constexpr int64_t kMostBytes = int64_t{256} << 20;

absl::Status TooLarge() {
  return Error(absl::StatusCode::kResourceExhausted, "BACKUP_TOO_LARGE",
               "these records of the backup do not fit into memory: name a model, or a record");
}

// Takes the rows of three parts as they come: platforms and models stand before the changes.
class PastReader {
 public:
  explicit PastReader(const PastQuestion& question) : question_(question) {}

  absl::Status Take(const std::string& part, absl::string_view row) {
    const bool is_change = part == "change_capture.changes";
    if (!is_change && part != "change_capture.platforms" && part != "change_capture.models")
      return absl::OkStatus();
    const json parsed = json::parse(row.begin(), row.end(), nullptr, false);
    try {
      if (is_change) return TakeChange(parsed);
      if (part == "change_capture.platforms") {
        if (parsed.at("platform") == question_.platform) platform_ = parsed.at("platform_id").get<int64_t>();
      } else if (platform_ == parsed.at("platform_id").get<int64_t>()) {
        const auto name = parsed.at("model").get<std::string>();
        if (question_.model.empty() || question_.model == name)
          models_[parsed.at("model_id").get<int64_t>()] = name;
      }
    } catch (const json::exception&) {
      return backup::Damaged(absl::StrCat("a row of ", part, " is none"));
    }
    return absl::OkStatus();
  }

  PastRecords Records() && { return std::move(records_); }

 private:
  absl::Status TakeChange(const json& row) {
    const auto model = models_.find(row.at("model_id").get<int64_t>());
    if (model == models_.end()) return absl::OkStatus();
    const auto local_id = row.at("local_id").get<std::string>();
    if (!question_.local_id.empty() && question_.local_id != local_id) return absl::OkStatus();
    if (row.contains("is_amended") && row["is_amended"] == true) return absl::OkStatus();
    absl::Time captured;
    std::string problem;
    if (!absl::ParseTime(absl::RFC3339_full, row.at("captured_at").get<std::string>(), &captured, &problem))
      return backup::Damaged("a time in it is none");
    if (captured > question_.time) return absl::OkStatus();
    const std::pair<std::string, std::string> key{model->second, local_id};
    if (row.at("operation").get<int>() == v1::OPERATION_DELETE) {
      records_.erase(key);
      return absl::OkStatus();
    }
    v1::Fields fields;
    const auto hex = row.at("fields").get<std::string>();
    if (!fields.ParseFromString(absl::HexStringToBytes(absl::StripPrefix(hex, "\\x"))))
      return backup::Damaged("the fields of a change are none");
    bytes_ += static_cast<int64_t>(hex.size() / 2 + local_id.size());
    if (bytes_ > kMostBytes) return TooLarge();
    records_[key] = std::move(fields);
    return absl::OkStatus();
  }

  const PastQuestion& question_;
  std::optional<int64_t> platform_;
  std::map<int64_t, std::string> models_;
  PastRecords records_;
  int64_t bytes_ = 0;
};

}  // namespace

absl::StatusOr<PastRecords> ReadPast(const std::string& path, const PastQuestion& question) {
  ASSIGN_OR_RETURN(BackupReader::Source source, backup::OpenBackup(path));
  BackupReader reader(std::move(source));
  RETURN_IF_ERROR(reader.ReadHeader().status());
  PastReader past(question);
  while (true) {
    ASSIGN_OR_RETURN(const BackupReader::Kind kind, reader.Next());
    if (kind == BackupReader::Kind::kDone) return std::move(past).Records();
    if (kind == BackupReader::Kind::kRow) RETURN_IF_ERROR(past.Take(reader.part().name, reader.row()));
  }
}

}  // namespace cognate::cli

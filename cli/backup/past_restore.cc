#include "cli/backup/past_restore.h"

#include <algorithm>
#include <iostream>
#include <limits>
#include <optional>
#include <vector>

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/util/message_differencer.h>
#include <nlohmann/json.hpp>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "cli/backup/past_file.h"
#include "cli/output.h"
#include "common/clock/time_proto.h"
#include "common/files/digest.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"
#include "common/text/excerpt.h"

namespace cognate::cli {
namespace {

constexpr int kPage = 500;
constexpr size_t kShown = 20;
constexpr size_t kBytesAtOnce = size_t{2} << 20;
constexpr size_t kLongestLine = 2'000;
constexpr size_t kApprovalBytes = 6;

// One record that is to come back, as it was looked at.
struct Chosen {
  std::string model;
  std::string local_id;
  int64_t latest_version = 0;
  int64_t version = 0;  // of the log; 0: as the file has it
};

// Past and present of what is looked at.
struct Tally {
  int64_t same = 0, changed = 0, deleted_since = 0, made_since = 0;
  int64_t restored = 0, changed_meanwhile = 0;
  std::vector<std::string> lines;
  std::string approval;  // an Approval in one word
};

// Texts behind their lengths, so that no two lists give the same.
void Add(absl::string_view text, files::Digest* digest) {
  digest->Add(absl::StrCat(text.size(), ":"));
  digest->Add(text);
}

std::string Bytes(const v1::Fields& fields) {
  std::string bytes;
  google::protobuf::io::StringOutputStream stream(&bytes);
  google::protobuf::io::CodedOutputStream coded(&stream);
  coded.SetSerializationDeterministic(true);
  fields.SerializeToCodedStream(&coded);
  coded.Trim();
  return bytes;
}

absl::StatusOr<absl::Time> ParseAt(const std::string& at) {
  if (at.empty()) return absl::Now();
  absl::Time time;
  std::string problem;
  for (const char* format : {"%Y-%m-%dT%H:%M:%E*S%Ez", "%Y-%m-%d %H:%M:%E*S", "%Y-%m-%d %H:%M", "%Y-%m-%d"}) {
    if (absl::ParseTime(format, at, absl::LocalTimeZone(), &time, &problem)) return time;
  }
  return absl::InvalidArgumentError(
      absl::StrCat("--at: got \"", at, "\", want 2026-11-22, \"2026-11-22 13:05\" or 2026-11-22T13:05:00Z"));
}

absl::StatusOr<PastQuestion> Ask(const PastOptions& options) {
  PastQuestion question{.platform = options.platform, .model = options.model, .local_id = "", .time = {}};
  ASSIGN_OR_RETURN(question.time, ParseAt(options.at));
  if (options.at.empty() && options.file.empty())
    return absl::InvalidArgumentError("--at: when? Without a file it must be said");
  if (options.record.empty()) return question;
  const std::vector<std::string> parts = absl::StrSplit(options.record, absl::MaxSplits('/', 2));
  if (parts.size() != 3 || parts[0].empty() || parts[1].empty() || parts[2].empty())
    return absl::InvalidArgumentError(
        absl::StrCat("--record: got \"", options.record, "\", want platform/model/id: shop/public.item/7"));
  question.platform = parts[0];
  question.model = parts[1];
  question.local_id = parts[2];
  return question;
}

// What was asked, and the newest version that was there when it was shown: what is newer by now nobody has
// looked at.
struct Approval {
  std::string question;
  int64_t version = 0;
};

std::string Format(const Approval& approval) {
  return absl::StrCat(approval.question, "-", approval.version);
}

absl::StatusOr<Approval> ParseApproval(absl::string_view word) {
  const std::vector<absl::string_view> parts = absl::StrSplit(word, '-');
  Approval approval;
  if (parts.size() == 2 && absl::SimpleAtoi(parts[1], &approval.version)) {
    approval.question = std::string(parts[0]);
    return approval;
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "--approve: got \"", word, "\", want the word that was shown without it: 5d0c1e7a93b2-13472"));
}

// With a file, what records were is in it, and the services say what they are.
class PastRun {
 public:
  PastRun(Context& context, PastQuestion question, std::optional<PastRecords> of_file)
      : client_(context.Connect()), question_(std::move(question)), of_file_(std::move(of_file)) {}

  // Writes nothing. What has a version beyond `newest` is not chosen, and counted as changed meanwhile.
  absl::StatusOr<Tally> Look(int64_t newest) {
    newest_ = newest;
    Tally tally;
    v1::ListPastRecordsRequest request;
    request.set_platform(question_.platform);
    request.set_model(question_.model);
    request.set_local_id(question_.local_id);
    request.set_page_size(kPage);
    *request.mutable_time() = ToTimestamp(of_file_ ? absl::Now() + absl::Hours(24) : question_.time);
    do {
      ASSIGN_OR_RETURN(const v1::ListPastRecordsResponse page,
                       client_.Call(client_.backups(), &v1::BackupService::Stub::ListPastRecords, request));
      for (v1::PastRecord record : page.records()) LookAt(record, &tally);
      request.set_page_token(page.next_page_token());
    } while (!request.page_token().empty());
    tally.approval = Format(Approval{.question = Question(), .version = seen_});
    return tally;
  }

  // Stands for what was asked, and for all that the file says of it.
  std::string Question() const {
    files::Digest digest;
    Add(question_.platform, &digest);
    Add(question_.model, &digest);
    Add(question_.local_id, &digest);
    if (!of_file_) Add(absl::FormatTime(absl::RFC3339_full, question_.time, absl::UTCTimeZone()), &digest);
    for (const auto& [record, fields] : of_file_.value_or(PastRecords())) {
      Add(record.first, &digest);
      Add(record.second, &digest);
      Add(Bytes(fields), &digest);
    }
    return absl::BytesToHexString(digest.Finish().substr(0, kApprovalBytes));
  }

  // What Look has chosen, and nothing else: what was changed since then is left alone.
  absl::Status Write(Tally* tally) {
    v1::RestoreRecordsRequest request;
    size_t bytes = 0;
    for (const Chosen& chosen : chosen_) {
      const v1::RestoreItem& item = AddItem(chosen, &request);
      bytes += item.ByteSizeLong();
      if (request.items_size() < kPage && bytes < kBytesAtOnce) continue;
      RETURN_IF_ERROR(Send(&request, tally));
      bytes = 0;
    }
    return Send(&request, tally);
  }

 private:
  static void AddChanged(const v1::PastRecord& record, Tally* tally) {
    ++tally->changed;
    if (tally->lines.size() < kShown) {
      tally->lines.push_back(text::Excerpt(
          absl::StrCat(FormatRecord(record.record()), ": ", absl::StrJoin(record.changed_fields(), ", ")),
          kLongestLine));
    }
  }

  // As the file has it instead of the log.
  void TakeFromFile(v1::PastRecord* record) const {
    const auto found = of_file_->find({record->record().model(), record->record().local_id()});
    const bool is_there = record->state() == v1::PAST_STATE_SAME && record->version() > 0;
    std::vector<std::string> changed;
    if (found != of_file_->end()) {
      for (const v1::Field& then : found->second.fields()) {
        const auto* const now = FieldOf(record->fields(), then.name());
        if (now == nullptr || !google::protobuf::util::MessageDifferencer::Equals(now->value(), then.value()))
          changed.push_back(then.name());
      }
    }
    record->mutable_changed_fields()->Assign(changed.begin(), changed.end());
    if (found == of_file_->end()) {
      record->set_state(v1::PAST_STATE_MADE_SINCE);
    } else if (!is_there) {
      record->set_state(v1::PAST_STATE_DELETED_SINCE);
    } else {
      record->set_state(changed.empty() ? v1::PAST_STATE_SAME : v1::PAST_STATE_CHANGED);
    }
  }

  static const v1::Field* FieldOf(const google::protobuf::RepeatedPtrField<v1::Field>& fields,
                                  const std::string& name) {
    for (const v1::Field& field : fields) {
      if (field.name() == name) return &field;
    }
    return nullptr;
  }

  void LookAt(v1::PastRecord& record, Tally* tally) {
    if (of_file_) TakeFromFile(&record);
    seen_ = std::max(seen_, record.latest_version());
    if (record.state() == v1::PAST_STATE_SAME) ++tally->same;
    if (record.state() == v1::PAST_STATE_DELETED_SINCE) ++tally->deleted_since;
    if (record.state() == v1::PAST_STATE_MADE_SINCE) ++tally->made_since;
    if (record.state() != v1::PAST_STATE_CHANGED) return;
    if (record.latest_version() > newest_) {
      ++tally->changed_meanwhile;
      return;
    }
    AddChanged(record, tally);
    chosen_.push_back({record.record().model(), record.record().local_id(), record.latest_version(),
                       of_file_ ? 0 : record.version()});
  }

  const v1::RestoreItem& AddItem(const Chosen& chosen, v1::RestoreRecordsRequest* request) const {
    v1::RestoreItem& item = *request->add_items();
    item.set_model(chosen.model);
    item.set_local_id(chosen.local_id);
    item.set_latest_version(chosen.latest_version);
    if (of_file_) {
      *item.mutable_fields() = of_file_->at({chosen.model, chosen.local_id});
    } else {
      item.set_version(chosen.version);
    }
    return item;
  }

  absl::Status Send(v1::RestoreRecordsRequest* request, Tally* tally) {
    if (request->items().empty()) return absl::OkStatus();
    request->set_platform(question_.platform);
    ASSIGN_OR_RETURN(const v1::RestoreRecordsResponse response,
                     client_.Call(client_.backups(), &v1::BackupService::Stub::RestoreRecords, *request));
    for (const int outcome : response.outcomes()) {
      if (outcome == v1::RESTORE_OUTCOME_RESTORED) ++tally->restored;
      if (outcome == v1::RESTORE_OUTCOME_CHANGED_MEANWHILE) ++tally->changed_meanwhile;
    }
    request->Clear();
    return absl::OkStatus();
  }

  Client client_;
  const PastQuestion question_;
  const std::optional<PastRecords> of_file_;
  std::vector<Chosen> chosen_;
  int64_t newest_ = 0;
  int64_t seen_ = 0;
};

void Print(const Context& context, const Tally& tally, bool written) {
  if (context.json) {
    std::cout << nlohmann::json{{"same", tally.same},
                                {"changed", tally.changed},
                                {"deleted_since", tally.deleted_since},
                                {"made_since", tally.made_since},
                                {"restored", tally.restored},
                                {"changed_meanwhile", tally.changed_meanwhile},
                                {"approve", tally.changed > 0 ? tally.approval : ""},
                                {"records", tally.lines}}
                     .dump()
              << "\n";
    return;
  }
  for (const std::string& line : tally.lines) std::cout << line << "\n";
  const auto shown = static_cast<int64_t>(tally.lines.size());
  if (tally.changed > shown) std::cout << "… and " << FormatCount(tally.changed - shown) << " more\n";
  std::cout << FormatCount(tally.same) << " are as they were, " << FormatCount(tally.changed) << " are not; "
            << FormatCount(tally.made_since) << " were made since and stay, "
            << FormatCount(tally.deleted_since) << " were deleted since and stay away.\n";
  if (written) {
    std::cout << FormatCount(tally.restored) << " are on their way; " << FormatCount(tally.changed_meanwhile)
              << " were changed since they were shown, and stay.\n";
  } else if (tally.changed > 0) {
    std::cout << "Nothing was changed. To bring them back: the same once more with --approve "
              << tally.approval << "\n";
  }
}

}  // namespace

absl::Status RestorePast(Context& context, const PastOptions& options) {
  ASSIGN_OR_RETURN(PastQuestion question, Ask(options));
  std::optional<PastRecords> of_file;
  if (!options.file.empty()) {
    ASSIGN_OR_RETURN(of_file, ReadPast(options.file, question));
  }
  PastRun run(context, std::move(question), std::move(of_file));
  const bool writes = !options.approve.empty();
  Approval approved{.question = "", .version = std::numeric_limits<int64_t>::max()};
  if (writes) {
    ASSIGN_OR_RETURN(approved, ParseApproval(options.approve));
    if (approved.question != run.Question()) {
      return Error(
          absl::StatusCode::kFailedPrecondition, "RESTORE_MOVED_ON",
          "what was approved is another question: say the same records, time and file as without --approve");
    }
  }
  ASSIGN_OR_RETURN(Tally tally, run.Look(approved.version));
  if (writes) RETURN_IF_ERROR(run.Write(&tally));
  Print(context, tally, writes);
  return absl::OkStatus();
}

}  // namespace cognate::cli

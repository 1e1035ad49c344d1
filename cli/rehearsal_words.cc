#include "cli/rehearsal_words.h"

#include <map>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "cli/output.h"
#include "cli/sync_words.h"
#include "services/clients/guard.h"

namespace cognate::cli {
namespace {

using absl::StrCat;

std::string LeavesWord(v1::LeaveAction action) {
  return absl::StrReplaceAll(absl::AsciiStrToLower(FormatEnum(v1::LeaveAction_Name(action), "LEAVE_ACTION_")),
                             {{"_", "-"}});
}

// Of a table.
struct OutcomeWords {
  std::string outcome;
  const char* meaning;
};

OutcomeWords WordsOf(const v1::RehearsedCount& count) {
  switch (count.outcome()) {
    case v1::REHEARSED_OUTCOME_CREATE:
      return {"create", "the target gets a record that it does not have"};
    case v1::REHEARSED_OUTCOME_UPDATE:
      return {"update", "the target's record is written"};
    case v1::REHEARSED_OUTCOME_UNCHANGED:
      return {"unchanged", "the target has just that"};
    case v1::REHEARSED_OUTCOME_LEAVE:
      return {StrCat("leave: ", LeavesWord(count.leaves())),
              "out of scope or deleted, and the target has it"};
    case v1::REHEARSED_OUTCOME_OUT_OF_SCOPE:
      return {"out of scope", "and the target does not have it, or keeps it as it is"};
    case v1::REHEARSED_OUTCOME_SKIPPED:
      return {"skipped", "the chain passes it over"};
    case v1::REHEARSED_OUTCOME_REFUSED:
      return {StrCat("refused: ", count.reason()), "the target keeps what it has"};
    case v1::REHEARSED_OUTCOME_GONE:
      return {"gone", "deleted at the source, and not on the target"};
    default:
      return {"?", ""};
  }
}

std::map<std::string, std::string> FieldsOf(const v1::RenderedRecord& record) {
  std::map<std::string, std::string> fields;
  for (const v1::Field& field : record.fields()) fields[field.name()] = ShowOneValue(field.value());
  return fields;
}

bool IsWritten(const v1::RenderedRecord& record) {
  return record.leaves() == v1::LEAVE_ACTION_UNSPECIFIED && record.operation() != v1::OPERATION_DELETE &&
         !record.has_error();
}

void PrintFields(std::ostream& out, const v1::RehearsedRecord& sample, bool only_differences) {
  const bool compares = only_differences && IsWritten(sample.before());
  const std::map<std::string, std::string> before =
      compares ? FieldsOf(sample.before()) : std::map<std::string, std::string>();
  for (const v1::Field& field : sample.after().fields()) {
    const std::string after = ShowOneValue(field.value());
    const auto was = before.find(field.name());
    if (was == before.end()) {
      out << "      " << (compares ? "+ " : "") << field.name() << ": " << after << "\n";
    } else if (was->second != after) {
      out << "      ~ " << field.name() << ": " << was->second << " → " << after << "\n";
    }
  }
}

void PrintSample(std::ostream& out, const v1::RehearsedCount& count, const v1::RehearsedRecord& sample) {
  out << "    " << FormatRecord(sample.record());
  if (!sample.target_local_id().empty()) out << "  (there: " << sample.target_local_id() << ")";
  out << "\n";
  if (sample.after().has_error()) {
    out << "      ✗ " << sample.after().error().message() << "\n";
    return;
  }
  if (count.outcome() == v1::REHEARSED_OUTCOME_UPDATE || count.outcome() == v1::REHEARSED_OUTCOME_CREATE)
    PrintFields(out, sample, count.outcome() == v1::REHEARSED_OUTCOME_UPDATE);
  if (count.outcome() == v1::REHEARSED_OUTCOME_LEAVE) PrintFields(out, sample, false);
}

void PrintLeaving(std::ostream& out, const v1::Sync& sync, const v1::RehearseResponse& response) {
  const int64_t of = response.target_record_count();
  out << "\nOf these " << sync.target_platform() << " has " << FormatCount(of) << "; "
      << FormatCount(response.leaving_count()) << " would be taken away";
  if (of > 0) out << " (" << response.leaving_count() * 100 / of << " %)";
  out << ".\n";
  if (!response.would_be_held()) return;
  out << "That is more than " << clients::MaxLeavingPercent(sync)
      << " %: they would stay until somebody approves: cognate sync approve "
      << absl::StripPrefix(sync.name(), "syncs/") << "\n";
}

}  // namespace

void PrintRehearsal(std::ostream& out, const v1::Sync& sync, const v1::RehearseResponse& response) {
  out << sync.name() << " over " << (response.is_complete() ? "all " : "the last ")
      << FormatCount(response.record_count()) << " records of " << sync.source_model() << " on "
      << sync.source_platform() << (response.is_complete() ? "" : " that were changed") << ", into "
      << sync.target_model() << " on " << sync.target_platform() << ":\n\n";
  Table table({"OUTCOME", "RECORDS", "WHICH MEANS"});
  for (const v1::RehearsedCount& count : response.counts()) {
    const OutcomeWords words = WordsOf(count);
    table.Add({words.outcome, FormatCount(count.count()), words.meaning});
  }
  table.Print(out, "No record of this model was captured yet.");
  PrintLeaving(out, sync, response);
  for (const v1::RehearsedCount& count : response.counts()) {
    const bool tells =
        count.outcome() != v1::REHEARSED_OUTCOME_UNCHANGED && count.outcome() != v1::REHEARSED_OUTCOME_GONE;
    if (!tells || count.samples().empty()) continue;
    out << "\n  " << WordsOf(count).outcome << ", " << FormatCount(count.samples_size()) << " of "
        << FormatCount(count.count()) << ":\n";
    for (const v1::RehearsedRecord& sample : count.samples()) PrintSample(out, count, sample);
  }
}

}  // namespace cognate::cli

#include "cli/trouble_options.h"

#include <vector>

#include <CLI/CLI.hpp>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "cli/output.h"
#include "cli/sync_words.h"
#include "common/clock/time_proto.h"

namespace cognate::cli {
namespace {

std::string CheckAge(const std::string& text) {
  absl::Duration age;
  return ParseAge(text, &age) ? "" : absl::StrCat("got \"", text, "\", want a time such as 30d, 12h or 90s");
}

google::protobuf::Timestamp Ago(const std::string& text) {
  absl::Duration age;
  ParseAge(text, &age);
  return ToTimestamp(absl::Now() - age);
}

std::string CheckSource(const std::string& text) {
  const std::vector<std::string> parts = absl::StrSplit(text, absl::MaxSplits(':', 2));
  for (const std::string& part : parts) {
    if (part.empty())
      return absl::StrCat("got \"", text, "\", want platform, platform:model or platform:model:id");
  }
  return "";
}

}  // namespace

bool ParseAge(const std::string& text, absl::Duration* age) {
  double days = 0;
  if (!text.empty() && text.back() == 'd' && absl::SimpleAtod(text.substr(0, text.size() - 1), &days)) {
    *age = days * absl::Hours(24);
    return *age >= absl::ZeroDuration();
  }
  return absl::ParseDuration(text, age) && *age >= absl::ZeroDuration();
}

v1::TroubleFilter TroubleOptions::Filter() const {
  v1::TroubleFilter meant = filter;
  if (!meant.sync().empty() && !absl::StartsWith(meant.sync(), "syncs/"))
    meant.set_sync(absl::StrCat("syncs/", meant.sync()));
  v1::ReplicaState parsed = v1::REPLICA_STATE_UNSPECIFIED;
  if (!state.empty()) v1::ReplicaState_Parse(absl::StrCat("REPLICA_STATE_", state), &parsed);
  meant.set_state(parsed);
  if (!source.empty()) {
    const std::vector<std::string> parts = absl::StrSplit(source, absl::MaxSplits(':', 2));
    meant.mutable_source()->set_platform(parts[0]);
    if (parts.size() > 1) meant.mutable_source()->set_model(parts[1]);
    if (parts.size() > 2) meant.mutable_source()->set_local_id(parts[2]);
  }
  if (!older.empty()) *meant.mutable_created_before() = Ago(older);
  if (!newer.empty()) *meant.mutable_created_since() = Ago(newer);
  return meant;
}

void AddTroubleOptions(CLI::App& command, const std::shared_ptr<TroubleOptions>& options) {
  v1::TroubleFilter& filter = options->filter;
  command.add_option("--platform", *filter.mutable_platform(), "Only this target");
  command.add_option("--state", options->state, "Only these")
      ->check(CLI::IsMember({"RETRY", "WAITING", "HELD", "CONFLICT", "DEAD"}));
  command.add_option("--reason", *filter.mutable_reason(), "Only this reason");
  command.add_option("--model", *filter.mutable_target_model(), "Only this model of the target");
  command.add_option("--sync", *filter.mutable_sync(), "Only between the models of this sync");
  command.add_option("--identity", *filter.mutable_acting_identity(), "Only what is written in this name");
  command.add_option("--source", options->source, "Only from: platform, platform:model or platform:model:id")
      ->check(CheckSource);
  command.add_option("--older", options->older, "Only those that began longer ago: 30d, 12h")
      ->check(CheckAge);
  command.add_option("--newer", options->newer, "Only those that began since then: 30d, 12h")
      ->check(CheckAge);
}

void PrintTrouble(std::ostream& out, const v1::GetTroubleResponse& response) {
  const v1::Trouble& trouble = response.trouble();
  out << FormatRecord(trouble.source()) << " → " << FormatRecord(trouble.target()) << ": "
      << FormatState(trouble.state()) << "\n"
      << "  answered   " << trouble.error().reason() << ": " << trouble.error().message()
      << (trouble.error().field().empty() ? "" : absl::StrCat(" (field ", trouble.error().field(), ")"))
      << "\n"
      << "  attempts   " << trouble.attempt_count() << " of version " << trouble.version() << "\n"
      << "  since      " << FormatTime(trouble.create_time()) << ", last "
      << FormatTime(trouble.update_time()) << "\n";
  if (trouble.has_hold_time()) out << "  held       since " << FormatTime(trouble.hold_time()) << "\n";
  if (!trouble.acting_identity().empty()) out << "  acting as  " << trouble.acting_identity() << "\n";
  for (const v1::ExplanationStep& step : response.steps()) PrintStep(out, step);
  if (!response.has_rendered()) {
    out << "  Nothing would be sent now.\n";
    return;
  }
  const v1::RenderedRecord& rendered = response.rendered();
  out << "  Now it would be " << (rendered.operation() == v1::OPERATION_DELETE ? "deleted." : "written with:")
      << "\n";
  for (const v1::Field& field : rendered.fields())
    out << "    " << field.name() << "  " << ShowOneValue(field.value()) << "\n";
  if (rendered.has_error()) out << "  It would be refused: " << rendered.error().message() << "\n";
}

}  // namespace cognate::cli

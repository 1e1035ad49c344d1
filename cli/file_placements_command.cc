#include "cli/file_placements_command.h"

#include <algorithm>
#include <iostream>
#include <memory>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "cli/client.h"
#include "cli/file_progress.h"
#include "cli/output.h"
#include "cli/sync_options.h"
#include "common/status/status_macros.h"

namespace cognate::cli {
namespace {

using Stub = v1::FileTransferService::Stub;

constexpr int kBarWidth = 40;

struct PlacementOptions {
  std::string platform;
  std::string state;
  int limit = 50;
};

// What it is for: `picture of public.author 7`, as the source calls the record.
std::string UseOf(const v1::Placement& placement) {
  if (placement.field().empty()) return "";
  const v1::RecordKey& source = placement.source();
  if (source.local_id().empty()) return absl::StrCat(placement.field(), " of a ", placement.model());
  return absl::StrCat(placement.field(), " of ", source.platform(), "'s ", source.model(), " ",
                      source.local_id());
}

// [##########··········] 12 of 20 files, 1.0 MiB of 2.0 MiB
std::string Bar(const v1::ListPlacementsResponse& sum) {
  const double share = sum.total_bytes() > 0
                           ? static_cast<double>(sum.placed_bytes()) / static_cast<double>(sum.total_bytes())
                       : sum.total_count() > 0
                           ? static_cast<double>(sum.placed_count()) / static_cast<double>(sum.total_count())
                           : 1;
  const int full = std::clamp(static_cast<int>(share * kBarWidth), 0, kBarWidth);
  return absl::StrCat("[", std::string(static_cast<size_t>(full), '#'),
                      std::string(static_cast<size_t>(kBarWidth - full), '.'), "] ",
                      FormatCount(sum.placed_count()), " of ", FormatCount(sum.total_count()), " files, ",
                      FormatBytes(sum.placed_bytes()), " of ", FormatBytes(sum.total_bytes()));
}

absl::Status Placements(Context& context, const PlacementOptions& options) {
  Client client = context.Connect();
  v1::ListPlacementsRequest request;
  request.set_platform(options.platform);
  if (!options.state.empty()) {
    v1::PlacementState state = v1::PLACEMENT_STATE_UNSPECIFIED;
    if (!v1::PlacementState_Parse(absl::StrCat("PLACEMENT_STATE_", absl::AsciiStrToUpper(options.state)),
                                  &state))
      return WrongOption("--state", options.state, "due, placed or refused");
    request.set_state(state);
  }
  Table table({"FILE", "STATE", "SIZE", "PATH", "FOR", "WHY"});
  v1::ListPlacementsResponse page;
  int shown = 0;
  do {
    request.set_page_size(std::min(1'000, std::max(1, options.limit - shown)));
    ASSIGN_OR_RETURN(page, client.Call(client.files(), &Stub::ListPlacements, request));
    for (const v1::Placement& placement : page.placements()) {
      ++shown;
      if (context.json) {
        PrintJson(std::cout, placement);
        continue;
      }
      table.Add({placement.name(), FormatEnum(v1::PlacementState_Name(placement.state()), "PLACEMENT_STATE_"),
                 FormatBytes(placement.file().size_bytes()), placement.path(), UseOf(placement),
                 placement.error().message()});
    }
    request.set_page_token(page.next_page_token());
  } while (!page.next_page_token().empty() && shown < options.limit);
  if (context.json) return absl::OkStatus();
  table.Print(std::cout,
              absl::StrCat("No record of ", options.platform, " is to have a file",
                           options.state.empty() ? "." : absl::StrCat(" that is ", options.state, ".")));
  if (!page.next_page_token().empty()) std::cout << "There are more: --limit shows them.\n";
  if (page.total_count() > 0) std::cout << Bar(page) << "\n";
  return absl::OkStatus();
}

}  // namespace

void AddFilePlacementsCommand(CLI::App& file, Context& context) {
  auto options = std::make_shared<PlacementOptions>();
  CLI::App* const placements =
      file.add_subcommand("placements", "How the files of a target stand, and how many are there");
  placements->footer("Example:\n  cognate file placements shop --state refused");
  placements->add_option("platform", options->platform, "The target platform's id")->required();
  placements->add_option("--state", options->state, "Only those: due, placed or refused");
  placements->add_option("--limit", options->limit, "How many are shown at most")
      ->capture_default_str()
      ->check(CLI::Range(1, 1'000'000));
  placements->callback([&context, options] { context.status = Placements(context, *options); });
}

}  // namespace cognate::cli

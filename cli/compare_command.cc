// `cognate platform compare`: whether records of one model can go into another platform's, and how.
#include <memory>

#include <CLI/CLI.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"

namespace cognate::cli {
namespace {

using Stub = v1::PlatformRegistryService::Stub;

struct CompareOptions {
  std::string from;
  std::string to;
};

absl::Status Split(absl::string_view option, const std::string& text, std::string* platform,
                   std::string* model) {
  const std::vector<std::string> parts = absl::StrSplit(text, absl::MaxSplits(':', 1));
  if (parts.size() != 2 || parts[0].empty() || parts[1].empty()) {
    return Error(
        absl::StatusCode::kInvalidArgument, "INVALID_FIELD",
        absl::StrCat(option, ": got \"", text, "\", want platform:model, such as atlas:public.country"));
  }
  *platform = parts[0];
  *model = parts[1];
  return absl::OkStatus();
}

// `trim` of the step that is set; "-" if none is.
std::string StepName(const v1::ProposedMapping& proposed) {
  if (!proposed.has_step()) return "-";
  const auto* const oneof = v1::Transform::descriptor()->FindOneofByName("step");
  const auto* const step = proposed.step().GetReflection()->GetOneofFieldDescriptor(proposed.step(), oneof);
  return step == nullptr ? "-" : step->name();
}

void PrintCompared(const v1::CompareModelsResponse& compared, const CompareOptions& options) {
  Table table({"SOURCE", "TARGET", "SCORE", "STEP", "BECAUSE"});
  for (const v1::ProposedMapping& proposed : compared.mappings()) {
    table.Add({proposed.mapping().source(), proposed.mapping().target(),
               absl::StrFormat("%.2f", proposed.score()), StepName(proposed),
               absl::StrJoin(proposed.reasons(), "; ")});
  }
  table.Print(std::cout, "No field seems to belong into another.");
  std::cout << "\n"
            << options.from << " into " << options.to << ": "
            << FormatEnum(v1::Compatibility_Name(compared.compatibility()), "COMPATIBILITY_") << "\n";
  for (const std::string& reason : compared.reasons()) std::cout << "  " << reason << "\n";
}

absl::Status Compare(Context& context, const CompareOptions& options) {
  v1::CompareModelsRequest request;
  RETURN_IF_ERROR(
      Split("from", options.from, request.mutable_source_platform(), request.mutable_source_model()));
  RETURN_IF_ERROR(Split("to", options.to, request.mutable_target_platform(), request.mutable_target_model()));
  Client client = context.Connect();
  ASSIGN_OR_RETURN(const v1::CompareModelsResponse compared,
                   client.Call(client.registry(), &Stub::CompareModels, request));
  if (context.json) {
    PrintJson(std::cout, compared);
  } else {
    PrintCompared(compared, options);
  }
  return absl::OkStatus();
}

}  // namespace

void AddCompareCommand(CLI::App& platform, Context& context) {
  auto options = std::make_shared<CompareOptions>();
  CLI::App* const compare =
      platform.add_subcommand("compare", "Whether records of one model fit into another platform's, and how");
  compare->footer(
      "Example:\n"
      "  cognate platform compare atlas:public.country shop:public.nations\n"
      "With --json the answer holds a whole proposed sync.");
  compare->add_option("from", options->from, "platform:model")->required();
  compare->add_option("to", options->to, "platform:model")->required();
  compare->callback([&context, options] { context.status = Compare(context, *options); });
}

}  // namespace cognate::cli

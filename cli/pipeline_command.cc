#include <fstream>
#include <iterator>
#include <memory>
#include <set>

#include <CLI/CLI.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "cli/commands.h"
#include "cli/message_diff.h"
#include "cli/output.h"
#include "cli/yaml_message.h"
#include "cli/yaml_tree.h"
#include "cli/yaml_writer.h"
#include "common/clock/clock.h"
#include "common/ids/uuid.h"
#include "common/status/status_macros.h"

namespace cognate::cli {
namespace {

using Stub = v1::PipelineService::Stub;

constexpr char kPrefix[] = "pipelines/";

std::string NameOf(absl::string_view id) { return absl::StrCat(kPrefix, absl::StripPrefix(id, kPrefix)); }

// As a person writes it.
v1::Pipeline Plain(v1::Pipeline pipeline) {
  pipeline.clear_create_time();
  pipeline.clear_update_time();
  pipeline.clear_etag();
  return pipeline;
}

absl::StatusOr<std::vector<v1::Pipeline>> ListAll(Client& client) {
  std::vector<v1::Pipeline> pipelines;
  v1::ListPipelinesRequest request;
  request.set_page_size(1000);
  do {
    ASSIGN_OR_RETURN(const v1::ListPipelinesResponse page,
                     client.Call(client.pipelines(), &Stub::ListPipelines, request));
    pipelines.insert(pipelines.end(), page.pipelines().begin(), page.pipelines().end());
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  return pipelines;
}

absl::Status List(Context& context) {
  Client client = context.Connect();
  ASSIGN_OR_RETURN(const std::vector<v1::Pipeline> pipelines, ListAll(client));
  Table table({"PIPELINE", "STEPS", "WHAT FOR"});
  for (const v1::Pipeline& pipeline : pipelines) {
    if (context.json) PrintJson(std::cout, pipeline);
    table.Add({std::string(absl::StripPrefix(pipeline.name(), kPrefix)),
               absl::StrCat(pipeline.transforms_size()), pipeline.description()});
  }
  if (!context.json) table.Print(std::cout, "No pipelines. `cognate pipeline apply FILE` adds some.");
  return absl::OkStatus();
}

absl::Status Export(Context& context, const std::vector<std::string>& ids) {
  Client client = context.Connect();
  ASSIGN_OR_RETURN(const std::vector<v1::Pipeline> pipelines, ListAll(client));
  std::set<std::string> wanted;
  for (const std::string& id : ids) wanted.insert(NameOf(id));
  std::string text;
  for (const v1::Pipeline& pipeline : pipelines) {
    if (!wanted.empty() && wanted.erase(pipeline.name()) == 0) continue;
    if (context.json) PrintJson(std::cout, Plain(pipeline));
    absl::StrAppend(&text, text.empty() ? "" : "---\n", ToYaml(Plain(pipeline)));
    if (!ids.empty() && wanted.empty()) break;
  }
  if (!wanted.empty()) {
    // The service says it best.
    v1::GetPipelineRequest request;
    request.set_name(*wanted.begin());
    return client.Call(client.pipelines(), &Stub::GetPipeline, request).status();
  }
  if (!context.json) std::cout << text;
  return absl::OkStatus();
}

absl::StatusOr<std::vector<v1::Pipeline>> ReadFile(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  std::istream& source = file == "-" ? std::cin : in;
  if (!source.good())
    return WrongInFile(file, 0, 0, "got nothing, want a file of pipelines that can be read");
  const std::string text{std::istreambuf_iterator<char>(source), std::istreambuf_iterator<char>()};
  ASSIGN_OR_RETURN(const std::vector<YamlNode> documents, ReadYaml(text, file));
  std::vector<v1::Pipeline> pipelines;
  for (const YamlNode& document : documents) {
    v1::Pipeline pipeline;
    RETURN_IF_ERROR(ToMessage(document, file, &pipeline));
    if (pipeline.name().empty())
      return WrongInFile(file, document.line, document.column,
                         "name: got nothing, want pipelines/{id} for each pipeline");
    pipelines.push_back(std::move(pipeline));
  }
  return pipelines;
}

absl::Status Put(Context& context, Client& client, const v1::Pipeline& wanted,
                 const std::vector<v1::Pipeline>& current) {
  const auto tell = [&](const char* done, const v1::Pipeline& pipeline) {
    context.json ? PrintJson(std::cout, pipeline) : void(std::cout << pipeline.name() << " " << done << "\n");
  };
  for (const v1::Pipeline& known : current) {
    if (known.name() != wanted.name()) continue;
    const std::vector<Difference> differences = Differences(Plain(known), Plain(wanted));
    if (differences.empty()) return tell("is as the file says", known), absl::OkStatus();
    v1::UpdatePipelineRequest request;
    *request.mutable_pipeline() = wanted;
    // What the file says it was made from counts before what is there now.
    if (wanted.etag().empty()) request.mutable_pipeline()->set_etag(known.etag());
    request.mutable_update_mask()->add_paths("description");
    request.mutable_update_mask()->add_paths("transforms");
    ASSIGN_OR_RETURN(const v1::UpdatePipelineResponse response,
                     client.Call(client.pipelines(), &Stub::UpdatePipeline, request));
    tell("updated", response.pipeline());
    for (const Difference& difference : differences) {
      if (!context.json) std::cout << FormatDifference(difference) << "\n";
    }
    return absl::OkStatus();
  }
  v1::CreatePipelineRequest request;
  *request.mutable_pipeline() = wanted;
  request.set_request_id(Uuid::V7(Clock::Real()).ToString());
  ASSIGN_OR_RETURN(const v1::CreatePipelineResponse response,
                   client.Call(client.pipelines(), &Stub::CreatePipeline, request));
  tell("created", response.pipeline());
  return absl::OkStatus();
}

absl::Status Apply(Context& context, const std::vector<std::string>& files) {
  std::vector<v1::Pipeline> wanted;
  for (const std::string& file : files) {
    ASSIGN_OR_RETURN(const std::vector<v1::Pipeline> read, ReadFile(file));
    wanted.insert(wanted.end(), read.begin(), read.end());
  }
  Client client = context.Connect();
  ASSIGN_OR_RETURN(const std::vector<v1::Pipeline> current, ListAll(client));
  for (const v1::Pipeline& pipeline : wanted) RETURN_IF_ERROR(Put(context, client, pipeline, current));
  return absl::OkStatus();
}

absl::Status Delete(Context& context, const std::string& id) {
  Client client = context.Connect();
  v1::DeletePipelineRequest request;
  request.set_name(NameOf(id));
  RETURN_IF_ERROR(client.Call(client.pipelines(), &Stub::DeletePipeline, request).status());
  if (!context.json) std::cout << "Pipeline " << absl::StripPrefix(id, kPrefix) << " is gone.\n";
  return absl::OkStatus();
}

}  // namespace

void AddPipelineCommand(CLI::App& app, Context& context) {
  CLI::App* const pipeline = app.add_subcommand("pipeline", "Chains of transforms that syncs name");
  pipeline->require_subcommand(1);
  auto words = std::make_shared<std::vector<std::string>>();
  pipeline->add_subcommand("list", "List pipelines")->callback([&context] {
    context.status = List(context);
  });
  CLI::App* const write = pipeline->add_subcommand("export", "Write pipelines as YAML (docs/pipelines.md)");
  write->footer("Example:\n  cognate pipeline export > pipelines.yaml");
  write->add_option("names", *words, "Ids of pipelines; all without any");
  write->callback([&context, words] { context.status = Export(context, *words); });
  CLI::App* const apply =
      pipeline->add_subcommand("apply", "Make the pipelines as files say; a second time changes nothing");
  apply->footer("Example:\n  cognate pipeline apply pipelines.yaml");
  apply->add_option("files", *words, "Files of pipelines, - for what comes in")->required();
  apply->callback([&context, words] { context.status = Apply(context, *words); });
  CLI::App* const remove = pipeline->add_subcommand("delete", "Delete a pipeline that no sync names");
  auto id = std::make_shared<std::string>();
  remove->add_option("id", *id)->required();
  remove->callback([&context, id] { context.status = Delete(context, *id); });
}

}  // namespace cognate::cli

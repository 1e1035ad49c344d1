#include <fstream>
#include <iterator>
#include <map>
#include <memory>

#include <CLI/CLI.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "cli/sync_words.h"
#include "cli/yaml_message.h"
#include "cli/yaml_tree.h"
#include "cli/yaml_writer.h"
#include "common/status/status_macros.h"

namespace cognate::cli {
namespace {

using Stub = v1::PlatformRegistryService::Stub;

constexpr char kModels[] = "/models/";

std::string NameOf(absl::string_view platform, absl::string_view model) {
  return absl::StrCat("platforms/", platform, kModels, model);
}

// As a person writes it: what follows is left out.
v1::Model Plain(v1::Model model) {
  model.clear_model();
  model.clear_analyze_time();
  model.clear_missing();
  if (model.origin() == v1::MODEL_ORIGIN_GENERATED || model.has_expansion()) model.clear_origin();
  for (v1::ModelField& field : *model.mutable_fields()) {
    field.clear_required();
    field.clear_unique();
  }
  for (v1::ForeignKey& key : *model.mutable_foreign_keys()) key.clear_required();
  return model;
}

absl::Status List(Context& context, const std::string& platform) {
  Client client = context.Connect();
  Table table({"MODEL", "FIELDS", "KEY", "MADE OF"});
  v1::ListModelsRequest request;
  request.set_platform(absl::StrCat("platforms/", platform));
  request.set_page_size(1000);
  do {
    ASSIGN_OR_RETURN(const v1::ListModelsResponse page,
                     client.Call(client.registry(), &Stub::ListModels, request));
    for (const v1::Model& model : page.models()) {
      if (context.json) PrintJson(std::cout, model);
      table.Add({model.model(), absl::StrCat(model.fields_size()), absl::StrJoin(model.key_fields(), ", "),
                 model.expansion().model()});
    }
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  if (!context.json) table.Print(std::cout, "No models: `cognate platform analyze` reads them.");
  return absl::OkStatus();
}

absl::Status Show(Context& context, const std::string& platform, const std::string& model) {
  Client client = context.Connect();
  v1::GetModelRequest request;
  request.set_name(NameOf(platform, model));
  ASSIGN_OR_RETURN(const v1::GetModelResponse response,
                   client.Call(client.registry(), &Stub::GetModel, request));
  context.json ? PrintJson(std::cout, response.model()) : void(std::cout << ToYaml(Plain(response.model())));
  return absl::OkStatus();
}

// Adds the models of a file to the request of their platform.
absl::Status ReadFile(const std::string& file, std::map<std::string, v1::PutModelsRequest>* requests) {
  std::ifstream in(file, std::ios::binary);
  std::istream& source = file == "-" ? std::cin : in;
  if (!source.good()) return WrongInFile(file, 0, 0, "got nothing, want a file of models that can be read");
  const std::string text{std::istreambuf_iterator<char>(source), std::istreambuf_iterator<char>()};
  ASSIGN_OR_RETURN(const std::vector<YamlNode> documents, ReadYaml(text, file));
  for (const YamlNode& document : documents) {
    v1::Model model;
    RETURN_IF_ERROR(ToMessage(document, file, &model));
    absl::string_view name = model.name();
    const size_t models = name.find(kModels);
    if (!absl::ConsumePrefix(&name, "platforms/") || models == absl::string_view::npos) {
      return WrongInFile(file, document.line, document.column,
                         absl::StrCat("name: got \"", model.name(),
                                      "\", want platforms/{platform}/models/{model} for each model"));
    }
    const std::string platform = model.name().substr(0, models);
    model.set_model(model.name().substr(models + absl::string_view(kModels).size()));
    v1::PutModelsRequest& request = (*requests)[platform];
    request.set_platform(platform);
    *request.add_models() = std::move(model);
  }
  return absl::OkStatus();
}

absl::Status Apply(Context& context, const std::vector<std::string>& files) {
  std::map<std::string, v1::PutModelsRequest> requests;
  for (const std::string& file : files) RETURN_IF_ERROR(ReadFile(file, &requests));
  Client client = context.Connect();
  for (const auto& [platform, request] : requests) {
    ASSIGN_OR_RETURN(const v1::PutModelsResponse response,
                     client.Call(client.registry(), &Stub::PutModels, request));
    if (context.json) {
      PrintJson(std::cout, response);
      continue;
    }
    for (const v1::Model& model : response.models()) std::cout << model.name() << " is as the file says\n";
    PrintDrifts(std::cout, response.drifts());
  }
  return absl::OkStatus();
}

absl::Status Refused(Context& context, v1::ListPartSetsRequest request) {
  Client client = context.Connect();
  Table table({"RECORD", "MADE INTO", "REASON", "BECAUSE"});
  request.set_only_refused(true);
  request.set_page_size(1000);
  do {
    ASSIGN_OR_RETURN(const v1::ListPartSetsResponse page,
                     client.Call(client.expansions(), &v1::ExpansionService::Stub::ListPartSets, request));
    for (const v1::PartSet& set : page.sets()) {
      if (context.json) PrintJson(std::cout, set);
      table.Add({FormatRecord(set.parent()), set.model(), set.error().reason(), set.error().message()});
    }
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  if (!context.json) table.Print(std::cout, "Every record has come to its parts.");
  return absl::OkStatus();
}

}  // namespace

void AddModelCommand(CLI::App& app, Context& context) {
  CLI::App* const model = app.add_subcommand("model", "Kinds of records, and what they are made of");
  model->require_subcommand(1);
  auto platform = std::make_shared<std::string>();
  auto name = std::make_shared<std::string>();
  CLI::App* const list = model->add_subcommand("list", "List a platform's models");
  list->add_option("platform", *platform)->required();
  list->callback([&context, platform] { context.status = List(context, *platform); });
  CLI::App* const show = model->add_subcommand("show", "Write a model as YAML");
  show->footer("Example:\n  cognate model show magazine public.post > post.yaml");
  show->add_option("platform", *platform)->required();
  show->add_option("model", *name)->required();
  show->callback([&context, platform, name] { context.status = Show(context, *platform, *name); });
  CLI::App* const apply = model->add_subcommand("apply", "Put the models of files into the catalogue");
  apply->footer(
      "Models that are made of another one's records are said so (docs/expand.md).\n"
      "Example:\n  cognate model apply post_translations.yaml");
  auto files = std::make_shared<std::vector<std::string>>();
  apply->add_option("files", *files, "Files of models, - for what comes in")->required();
  apply->callback([&context, files] { context.status = Apply(context, *files); });
  CLI::App* const refused = model->add_subcommand("refused", "Records that cannot be expanded, and why");
  auto request = std::make_shared<v1::ListPartSetsRequest>();
  refused->add_option("platform", *request->mutable_parent()->mutable_platform(), "Only of this platform");
  refused->add_option("model", *request->mutable_parent()->mutable_model(), "Only records of this model");
  refused->callback([&context, request] { context.status = Refused(context, *request); });
}

}  // namespace cognate::cli

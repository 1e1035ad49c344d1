#include "cli/sync_findings.h"

#include <iostream>

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "common/status/status_macros.h"

namespace cognate::cli {

using Json = nlohmann::ordered_json;

void Findings::Add(const FileSync& file, const v1::LintSyncResponse& response) {
  Json line = {{"sync", file.sync.name()},
               {"file", file.PlaceOf("")},
               {"title", response.title()},
               {"findings", Json::array()}};
  for (const v1::SyncFinding& finding : response.findings()) {
    const bool is_error = finding.severity() == v1::FINDING_SEVERITY_ERROR;
    is_error ? ++errors_ : ++warnings_;
    const std::string severity =
        FormatEnum(v1::FindingSeverity_Name(finding.severity()), "FINDING_SEVERITY_");
    const std::string place = file.PlaceOf(finding.field());
    line["findings"].push_back({{"severity", severity},
                                {"place", place},
                                {"field", finding.field()},
                                {"reason", finding.reason()},
                                {"message", finding.message()}});
    table_.Add(
        {severity, place, finding.field(), absl::StrCat(finding.message(), " (", finding.reason(), ")")});
  }
  if (context_.json) std::cout << line.dump(-1, ' ', false, Json::error_handler_t::replace) << "\n";
}

void Findings::Print() const {
  if (!context_.json) table_.Print(std::cout, "Nothing to say against it.");
}

absl::Status Findings::status() const {
  if (errors_ == 0) return absl::OkStatus();
  return Error(absl::StatusCode::kInvalidArgument, "SYNCS_WRONG",
               absl::StrCat(errors_, errors_ == 1 ? " error" : " errors", " and ", warnings_,
                            warnings_ == 1 ? " warning" : " warnings", "; no sync was changed"));
}

absl::Status LintAll(Client& client, const std::vector<FileSync>& files, const std::set<std::string>& only,
                     const std::vector<std::string>& without, Findings* findings) {
  v1::LintSyncRequest request;
  for (const FileSync& file : files) *request.add_beside() = file.sync;
  request.mutable_without()->Assign(without.begin(), without.end());
  for (const FileSync& file : files) {
    if (!only.empty() && !only.contains(file.sync.name())) continue;
    *request.mutable_sync() = file.sync;
    ASSIGN_OR_RETURN(const v1::LintSyncResponse response,
                     client.Call(client.registry(), &v1::PlatformRegistryService::Stub::LintSync, request));
    findings->Add(file, response);
  }
  return absl::OkStatus();
}

}  // namespace cognate::cli

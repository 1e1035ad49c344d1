// What a sync does, in sentences and tables.
#pragma once

#include <ostream>
#include <string>

#include "cognate/v1/platform_registry_service.pb.h"
#include "cognate/v1/sync.pb.h"
#include "cognate/v1/transformer_service.pb.h"

namespace cognate::cli {

// `{field: title, max_characters: 30}` and the step's word, `truncate`.
struct StepWords {
  std::string word;
  std::string parameters;
};
StepWords WordsOf(const v1::Transform& transform);

// `5`, `"a text"`, `NULL`.
std::string ShowOneValue(const v1::Value& value);

// "It is deleted there." and so on.
std::string LeaveSentence(const v1::LeavePolicy& policy);

// What a change of the catalogue does to syncs, a line each.
void PrintDrifts(std::ostream& out, const google::protobuf::RepeatedPtrField<v1::SyncDrift>& drifts);

void PrintSync(std::ostream& out, const v1::CompiledSync& compiled);
// What became of a record on its way through one sync.
void PrintRendered(std::ostream& out, const v1::RenderedRecord& record, const std::string& sync);

}  // namespace cognate::cli

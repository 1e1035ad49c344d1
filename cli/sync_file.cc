#include "cli/sync_file.h"

#include <fstream>
#include <iostream>
#include <iterator>
#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "cli/yaml_message.h"
#include "cli/yaml_writer.h"
#include "common/status/status_macros.h"

namespace cognate::cli {
namespace {

absl::StatusOr<std::string> ReadAll(std::istream& in, const std::string& file) {
  std::string text;
  char buffer[1 << 16];
  while (in.read(buffer, sizeof(buffer)) || in.gcount() > 0) {
    text.append(buffer, static_cast<size_t>(in.gcount()));
    if (text.size() > kMaxYamlBytes)
      return WrongInFile(file, 0, 0, absl::StrCat("got more than ", kMaxYamlBytes, " bytes"));
  }
  return text;
}

absl::StatusOr<std::string> ReadFile(const std::string& file) {
  if (file == "-") return ReadAll(std::cin, file);
  std::ifstream in(file, std::ios::binary);
  if (!in.good() || in.peek() == std::ifstream::traits_type::eof()) {
    return WrongInFile(file, 0, 0, "got nothing, want a file of syncs that can be read");
  }
  return ReadAll(in, file);
}

}  // namespace

std::string FileSync::PlaceOf(absl::string_view path) const {
  absl::ConsumePrefix(&path, "sync");
  absl::ConsumePrefix(&path, ".");
  return absl::StrCat(file, ":", FindPath(root, path)->line);
}

void ClearOutputOnly(v1::Sync* sync) {
  for (const char* const name :
       {"title", "revision", "create_time", "update_time", "etag", "broken", "guard"}) {
    const auto* const field = v1::Sync::descriptor()->FindFieldByName(name);
    if (field != nullptr) sync->GetReflection()->ClearField(sync, field);
  }
}

absl::StatusOr<std::vector<FileSync>> ReadSyncs(absl::string_view text, absl::string_view file) {
  ASSIGN_OR_RETURN(std::vector<YamlNode> documents, ReadYaml(text, file));
  std::vector<FileSync> syncs;
  for (YamlNode& document : documents) {
    FileSync read;
    read.file = std::string(file);
    RETURN_IF_ERROR(ToMessage(document, file, &read.sync));
    if (read.sync.name().empty()) {
      return WrongInFile(file, document.line, document.column,
                         "name: got nothing, want syncs/{id} for each sync");
    }
    read.root = std::move(document);
    syncs.push_back(std::move(read));
  }
  return syncs;
}

absl::StatusOr<std::vector<FileSync>> ReadSyncFiles(const std::vector<std::string>& files) {
  std::vector<FileSync> all;
  std::map<std::string, std::string> places;
  for (const std::string& file : files) {
    ASSIGN_OR_RETURN(const std::string text, ReadFile(file));
    ASSIGN_OR_RETURN(std::vector<FileSync> syncs, ReadSyncs(text, file));
    for (FileSync& read : syncs) {
      const auto [first, is_new] = places.emplace(read.sync.name(), read.PlaceOf("name"));
      if (!is_new) {
        return WrongInFile(
            file, read.root.line, 0,
            absl::StrCat("name: got ", read.sync.name(), " again, want each sync once; it stands at ",
                         first->second, ", too"));
      }
      all.push_back(std::move(read));
    }
  }
  if (all.empty())
    return WrongInFile(files.empty() ? "" : files[0], 0, 0, "got no sync, want at least one document");
  return all;
}

std::string WriteSyncs(const std::vector<v1::Sync>& syncs) {
  std::string text;
  for (v1::Sync sync : syncs) {
    ClearOutputOnly(&sync);
    absl::StrAppend(&text, text.empty() ? "" : "---\n", ToYaml(sync));
  }
  return text;
}

}  // namespace cognate::cli

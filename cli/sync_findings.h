// What lint says of the syncs of files, for people and programs.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "cli/commands.h"
#include "cli/output.h"
#include "cli/sync_file.h"

namespace cognate::cli {

class Findings {
 public:
  explicit Findings(const Context& context) : context_(context) {}

  // For programs they are printed at once, one line a sync.
  void Add(const FileSync& file, const v1::LintSyncResponse& response);
  // For people, all in one table.
  void Print() const;

  bool empty() const { return errors_ + warnings_ == 0; }
  // SYNCS_WRONG if there is an error among them.
  absl::Status status() const;

 private:
  const Context& context_;
  Table table_{{"SEVERITY", "WHERE", "FIELD", "WHAT"}};
  int errors_ = 0, warnings_ = 0;
};

// Judges the syncs of files as if all of them were there, and those of `without` were not. `only`: of these
// names, if there are any.
absl::Status LintAll(Client& client, const std::vector<FileSync>& files, const std::set<std::string>& only,
                     const std::vector<std::string>& without, Findings* findings);

}  // namespace cognate::cli

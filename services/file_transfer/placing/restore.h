#pragma once

#include <string>

#include "services/file_transfer/contents.h"
#include "services/file_transfer/copy_source.h"
#include "services/file_transfer/placing/platforms.h"
#include "services/file_transfer/placing/seen_store.h"
#include "services/file_transfer/possession.h"

namespace cognate::file_transfer {

// Finds damaged contents in the directories of platforms. Thread safe.
class DirectoryCopies final : public CopySource {
 public:
  DirectoryCopies(SeenStore& store, Platforms& platforms, Contents& contents, Possession& possession)
      : store_(store), platforms_(platforms), contents_(contents), possession_(possession) {}

  absl::StatusOr<std::string> Restore(const std::string& sha256) override;

 private:
  // "; …" where agents have it: they hear of it when they ask what is missing.
  std::string AgentsThatHave(const std::string& sha256);

  SeenStore& store_;
  Platforms& platforms_;
  Contents& contents_;
  Possession& possession_;
};

}  // namespace cognate::file_transfer

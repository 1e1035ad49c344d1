// Which troubles are meant, as options, and one of them in words.
#pragma once

#include <memory>
#include <ostream>
#include <string>

#include "absl/time/time.h"
#include "cognate/v1/feedback_service.pb.h"

namespace CLI {
class App;
}

namespace cognate::cli {

struct TroubleOptions {
  v1::TroubleFilter filter;
  std::string state;
  std::string source;
  std::string older;
  std::string newer;

  v1::TroubleFilter Filter() const;
};

// "30d", "12h", "90s"; false for anything else.
bool ParseAge(const std::string& text, absl::Duration* age);

// A command and its subcommands share `options`, so that it is the same where on the line they stand.
void AddTroubleOptions(CLI::App& command, const std::shared_ptr<TroubleOptions>& options);

void PrintTrouble(std::ostream& out, const v1::GetTroubleResponse& response);

}  // namespace cognate::cli

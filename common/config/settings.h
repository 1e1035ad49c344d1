#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

// The settings of a program: each has one name, `redis-address`, and is given as the flag --redis-address, in
// the environment as COGNATE_REDIS_ADDRESS, or in the TOML file of --config as redis-address (or `address`
// under [redis]). The first of these that is there counts; the default is what the variable held before.
namespace cognate::config {

struct Range {
  int64_t min = 0;
  int64_t max = std::numeric_limits<int64_t>::max();
};

// What to do after Parse.
struct Invocation {
  std::string command;  // The subcommand; the first declared one unless given. Empty if none are declared.
  bool stop = false;    // Only print `output` and exit with 0: --help, --version, --print-config.
  std::string output;
};

class Settings {
 public:
  using Lookup = std::function<std::optional<std::string>(const std::string& name)>;

  Settings(absl::string_view program, absl::string_view description);
  ~Settings();

  // Declares one setting that fills `*value` in Parse. `value` outlives this object.
  void Add(absl::string_view name, std::string* value, absl::string_view help);
  void Add(absl::string_view name, std::vector<std::string>* value,
           absl::string_view help);  // Commas, or repeated.
  void Add(absl::string_view name, int* value, absl::string_view help, Range range = {});
  void Add(absl::string_view name, int64_t* value, absl::string_view help, Range range = {});
  void Add(absl::string_view name, double* value, absl::string_view help);
  void Add(absl::string_view name, bool* value, absl::string_view help);            // --name or --name=false.
  void Add(absl::string_view name, absl::Duration* value, absl::string_view help);  // "30s", "5m".
  // A value that must not be seen: never printed, and also taken from a file, by --name-file or
  // COGNATE_NAME_FILE.
  void AddSecret(absl::string_view name, std::string* value, absl::string_view help);

  // Another name of a declared setting, understood wherever the first is.
  void AddAlias(absl::string_view name, absl::string_view alias);

  // Declares a subcommand without settings of its own. The first one declared is meant when none is given.
  void AddCommand(absl::string_view name, absl::string_view help);
  // Runs after all values are in; gives INVALID_ARGUMENT that names the setting and the fix (see Wrong).
  void AddValidation(std::function<absl::Status()> validate);

  // `environment` is the process's unless given. INVALID_ARGUMENT names the setting and how to put it right.
  absl::StatusOr<Invocation> Parse(int argc, const char* const* argv, const Lookup& environment = {});

  // All settings as TOML, with where each value came from and secrets masked; after Parse.
  std::string Print() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// INVALID_ARGUMENT "--listen (COGNATE_LISTEN): got "x", want host:port or unix:/path".
absl::Status Wrong(absl::string_view name, absl::string_view got, absl::string_view want);

// Checks for values, for use in validations.
absl::Status ValidateListenAddress(absl::string_view name,
                                   absl::string_view address);  // host:port or unix:/path.
absl::Status ValidatePeerAddress(absl::string_view name,
                                 absl::string_view address);  // Also dns:///host:port; no port 0.

}  // namespace cognate::config

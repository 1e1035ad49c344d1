// Where the command line reaches each service.
#pragma once

#include <string>

namespace CLI {
class App;
}

namespace cognate::cli {

// One address for all, as `cognate up` and a proxy offer it; a service that has one of its own is asked
// there.
struct ServiceAddresses {
  std::string all;
  std::string registry = {};
  std::string change_capture = {};
  std::string transformer = {};
  std::string delivery = {};
  std::string feedback = {};
  std::string file_transfer = {};
};

// --address, and an option for each service, with the names that the services themselves have for it.
// `addresses` outlives the app.
void AddAddressOptions(CLI::App& app, ServiceAddresses* addresses);

}  // namespace cognate::cli

#include "cli/service_addresses.h"

#include <CLI/CLI.hpp>

#include "absl/strings/str_cat.h"

namespace cognate::cli {
namespace {

struct Place {
  const char* flag;
  const char* variable;
  const char* service;
  std::string ServiceAddresses::*address;
};

constexpr Place kPlaces[] = {
    {"--registry", "COGNATE_REGISTRY", "platform-registry", &ServiceAddresses::registry},
    {"--change-capture", "COGNATE_CHANGE_CAPTURE", "change-capture", &ServiceAddresses::change_capture},
    {"--transformer", "COGNATE_TRANSFORMER", "transformer", &ServiceAddresses::transformer},
    {"--delivery", "COGNATE_DELIVERY", "delivery", &ServiceAddresses::delivery},
    {"--feedback", "COGNATE_FEEDBACK", "feedback", &ServiceAddresses::feedback},
    {"--file-transfer", "COGNATE_FILE_TRANSFER", "file-transfer", &ServiceAddresses::file_transfer},
};

}  // namespace

void AddAddressOptions(CLI::App& app, ServiceAddresses* addresses) {
  app.add_option("--address", addresses->all, "Where the services are: host:port or unix:/path")
      ->envname("COGNATE_ADDRESS")
      ->capture_default_str();
  for (const Place& place : kPlaces) {
    app.add_option(place.flag, addresses->*place.address,
                   absl::StrCat("Where ", place.service, " is, if it is not with the others"))
        ->envname(place.variable)
        ->group("Services that are apart");
  }
}

}  // namespace cognate::cli

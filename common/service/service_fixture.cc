#include <memory>
#include <string>

#include "common/config/settings.h"
#include "common/service/fixture_service.h"
#include "common/service/run_main.h"

// The main of a service, for the tests of RunMain.
int main(int argc, char** argv) {
  using namespace cognate;
  std::string greeting = "hello ";
  std::string secret;
  return service::RunMain(argc, argv,
                          {.noun = "service_fixture",
                           .description = "Greets platforms.",
                           .register_settings =
                               [&](config::Settings& settings) {
                                 settings.Add("greeting", &greeting, "What comes before the name");
                                 settings.AddSecret("secret", &secret, "Must not be seen");
                               },
                           .create =
                               [&](service::Environment& environment) {
                                 return service::FixtureService::Create(greeting, environment);
                               },
                           .migrate = [&]() -> absl::Status {
                             if (greeting == "fail")
                               return absl::FailedPreconditionError("greeting: got fail, want anything else");
                             return absl::OkStatus();
                           }});
}

// The direction of dependencies, read from the includes: proto <- common <- services/clients <- services/<x>
// <- cli, tests.
#include <algorithm>
#include <map>
#include <regex>
#include <set>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/contract/source_tree.h"

namespace cognate::contract {
namespace {

using ::testing::IsEmpty;

std::vector<std::string> IncludesOf(const std::string& path) {
  static const std::regex kInclude(R"re(#include [<"]([^">]+)[">])re");
  const std::string text = ReadFile(path);
  std::vector<std::string> includes;
  for (std::sregex_iterator it(text.begin(), text.end(), kInclude), end; it != end; ++it)
    includes.push_back((*it)[1]);
  return includes;
}

bool IsTest(const std::string& path) {
  const std::string file = std::filesystem::path(path).filename();
  return file.ends_with("_test.cc") || file.starts_with("test_") || file.starts_with("fake_") ||
         file.find("_fixture.") != std::string::npos || path.find("/testing/") != std::string::npos;
}

// Every include of a file below `folder` that `forbidden(path, include)` names.
template <typename Forbidden>
std::vector<std::string> Violations(const std::string& folder, Forbidden forbidden) {
  std::vector<std::string> found;
  for (const std::string& path : FilesBelow(folder, {".cc", ".h"})) {
    for (const std::string& include : IncludesOf(path)) {
      if (!forbidden(path, include)) continue;
      found.push_back(std::string(path).append(" includes ").append(include));
    }
  }
  return found;
}

TEST(Layers, CommonKnowsNoService) {
  EXPECT_THAT(Violations("common",
                         [](const std::string& path, const std::string& include) {
                           return include.starts_with("services/") || include.starts_with("cli/") ||
                                  (include.starts_with("tests/") && !IsTest(path));
                         }),
              IsEmpty());
}

TEST(Layers, AServiceIncludesNoOtherService) {
  EXPECT_THAT(Violations("services",
                         [](const std::string& path, const std::string& include) {
                           if (!include.starts_with("services/")) return include.starts_with("cli/");
                           const std::string own =
                               path.substr(0, path.find('/', std::string("services/").size()) + 1);
                           // How one service asks another is no service; it includes none either.
                           if (include.starts_with("services/clients/")) return false;
                           return !include.starts_with(own) && !IsTest(path);
                         }),
              IsEmpty());
}

TEST(Layers, OnlyTheShellOfAServiceKnowsGrpc) {
  EXPECT_THAT(Violations("services",
                         [](const std::string& path, const std::string& include) {
                           const bool grpc =
                               include.starts_with("grpcpp/") || include.ends_with(".grpc.pb.h");
                           const bool shell = path.find("_service.") != std::string::npos ||
                                              path.find("_client.") != std::string::npos ||
                                              path.starts_with("services/gateway/upstream_") ||
                                              path.ends_with("/server.cc") || path.ends_with("/server.h") ||
                                              IsTest(path);
                           return grpc && !shell;
                         }),
              IsEmpty());
}

TEST(Layers, DatabaseLibrariesStayWhereTheyBelong) {
  for (const std::string folder : {"common", "services", "cli"}) {
    EXPECT_THAT(Violations(folder,
                           [](const std::string& path, const std::string& include) {
                             if (include == "libpq-fe.h") return !path.starts_with("common/postgres/");
                             if (include.starts_with("hiredis/")) return !path.starts_with("common/redis/");
                             if (include.starts_with("pqxx/")) {
                               return !path.starts_with("common/postgres/") && !path.ends_with("_store.cc") &&
                                      !IsTest(path);
                             }
                             return false;
                           }),
                IsEmpty());
  }
}

// Two of them in one namespace are taken for each other by the linker, and nobody says so.
TEST(Layers, OneClassHasANameInItsNamespace) {
  static const std::regex kNamespace(R"re(\nnamespace ([a-z0-9_:]+) \{)re");
  static const std::regex kClass(
      R"re(\n(?:class|struct)(?: ABSL_[A-Z_]+)? ([A-Za-z0-9]+)(?: final)?(?: :[^;{]*)? \{)re");
  std::map<std::string, std::string> places;
  std::vector<std::string> twice;
  for (const std::string folder : {"common", "services"}) {
    for (const std::string& path : FilesBelow(folder, {".h"})) {
      const std::string text = ReadFile(path);
      std::smatch space;
      if (IsTest(path) || !std::regex_search(text, space, kNamespace)) continue;
      for (std::sregex_iterator it(text.begin(), text.end(), kClass), end; it != end; ++it) {
        const std::string name = std::string(space[1]).append("::").append((*it)[1]);
        const auto [known, is_new] = places.emplace(name, path);
        if (!is_new && known->second != path)
          twice.push_back(
              std::string(name).append(" is in ").append(known->second).append(" and ").append(path));
      }
    }
  }
  EXPECT_THAT(twice, IsEmpty());
}

TEST(Layers, NoFileIsTooLongToReadInOneSitting) {
  std::vector<std::string> found;
  for (const std::string folder : {"common", "services", "cli", "proto", "tests", "bench"}) {
    for (const std::string& path : FilesBelow(folder, {".cc", ".h", ".proto"})) {
      const std::string text = ReadFile(path);
      const auto lines = std::count(text.begin(), text.end(), '\n');
      // A service's contract is one file, and half of it are comments.
      if (lines > (folder == "proto" ? 600 : 450))
        found.push_back(path + " has " + std::to_string(lines) + " lines");
    }
  }
  EXPECT_THAT(found, IsEmpty());
}

}  // namespace
}  // namespace cognate::contract

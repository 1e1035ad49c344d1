#include "common/access/methods.h"

#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "common/access/scopes.h"
#include "gmock/gmock.h"
#include "google/protobuf/descriptor.h"
#include "gtest/gtest.h"
#include "tests/contract/source_tree.h"

namespace cognate::access {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using ::testing::IsEmpty;

const google::protobuf::DescriptorPool& Pool() { return *google::protobuf::DescriptorPool::generated_pool(); }

// Every RPC of the contracts, as the table names it.
std::vector<const google::protobuf::MethodDescriptor*> AllMethods() {
  std::vector<const google::protobuf::MethodDescriptor*> methods;
  for (const std::string& path : contract::FilesBelow("proto/cognate/v1", {"_service.proto"})) {
    const auto* file = Pool().FindFileByName(std::string(absl::StripPrefix(path, "proto/")));
    EXPECT_NE(file, nullptr) << path;
    for (int s = 0; file != nullptr && s < file->service_count(); ++s) {
      for (int m = 0; m < file->service(s)->method_count(); ++m)
        methods.push_back(file->service(s)->method(m));
    }
  }
  return methods;
}

bool HasPath(const Descriptor& message, absl::string_view path) {
  const Descriptor* at = &message;
  for (const absl::string_view part : absl::StrSplit(path, '.')) {
    if (at == nullptr) return false;
    const FieldDescriptor* field = at->FindFieldByName(std::string(part));
    if (field == nullptr) return false;
    at = field->message_type();
  }
  return at == nullptr;
}

TEST(Methods, TheTableHasEveryRpcAndNoOther) {
  std::set<std::string> contracts, table;
  for (const auto* method : AllMethods())
    contracts.insert(absl::StrCat(method->service()->name(), "/", method->name()));
  for (const Method& method : Methods())
    EXPECT_TRUE(table.emplace(method.name).second) << method.name << " twice";
  EXPECT_EQ(table, contracts);
}

TEST(Methods, EveryRpcHasARequestOfItsOwn) {
  std::set<const Descriptor*> requests;
  for (const auto* method : AllMethods())
    EXPECT_TRUE(requests.insert(method->input_type()).second) << method->full_name();
}

TEST(Methods, EveryScopeIsKnownAndEveryFieldIsThere) {
  for (const Method& method : Methods()) {
    EXPECT_TRUE(IsScope(method.scope) || method.scope == kAnyone || method.scope == kAnyPrincipal ||
                method.scope == kServices)
        << method.name << " " << method.scope;
    const auto* rpc =
        Pool().FindMethodByName(absl::StrCat("cognate.v1.", absl::StrReplaceAll(method.name, {{"/", "."}})));
    ASSERT_NE(rpc, nullptr) << method.name;
    for (const absl::string_view paths : {method.own, method.audit}) {
      for (const absl::string_view path : absl::StrSplit(paths, ',', absl::SkipEmpty())) {
        if (path == "*" || path == "-") continue;
        EXPECT_TRUE(HasPath(*rpc->input_type(), path)) << method.name << " " << path;
      }
    }
  }
}

// | `PlatformRegistryService/GetPlatform` | `read` | `name` | |
TEST(Methods, TheDocumentationShowsTheSameTable) {
  const std::string page = contract::ReadFile("docs/access.md");
  std::vector<std::string> wrong;
  for (const Method& method : Methods()) {
    const auto cell = [](absl::string_view text) {
      return text.empty() ? std::string(" ")
                          : absl::StrCat(" `", absl::StrReplaceAll(text, {{",", "`, `"}}), "` ");
    };
    const std::string row = absl::StrCat("|", cell(method.name), "|", cell(method.scope), "|",
                                         cell(method.own), "|", cell(method.audit), "|\n");
    if (!absl::StrContains(page, row)) wrong.push_back(row);
  }
  EXPECT_THAT(wrong, IsEmpty());
}

}  // namespace
}  // namespace cognate::access

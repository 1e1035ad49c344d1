// A registry whose process has a keyring; for tests.
#pragma once

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "common/secret/sealing.h"
#include "services/platform_registry/keys/keys_fixture.h"
#include "tests/support/temp_dir.h"

namespace cognate::platform_registry {

class SealingFixture : public KeysTest {
 protected:
  void SetUp() override {
    WriteKeys({"a"});
    ASSERT_OK(secret::InstallKeyring(path_));
  }
  void TearDown() override { ASSERT_OK(secret::InstallKeyring("")); }

  // In one step, as orchestrators do, and known to the process at once.
  void WriteKeys(const std::vector<std::string>& ids) {
    std::string text;
    for (const std::string& id : ids)
      absl::StrAppend(&text, id, " ", absl::Base64Escape(std::string(32, id[0])), "\n");
    std::ofstream(path_ + ".new", std::ios::trunc) << text;
    std::filesystem::rename(path_ + ".new", path_);
    ASSERT_OK(secret::InstallKeyring(path_));
  }

  absl::StatusOr<v1::CreatePlatformResponse> AddShop(const std::string& password,
                                                     const std::string& request_id = "") {
    v1::CreatePlatformRequest request;
    request.set_request_id(request_id);
    request.mutable_platform()->set_name("platforms/shop");
    request.mutable_platform()->set_kind(v1::PLATFORM_KIND_POSTGRES);
    request.mutable_platform()->mutable_database()->set_uri("postgresql://cognate@db:5432/shop");
    request.mutable_platform()->mutable_database()->mutable_password()->set_value(password);
    return Call(&RegistryStub::CreatePlatform, request);
  }
  void AddNews(const std::vector<std::string>& secrets, const std::string& id = "news") {
    v1::CreatePlatformRequest request;
    request.mutable_platform()->set_name("platforms/" + id);
    request.mutable_platform()->set_kind(v1::PLATFORM_KIND_AGENT);
    request.mutable_platform()->mutable_webhook()->set_url("https://news.example.org/cognate");
    for (const std::string& secret : secrets)
      request.mutable_platform()->mutable_webhook()->add_secrets()->set_value(secret);
    ASSERT_OK(Call(&RegistryStub::CreatePlatform, request));
  }
  v1::Platform Get(const std::string& id) {
    return test_support::ValueOrDie(Call(&RegistryStub::GetPlatform, "name: 'platforms/" + id + "'"))
        .platform();
  }

  const test_support::TempDir directory_;
  const std::string path_ = directory_.File("sealing.keys");
};

}  // namespace cognate::platform_registry

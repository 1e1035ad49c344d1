// A registry with a platform `till`, and its tables from within; for tests.
#pragma once

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "common/postgres/pool.h"
#include "services/platform_registry/platform_store.h"
#include "services/platform_registry/registry_fixture.h"

namespace cognate::platform_registry {

class KeysTest : public RegistryTest {
 protected:
  void SetUp() override { AddAgent("till"); }

  // `fields` of the key.
  absl::StatusOr<v1::CreateKeyResponse> Create(const std::string& fields) {
    return Call(&KeyStub::CreateKey, "key { " + fields + " }");
  }
  v1::CreateKeyResponse Made(const std::string& fields) { return test_support::ValueOrDie(Create(fields)); }
  v1::CreateKeyResponse MadeForTill() { return Made("role: ROLE_PLATFORM platform: 'till'"); }
  v1::Key Get(const std::string& name) {
    return test_support::ValueOrDie(Call(&KeyStub::GetKey, "name: '" + name + "'")).key();
  }
  absl::StatusOr<v1::VerifyKeyResponse> Verify(const std::string& secret, const std::string& address = "") {
    v1::VerifyKeyRequest request;
    request.set_secret(secret);
    request.set_address(address);
    return Call(&KeyStub::VerifyKey, request);
  }
  std::string Token(const std::string& more = "") {
    return test_support::ValueOrDie(Call(&KeyStub::CreateEnrolmentToken, "platform: 'till' " + more)).token();
  }
  absl::StatusOr<v1::EnrolPlatformResponse> Enrol(const std::string& token) {
    return Call(&KeyStub::EnrolPlatform, "token: '" + token + "' display_name: 'the till'");
  }
  absl::Status Revoke(const std::string& name) {
    return Call(&KeyStub::RevokeKey, "name: '" + name + "'").status();
  }

  // Straight into the database: what only time, or somebody with a shell there, could do.
  void Sql(const std::string& sql) {
    ASSERT_OK(test_support::ValueOrDie(postgres::Connection::Open(uri_))
                  ->Execute("SET search_path TO platform_registry; " + sql));
  }
  // Everything that the registry keeps, as text.
  std::string Dump() {
    const auto connection = test_support::ValueOrDie(postgres::Connection::Open(uri_));
    std::string all;
    for (const char* table : {"keys", "enrolment_tokens", "platforms", "answers"}) {
      const auto rows = test_support::ValueOrDie(connection->QueryText(
          std::string("SELECT coalesce(string_agg(t::text, ' '), '') FROM platform_registry.") + table +
          " t"));
      all += std::string(rows.GetText(0, 0));
    }
    return all;
  }

  // The stores that the service works with, for calls in the name of others.
  std::unique_ptr<postgres::Pool> Pool() {
    postgres::Options options;
    options.uri = uri_;
    options.search_path = "platform_registry";
    options.max_connections = 8;
    return test_support::ValueOrDie(postgres::Pool::Create(options));
  }

  template <typename Function>
  static void InThreads(int count, Function function) {
    std::vector<std::thread> threads;
    for (int i = 0; i < count; ++i) threads.emplace_back([&, i] { function(i); });
    for (std::thread& thread : threads) thread.join();
  }
};

}  // namespace cognate::platform_registry

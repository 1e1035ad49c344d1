// The audit's table, and what a superuser does to it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/access/audit_chain.h"
#include "common/clock/fake_clock.h"
#include "common/postgres/connection.h"
#include "common/postgres/migrator.h"
#include "common/postgres/pool.h"
#include "gmock/gmock.h"
#include "services/feedback/audit/append_audit.h"
#include "services/feedback/audit/audit_store.h"
#include "services/feedback/audit/list_audit.h"
#include "services/feedback/migrations.h"
#include "tests/support/postgres_server.h"
#include "tests/support/status_matchers.h"

namespace cognate::feedback {

class AuditTest : public ::testing::Test {
 protected:
  AuditTest() { EXPECT_OK(postgres::Migrate(uri_, "feedback", Migrations())); }

  // As one more process has it.
  std::unique_ptr<postgres::Pool> MakePool() {
    postgres::Options options;
    options.uri = uri_;
    options.search_path = "feedback";
    options.application_name = "appender";
    return test_support::ValueOrDie(postgres::Pool::Create(options));
  }

  static v1::AuditEntry Entry(const std::string& method = "UpdateSync",
                              const std::string& target = "syncs/countries",
                              const std::string& principal = "keys/ada") {
    v1::AuditEntry entry;
    entry.set_phase(v1::AUDIT_PHASE_BEGIN);
    entry.set_principal(principal);
    entry.set_principal_display_name("Ada Löve");
    entry.set_address("203.0.113.7");
    entry.set_method(absl::StrCat("cognate.v1.PlatformRegistryService/", method));
    entry.set_target(target);
    entry.set_request_id("r1");
    entry.set_request(R"({"sync":{"name":"syncs/länder"}})");
    return entry;
  }

  absl::Status Append(const std::vector<v1::AuditEntry>& entries) {
    v1::AppendAuditEntriesRequest request;
    for (const v1::AuditEntry& entry : entries) *request.add_entries() = entry;
    return AppendAuditEntries(store_, clock_, request).status();
  }

  // Page by page.
  std::vector<v1::AuditEntry> List(v1::ListAuditEntriesRequest request = {}) {
    if (request.page_size() == 0) request.set_page_size(1000);
    std::vector<v1::AuditEntry> entries;
    do {
      const auto page = ListAuditEntries(store_, request);
      EXPECT_OK(page);
      if (!page.ok()) return entries;
      entries.insert(entries.end(), page->entries().begin(), page->entries().end());
      request.set_page_token(page->next_page_token());
    } while (!request.page_token().empty());
    return entries;
  }

  std::optional<access::AuditFault> Verify(const std::string& head = "") {
    access::AuditVerifier verifier(head);
    for (const v1::AuditEntry& entry : List()) verifier.Add(entry);
    return verifier.Finish();
  }

  // Past the triggers.
  absl::Status AsSuperuser(const std::string& sql) {
    return database_->Execute(absl::StrCat("ALTER TABLE feedback.audit_entries DISABLE TRIGGER ALL; ", sql,
                                           "; ALTER TABLE feedback.audit_entries ENABLE ALWAYS TRIGGER "
                                           "audit_entries_append_only"));
  }
  int64_t Number(const std::string& sql) {
    return test_support::ValueOrDie(database_->QueryOnce(sql, postgres::Params())).GetInt64(0, 0);
  }

  const std::string uri_ = test_support::PostgresServer::Shared().CreateDatabase();
  FakeClock clock_;
  std::unique_ptr<postgres::Pool> pool_ = MakePool();
  AuditStore store_{*pool_};
  std::unique_ptr<postgres::Connection> database_ =
      test_support::ValueOrDie(postgres::Connection::Open(uri_));
};

}  // namespace cognate::feedback

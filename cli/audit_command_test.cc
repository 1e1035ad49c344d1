// `cognate audit` as it is typed, against a running service.
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cognate/v1/audit_service.grpc.pb.h"
#include "common/status/error.h"
#include "services/feedback/testing/feedback_fixture.h"

namespace cognate::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class AuditCommandTest : public feedback::FeedbackTest {
 protected:
  AuditCommandTest() { Start(); }

  void Append(v1::AuditPhase phase, const std::string& method, const std::string& request_id,
              const std::string& code = "") {
    v1::AppendAuditEntriesRequest request;
    v1::AuditEntry& entry = *request.add_entries();
    entry.set_phase(phase);
    entry.set_principal("keys/ada");
    entry.set_principal_display_name("Ada");
    entry.set_address("203.0.113.7");
    entry.set_method("cognate.v1.PlatformRegistryService/" + method);
    entry.set_target("syncs/countries");
    entry.set_request_id(request_id);
    entry.set_code(code);
    const auto stub = v1::AuditService::NewStub(feedback_->channel());
    EXPECT_OK(grpc_support::Call(*stub, &v1::AuditService::Stub::AppendAuditEntries, request));
  }
  void AppendCall(const std::string& method, const std::string& request_id) {
    Append(v1::AUDIT_PHASE_BEGIN, method, request_id);
    Append(v1::AUDIT_PHASE_END, method, request_id, "OK");
  }
  // What it prints.
  std::string Type(const std::string& line, bool json = false) {
    context_ = Context();
    context_.addresses.all = feedback_->address();
    context_.json = json;
    CLI::App app;
    AddAuditCommand(app, context_);
    ::testing::internal::CaptureStdout();
    app.parse(line);
    return ::testing::internal::GetCapturedStdout();
  }
  const absl::Status& status() const { return context_.status; }

  Context context_;
};

TEST_F(AuditCommandTest, EachCallIsALine) {
  EXPECT_EQ(Type("audit list"), "Nothing was written down.\n");
  AppendCall("CreateSync", "r1");
  Append(v1::AUDIT_PHASE_BEGIN, "DeleteSync", "r2");
  const std::string all = Type("audit list");
  EXPECT_OK(status());
  EXPECT_EQ(std::count(all.begin(), all.end(), '\n'), 3) << all;
  EXPECT_THAT(all, AllOf(HasSubstr("Ada (keys/ada)  203.0.113.7  CreateSync  syncs/countries  OK"),
                         HasSubstr("DeleteSync  syncs/countries  unknown: the process ended on the way")));
  const std::string newest = Type("audit list --newest --limit 1");
  EXPECT_THAT(newest,
              AllOf(HasSubstr("DeleteSync"), Not(HasSubstr("CreateSync")), HasSubstr("There is more")));
  EXPECT_THAT(Type("audit list --method CreateSync"), Not(HasSubstr("DeleteSync")));
  EXPECT_THAT(Type("audit list --since 2023-01-01T00:00:00Z"), HasSubstr("CreateSync"));
  EXPECT_EQ(Type("audit list --since 1h"), "Nothing was written down.\n")
      << "the server's clock stands in 2023";
  Type("audit list --since yesterday");
  EXPECT_FALSE(status().ok());
  const std::string json = Type("audit list --limit 2", /*json=*/true);
  EXPECT_EQ(std::count(json.begin(), json.end(), '\n'), 2) << "one line for each entry";
  EXPECT_EQ(nlohmann::json::parse(json.substr(0, json.find('\n')))["request_id"], "r1");
}

TEST_F(AuditCommandTest, VerifyTellsTheHeadAndWhatIsBroken) {
  for (int i = 0; i < 30; ++i) AppendCall("UpdateSync", std::to_string(i));
  const nlohmann::json result = nlohmann::json::parse(Type("audit verify", /*json=*/true));
  EXPECT_OK(status());
  EXPECT_EQ(result["entries"], 60);
  EXPECT_EQ(result["ok"], true);
  const std::string head = result["head"];
  EXPECT_THAT(Type("audit verify"), AllOf(HasSubstr("60 entries"), HasSubstr(head)));
  AppendCall("UpdateSync", "more");
  Type("audit verify --head " + head);
  EXPECT_OK(status());
  Type("audit verify --head 5f0c");
  EXPECT_FALSE(status().ok());

  const auto database = test_support::ValueOrDie(postgres::Connection::Open(config_.postgres.uri));
  EXPECT_OK(
      database->Execute("ALTER TABLE feedback.audit_entries DISABLE TRIGGER ALL;"
                        "DELETE FROM feedback.audit_entries WHERE sequence >= 60"));
  Type("audit verify");
  EXPECT_OK(status()) << "no chain shows by itself that its end is gone";
  Type("audit verify --head " + head);
  EXPECT_EQ(ErrorReason(status()), "AUDIT_BROKEN");
  EXPECT_OK(database->Execute("UPDATE feedback.audit_entries SET code = 'DENIED' WHERE sequence = 42"));
  const nlohmann::json broken = nlohmann::json::parse(Type("audit verify", /*json=*/true));
  EXPECT_EQ(broken["ok"], false);
  EXPECT_EQ(broken["broken_sequence"], 42);
  EXPECT_THAT(std::string(status().message()), HasSubstr("entry 42 was changed"));
}

}  // namespace
}  // namespace cognate::cli

// Every RPC with every role, against the table of docs/access.md: a real cluster behind TCP, and real keys.
#include <fstream>
#include <map>
#include <regex>

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/support/byte_buffer.h>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "cognate/v1/feedback_service.grpc.pb.h"
#include "cognate/v1/key_service.grpc.pb.h"
#include "cognate/v1/platform_registry_service.grpc.pb.h"
#include "common/grpc/channel.h"
#include "common/grpc/status.h"
#include "common/process/process.h"
#include "common/status/error.h"
#include "gmock/gmock.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/dynamic_message.h"
#include "gtest/gtest.h"
#include "tests/contract/source_tree.h"
#include "tests/support/environment.h"
#include "tests/support/eventually.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace cognate {
namespace {

namespace pb = google::protobuf;
using test_support::Eventually;
using test_support::IsOk;
using ::testing::IsEmpty;

constexpr char kServiceKey[] = "the-services-of-this-test-show-this-to-each-other";

// One row of docs/access.md.
struct Row {
  std::string method;
  std::string scope;
  std::vector<std::string> own;
};

std::vector<Row> WrittenTable() {
  const std::string page = contract::ReadFile("docs/access.md");
  const std::regex row(R"re(\| `(\w+/\w+)` \| `([^`]+)` \| ([^|]*)\|)re");
  std::vector<Row> rows;
  for (std::sregex_iterator it(page.begin(), page.end(), row), end; it != end; ++it) {
    const std::string own = absl::StrReplaceAll((*it)[3].str(), {{"`", ""}, {" ", ""}});
    rows.push_back({(*it)[1], (*it)[2], absl::StrSplit(own, ',', absl::SkipEmpty())});
  }
  return rows;
}

// A caller, and what the page says of it in words.
struct CallerRole {
  std::string name;
  std::string authorization;
  std::string names = "own";  // The platform that its requests name.
};

// The page's sentences, as code.
bool MayCall(const CallerRole& role, const Row& row) {
  if (row.scope == "anyone") return true;
  if (role.name == "nobody" || role.name == "revoked") return false;
  if (row.scope == "any principal" || role.name == "services") return true;
  if (role.name == "platform" || role.name == "platform elsewhere")
    return !row.own.empty() && (row.own.front() == "*" || role.names == "own");
  if (row.scope == "services") return false;
  return role.name == "operator" || row.scope == "read" || row.scope == role.name;
}

void SetPath(pb::Message* message, absl::Span<const absl::string_view> path, const std::string& text) {
  const pb::FieldDescriptor* field = message->GetDescriptor()->FindFieldByName(std::string(path.front()));
  const pb::Reflection* reflection = message->GetReflection();
  if (field->cpp_type() == pb::FieldDescriptor::CPPTYPE_MESSAGE) {
    return SetPath(field->is_repeated() ? reflection->AddMessage(message, field)
                                        : reflection->MutableMessage(message, field),
                   path.subspan(1), text);
  }
  const std::string value = field->name() == "name" ? absl::StrCat("platforms/", text) : text;
  field->is_repeated() ? reflection->AddString(message, field, value)
                       : reflection->SetString(message, field, value);
}

class RolesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::ofstream(directory_.File("service.key")) << kServiceKey << "\n";
    const std::string ready_file = directory_.File("ready.json");
    auto spawned = process::Process::Spawn(
        {.argv = {test_support::Program("cognate"), "up",
                  absl::StrCat("--data-dir=", directory_.File("data")), "--listen=127.0.0.1:0", "--plaintext",
                  absl::StrCat("--service-key-file=", directory_.File("service.key")), "--admin=127.0.0.1:0",
                  absl::StrCat("--ready-file=", ready_file)},
         .log_file = directory_.File("up.log")});
    ASSERT_THAT(spawned, IsOk());
    up_ = *std::move(spawned);
    ASSERT_TRUE(Eventually([&] { return std::filesystem::exists(ready_file) || !up_.Running(); }));
    const nlohmann::json ready = nlohmann::json::parse(contract::ReadFile(ready_file), nullptr, false);
    ASSERT_FALSE(ready.is_discarded()) << contract::ReadFile(directory_.File("up.log"));
    channel_ = grpc_support::MakeChannel(ready["grpc"]);
    keys_ = v1::KeyService::NewStub(channel_);
    registry_ = v1::PlatformRegistryService::NewStub(channel_);
    for (const char* platform : {"own", "other"}) {
      v1::CreatePlatformRequest request;
      request.mutable_platform()->set_name(absl::StrCat("platforms/", platform));
      request.mutable_platform()->set_kind(v1::PLATFORM_KIND_AGENT);
      request.mutable_platform()->set_channel(v1::CHANNEL_AGENT);
      ASSERT_THAT(grpc_support::Call(*registry_, &v1::PlatformRegistryService::Stub::CreatePlatform, request,
                                     AsServices()),
                  IsOk());
    }
  }
  void TearDown() override { EXPECT_EQ(up_.Terminate(test_support::kPatience), 0); }

  static grpc_support::CallOptions AsServices() {
    return {.timeout = test_support::kPatience, .authorization = absl::StrCat("Bearer ", kServiceKey)};
  }

  v1::CreateKeyResponse MakeKey(v1::Role role, const std::string& platform, const std::string& scope) {
    v1::CreateKeyRequest request;
    request.mutable_key()->set_role(role);
    request.mutable_key()->set_platform(platform);
    if (!scope.empty()) request.mutable_key()->add_scopes(scope);
    return test_support::ValueOrDie(
        grpc_support::Call(*keys_, &v1::KeyService::Stub::CreateKey, request, AsServices()));
  }
  std::string Bearer(v1::Role role, const std::string& platform = "", const std::string& scope = "") {
    return absl::StrCat("Bearer ", MakeKey(role, platform, scope).secret());
  }
  std::string RevokedBearer() {
    const v1::CreateKeyResponse made = MakeKey(v1::ROLE_OPERATOR, "", "");
    v1::RevokeKeyRequest request;
    request.set_name(made.key().name());
    EXPECT_THAT(grpc_support::Call(*keys_, &v1::KeyService::Stub::RevokeKey, request, AsServices()), IsOk());
    return absl::StrCat("Bearer ", made.secret());
  }

  // The answer to a request that has nothing but the platform in it.
  absl::Status Call(const CallerRole& role, const Row& row) {
    const pb::MethodDescriptor* method = pb::DescriptorPool::generated_pool()->FindMethodByName(
        absl::StrCat("cognate.v1.", absl::StrReplaceAll(row.method, {{"/", "."}})));
    std::unique_ptr<pb::Message> request(
        pb::MessageFactory::generated_factory()->GetPrototype(method->input_type())->New());
    if (!row.own.empty() && row.own.front() != "*") {
      const std::vector<absl::string_view> path = absl::StrSplit(row.own.front(), '.');
      SetPath(request.get(), path, role.names);
    }
    if (row.method == "KeyService/VerifyKey") SetPath(request.get(), {"secret"}, live_secret_);
    // What a stream's first message must have, beside the platform.
    const pb::FieldDescriptor* const sequence = method->input_type()->FindFieldByName("sequence");
    if (sequence != nullptr) request->GetReflection()->SetInt64(request.get(), sequence, 1);
    if (row.method == "FileTransferService/Write") SetPath(request.get(), {"upload"}, "an-upload-of-roles");
    return Send(absl::StrCat("/cognate.v1.", row.method), role.authorization, *request);
  }

  // One message, and what comes of it. A stream that stays open was let in.
  absl::Status Send(const std::string& method, const std::string& authorization, const pb::Message& message) {
    grpc::ClientContext context;
    context.set_deadline(absl::ToChronoTime(absl::Now() + absl::Milliseconds(1500)));
    if (!authorization.empty()) context.AddMetadata("authorization", authorization);
    const grpc::Slice slice(message.SerializeAsString());
    const grpc::ByteBuffer request(&slice, 1);
    grpc::ByteBuffer response;
    grpc::Status status;
    grpc::CompletionQueue queue;
    const auto step = [&] {
      void* tag = nullptr;
      bool ok = false;
      return queue.Next(&tag, &ok) && ok;
    };
    grpc::GenericStub stub(channel_);
    const auto call = stub.PrepareCall(&context, method, &queue);
    call->StartCall(this);
    bool open = step();
    if (open) {
      call->WriteLast(request, grpc::WriteOptions(), this);
      open = step();
    }
    if (open) {
      call->Read(&response, this);
      open = step();
    }
    if (open) context.TryCancel();  // It has answered.
    call->Finish(&status, this);
    step();
    queue.Shutdown();
    while (step()) continue;
    return open ? absl::OkStatus() : grpc_support::FromGrpcStatus(status);
  }

  test_support::TempDir directory_{"cgr"};
  std::string live_secret_;
  process::Process up_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<v1::KeyService::Stub> keys_;
  std::unique_ptr<v1::PlatformRegistryService::Stub> registry_;
};

bool WasLetIn(const absl::Status& status) {
  const std::string reason = ErrorReason(status);
  return reason != "KEY_MISSING" && reason != "KEY_INVALID" && reason != "SCOPE_MISSING" &&
         reason != "NOT_YOUR_PLATFORM";
}

TEST_F(RolesTest, EveryRoleMayCallWhatThePageSaysAndNothingElse) {
  const std::vector<Row> table = WrittenTable();
  ASSERT_GT(table.size(), 90U);
  live_secret_ = MakeKey(v1::ROLE_VIEWER, "", "").secret();
  std::vector<CallerRole> roles = {{"nobody", ""},
                                   {"revoked", RevokedBearer()},
                                   {"platform", Bearer(v1::ROLE_PLATFORM, "own")},
                                   {"viewer", Bearer(v1::ROLE_VIEWER)},
                                   {"operator", Bearer(v1::ROLE_OPERATOR)},
                                   {"services", absl::StrCat("Bearer ", kServiceKey)}};
  roles.push_back({"platform elsewhere", roles[2].authorization, "other"});
  for (const char* scope : {"platforms.manage", "sync.manage", "runs.execute", "records.write",
                            "records.restore", "conflicts.resolve", "troubles.manage", "events.manage",
                            "audit.read", "secrets.rotate", "keys.manage"}) {
    roles.push_back({scope, Bearer(v1::ROLE_VIEWER, "", scope)});
  }
  ASSERT_TRUE(Eventually([&] { return !WasLetIn(Call(roles[1], table.front())); }));
  std::vector<std::string> differing;
  for (const Row& row : table) {
    for (const CallerRole& role : roles) {
      const absl::Status answer = Call(role, row);
      if (WasLetIn(answer) != MayCall(role, row))
        differing.push_back(absl::StrCat(role.name, " calls ", row.method, ": ", answer.ToString()));
    }
  }
  std::cout << "figure roles.table rpcs=" << table.size() << " roles=" << roles.size()
            << " differing=" << differing.size() << std::endl;
  EXPECT_THAT(differing, IsEmpty());
}

TEST_F(RolesTest, ARevokedKeyIsRefusedAndTheStreamsThatItOpenedEnd) {
  const v1::CreateKeyResponse made = MakeKey(v1::ROLE_OPERATOR, "", "");
  const auto feedback = v1::FeedbackService::NewStub(channel_);
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + test_support::kPatience));
  context.AddMetadata("authorization", absl::StrCat("Bearer ", made.secret()));
  const auto stream = feedback->Watch(&context, v1::WatchRequest());
  v1::WatchResponse told;
  ASSERT_TRUE(stream->Read(&told));
  v1::RevokeKeyRequest request;
  request.set_name(made.key().name());
  ASSERT_THAT(grpc_support::Call(*keys_, &v1::KeyService::Stub::RevokeKey, request, AsServices()), IsOk());
  const absl::Time revoked = absl::Now();
  while (stream->Read(&told)) continue;
  const absl::Duration ended = absl::Now() - revoked;
  EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_THAT(grpc_support::Call(*keys_, &v1::KeyService::Stub::WhoAmI, v1::WhoAmIRequest(),
                                 {.authorization = absl::StrCat("Bearer ", made.secret())}),
              test_support::HasReason("KEY_INVALID"));
  std::cout << "figure keys.revoked stream_ended_s=" << absl::ToDoubleSeconds(ended) << std::endl;
  EXPECT_LT(ended, absl::Minutes(1));  // while the key lives, it would be kept for ever
}

}  // namespace
}  // namespace cognate

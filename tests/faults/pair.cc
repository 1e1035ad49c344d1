#include "tests/faults/pair.h"

#include <optional>

#include "absl/strings/str_cat.h"
#include "cognate/v1/platform_registry_service.grpc.pb.h"
#include "common/grpc/channel.h"
#include "common/status/status_macros.h"
#include "gtest/gtest.h"
#include "tests/support/proto_matchers.h"

namespace cognate::faults {
namespace {

using Stub = v1::PlatformRegistryService::Stub;

constexpr char kSource[] = "CREATE TABLE items (code text PRIMARY KEY, revision bigint NOT NULL)";
// `code` is not unique here, so that a doubled record shows.
constexpr char kTarget[] = R"sql(
    CREATE TABLE things (thing_no bigint GENERATED ALWAYS AS IDENTITY (START 1000) PRIMARY KEY,
                         code text NOT NULL, revision bigint NOT NULL)
)sql";
constexpr char kSync[] = R"pb(
  sync {
    name: "syncs/things"
    source_platform: "source"
    source_model: "public.items"
    target_platform: "target"
    target_model: "public.things"
    fields { source: "code" target: "code" }
    fields { source: "revision" target: "revision" }
  }
)pb";

template <typename Request, typename Response>
absl::Status Do(Stub& stub, grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                const std::string& text) {
  return grpc_support::Call(stub, method, test_support::ParseProto<Request>(text),
                            {.timeout = test_support::kPatience, .idempotent = true})
      .status();
}

std::unique_ptr<test_support::PostgresServer> Start() {
  auto server = test_support::PostgresServer::Start();
  EXPECT_TRUE(server.ok()) << server.status();
  return server.ok() ? *std::move(server) : nullptr;
}

std::optional<std::multimap<std::string, std::string>> Rows(const std::string& uri,
                                                            const std::string& table) {
  const auto connection = postgres::Connection::Open(uri);
  if (!connection.ok()) return std::nullopt;
  const auto rows = (*connection)->QueryText(absl::StrCat("SELECT code, revision FROM ", table));
  if (!rows.ok()) return std::nullopt;
  std::multimap<std::string, std::string> found;
  for (int row = 0; row < rows->size(); ++row)
    found.emplace(std::string(rows->GetText(row, 0)), std::string(rows->GetText(row, 1)));
  return found;
}

}  // namespace

Pair::Pair() : source_(Start()), target_(Start()) {
  source_uri_ = source_->CreateDatabase("source");
  target_uri_ = target_->CreateDatabase("target");
  auto opened = postgres::Connection::Open(source_uri_);
  EXPECT_TRUE(opened.ok()) << opened.status();
  writer_ = *std::move(opened);
  EXPECT_EQ(writer_->Execute(kSource), absl::OkStatus());
  EXPECT_EQ((*postgres::Connection::Open(target_uri_))->Execute(kTarget), absl::OkStatus());
}

absl::Status Pair::SetUp(cluster::Cluster& cluster, const std::string& source_uri,
                         const std::string& target_uri) {
  const auto stub = v1::PlatformRegistryService::NewStub(cluster.ChannelTo("platform-registry"));
  RETURN_IF_ERROR(Do(*stub, &Stub::CreatePlatform,
                     absl::StrCat("platform { name: 'platforms/source' kind: PLATFORM_KIND_POSTGRES "
                                  "capture_mode: CAPTURE_MODE_REPLICATION database { uri: '",
                                  source_uri, "' } }")));
  RETURN_IF_ERROR(Do(*stub, &Stub::CreatePlatform,
                     absl::StrCat("platform { name: 'platforms/target' kind: PLATFORM_KIND_POSTGRES "
                                  "database { uri: '",
                                  target_uri, "' } }")));
  RETURN_IF_ERROR(Do(*stub, &Stub::AnalyzeModels, "platform: 'platforms/source'"));
  RETURN_IF_ERROR(Do(*stub, &Stub::AnalyzeModels, "platform: 'platforms/target'"));
  return Do(*stub, &Stub::CreateSync, kSync);
}

absl::Status Pair::Run(const std::string& sql) { return writer_->Execute(sql); }

int64_t Pair::Differing() {
  const auto wanted = Rows(source_uri_, "items");
  const auto found = Rows(target_uri_, "things");
  if (!wanted || !found) return -1;
  int64_t differing = 0;
  for (const auto& [code, revision] : *wanted) {
    const auto [first, last] = found->equal_range(code);
    if (std::distance(first, last) != 1 || first->second != revision) ++differing;
  }
  for (const auto& [code, revision] : *found)
    if (!wanted->contains(code)) ++differing;
  return differing;
}

}  // namespace cognate::faults

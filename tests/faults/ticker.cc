#include "tests/faults/ticker.h"

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "cognate/v1/platform_registry_service.grpc.pb.h"
#include "common/grpc/channel.h"
#include "common/status/status_macros.h"
#include "gtest/gtest.h"
#include "tests/support/proto_matchers.h"

namespace cognate::faults {
namespace {

using Stub = v1::PlatformRegistryService::Stub;

constexpr absl::Duration kPace = absl::Milliseconds(20);
constexpr char kSource[] =
    "CREATE TABLE ticks (code text PRIMARY KEY, tick bigint NOT NULL, serial_no bigint NOT NULL)";
constexpr char kTarget[] = R"sql(
    CREATE TABLE ticks (tick_no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, code text NOT NULL, tick bigint NOT NULL,
                        serial_no bigint NOT NULL);
    CREATE TRIGGER watch_order AFTER INSERT OR UPDATE ON ticks FOR EACH ROW EXECUTE FUNCTION watch_order()
)sql";
// All rows, in one text.
constexpr char kContent[] = "SELECT string_agg(code || ' ' || serial_no, ',' ORDER BY tick, code) FROM ticks";

template <typename Request, typename Response>
absl::Status Do(Stub& stub, grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                const std::string& text) {
  return grpc_support::Call(stub, method, test_support::ParseProto<Request>(text), {.idempotent = true})
      .status();
}

}  // namespace

Ticker::Ticker(std::vector<Target*> targets) : targets_(std::move(targets)) {
  auto server = test_support::PostgresServer::Start({});
  if (!server.ok()) {
    ADD_FAILURE() << server.status();
    return;
  }
  server_ = *std::move(server);
  uri_ = server_->CreateDatabase("ticker");
  connection_ = *postgres::Connection::Open(uri_);
  EXPECT_TRUE(connection_->Execute(kSource).ok());
  for (const Target* target : targets_) {
    EXPECT_TRUE((*postgres::Connection::Open(target->Uri()))->Execute(kTarget).ok());
  }
}

absl::Status Ticker::SetUp(cluster::Cluster& cluster) {
  const auto stub = v1::PlatformRegistryService::NewStub(cluster.ChannelTo("platform-registry"));
  RETURN_IF_ERROR(
      Do(*stub, &Stub::CreatePlatform,
         absl::StrCat("platform { name: 'platforms/ticker' kind: PLATFORM_KIND_POSTGRES capture_mode: "
                      "CAPTURE_MODE_REPLICATION database { uri: '",
                      uri_, "' } }")));
  RETURN_IF_ERROR(Do(*stub, &Stub::AnalyzeModels, "platform: 'platforms/ticker'"));
  for (const Target* target : targets_) {
    RETURN_IF_ERROR(
        Do(*stub, &Stub::CreateSync,
           absl::StrCat("sync { name: 'syncs/", target->platform(),
                        "-ticks' source_platform: 'ticker' source_model: 'public.ticks' "
                        "target_platform: '",
                        target->platform(),
                        "' target_model: 'public.ticks' fields { source: 'code' target: 'code' } fields "
                        "{ source: 'tick' target: 'tick' } fields { source: 'serial_no' target: "
                        "'serial_no' } }")));
  }
  return absl::OkStatus();
}

void Ticker::Start() {
  ticking_ = true;
  thread_ = std::thread([this] {
    for (; ticking_; absl::SleepFor(kPace)) Tick();  // The pace of the load, not a wait for a result.
  });
}

void Ticker::Stop() {
  ticking_ = false;
  if (thread_.joinable()) thread_.join();
}

int64_t Ticker::Tick() {
  MutexLock lock(&mutex_);
  const int64_t tick = ++ticks_;
  const int64_t older = 1 + tick * 7919 % ((tick + 1) / 2);
  const absl::Status status = connection_->Execute(
      absl::StrCat("INSERT INTO ticks VALUES ('t", tick, "', ", tick, ", ", 2 * tick - 1,
                   "); UPDATE ticks SET serial_no = ", 2 * tick, " WHERE code = 't", older, "'"));
  EXPECT_TRUE(status.ok()) << status;
  return tick;
}

bool Ticker::Arrived(int64_t tick) {
  for (const Target* target : targets_) {
    if (Ask(target->Uri(), absl::StrCat("SELECT count(*)::text FROM ticks WHERE tick <= ", tick)) !=
        absl::StrCat(tick))
      return false;
  }
  return true;
}

int Ticker::ActiveReaders() {
  const std::string count =
      Ask(uri_, "SELECT count(*)::text FROM pg_stat_replication WHERE state = 'streaming'");
  return count.empty() ? -1 : std::stoi(count);
}

Differences Ticker::Compare() {
  Differences differences;
  const std::string want = Ask(uri_, kContent);
  for (const Target* target : targets_) {
    const std::string got = Ask(target->Uri(), kContent);
    if (got == want) continue;
    const auto count = [&](const std::string& uri) {
      return std::stoll(Ask(uri, "SELECT count(*)::text FROM ticks"));
    };
    const int64_t missing = count(uri_) - count(target->Uri());
    differences.lost += static_cast<int>(std::max<int64_t>(missing, 0));
    differences.duplicated += static_cast<int>(std::max<int64_t>(-missing, 0));
    differences.differing += missing == 0 ? 1 : 0;
    differences.first = absl::StrCat(target->platform(), " has other ticks: ", missing, " are missing");
  }
  return differences;
}

std::string Ticker::Ask(const std::string& uri, const std::string& sql) {
  auto connection = postgres::Connection::Open(uri);
  if (!connection.ok()) return "";
  const auto rows = (*connection)->QueryText(sql);
  return rows.ok() && rows->size() == 1 ? std::string(rows->GetText(0, 0)) : "";
}

}  // namespace cognate::faults

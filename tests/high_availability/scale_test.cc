// Many platforms, of which few are active: each is a target with a sync and a lane of its own, and every
// record goes to the one platform that it is assigned to. What that costs in one process is a figure: memory,
// threads and CPU while nothing happens, and how long a change takes to an active platform.
//
// COGNATE_SCALE_PLATFORMS says how many; a hundredth of them, at least five, is active.

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iostream>
#include <sstream>

#include <unistd.h>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "cognate/v1/assignment_service.grpc.pb.h"
#include "cognate/v1/change_capture_service.grpc.pb.h"
#include "cognate/v1/delivery_service.grpc.pb.h"
#include "cognate/v1/platform_registry_service.grpc.pb.h"
#include "common/grpc/channel.h"
#include "common/postgres/connection.h"
#include "gtest/gtest.h"
#include "tests/cluster/cluster.h"
#include "tests/support/environment.h"
#include "tests/support/eventually.h"
#include "tests/support/proto_matchers.h"
#include "tests/support/status_matchers.h"

namespace cognate::high_availability {
namespace {

using test_support::Eventually;
using RegistryStub = v1::PlatformRegistryService::Stub;

constexpr int kRecords = 20;                              // of each active platform
constexpr absl::Duration kIdle = absl::Seconds(5);        // in which CPU is measured
constexpr absl::Duration kBusy = absl::Seconds(10);       // in which changes flow
constexpr absl::Duration kTurn = absl::Milliseconds(20);  // between two changes
constexpr absl::Duration kPatience = absl::Minutes(10);   // for ten thousand lanes to begin
constexpr char kHub[] = R"pb(
  platform: "platforms/hub"
  models {
    model: "item"
    key_fields: "id"
    fields { name: "id" type: FIELD_TYPE_TEXT }
    fields { name: "code" type: FIELD_TYPE_TEXT }
    fields { name: "sent_us" type: FIELD_TYPE_INTEGER size_bits: 64 }
  }
)pb";
constexpr char kTarget[] = R"sql(
    CREATE TABLE thing (thing_no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, code text NOT NULL, sent_us bigint NOT NULL);
    CREATE TABLE arrivals (sent_us bigint NOT NULL, seen_us bigint NOT NULL);
    CREATE FUNCTION note_arrival() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO arrivals VALUES (NEW.sent_us, extract(epoch FROM clock_timestamp()) * 1000000);
        RETURN NULL;
    END $$;
    CREATE TRIGGER note_arrival AFTER INSERT OR UPDATE ON thing FOR EACH ROW EXECUTE FUNCTION note_arrival()
)sql";

// CPU seconds of a process so far.
double CpuSeconds(pid_t pid) {
  std::ifstream file(absl::StrCat("/proc/", pid, "/stat"));
  std::stringstream text;
  text << file.rdbuf();
  const std::string stat = text.str();
  const std::vector<std::string> fields = absl::StrSplit(stat.substr(stat.rfind(')') + 2), ' ');
  int64_t user = 0;
  int64_t system = 0;
  if (fields.size() < 13 || !absl::SimpleAtoi(fields[11], &user) || !absl::SimpleAtoi(fields[12], &system))
    return std::nan("");
  return static_cast<double>(user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

// Of /proc/…/status: "Threads", "VmRSS" (in KiB).
int64_t StatusOf(pid_t pid, absl::string_view name) {
  std::ifstream file(absl::StrCat("/proc/", pid, "/status"));
  for (std::string line; std::getline(file, line);) {
    const std::vector<std::string> words = absl::StrSplit(line, absl::ByAnyChar(": \t"), absl::SkipEmpty());
    int64_t value = 0;
    if (words.size() > 1 && words[0] == name && absl::SimpleAtoi(words[1], &value)) return value;
  }
  return -1;
}

std::string Name(int platform) { return absl::StrCat("p", platform); }

class ScaleTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto server = test_support::PostgresServer::Start({.settings = {"max_connections=400"}});
    ASSERT_TRUE(server.ok()) << server.status();
    targets_ = *std::move(server);
    ASSERT_TRUE(cluster_.WaitUntilServing());
    registry_ = v1::PlatformRegistryService::NewStub(cluster_.ChannelTo("platform-registry"));
    Declare(&RegistryStub::CreatePlatform,
            R"pb(platform { name: "platforms/hub" kind: PLATFORM_KIND_AGENT })pb");
    Declare(&RegistryStub::PutModels, kHub);
    Declare(
        &RegistryStub::UpdateModel,
        "model { name: 'platforms/hub/models/item' assignable: true } update_mask { paths: 'assignable' }");
    for (int i = 0; i < platforms_ && !HasFatalFailure(); ++i) i < active_ ? AddActive(i) : AddQuiet(i);
  }

  template <typename Request, typename Response>
  void Declare(grpc::Status (RegistryStub::*method)(grpc::ClientContext*, const Request&, Response*),
               const std::string& text) {
    ASSERT_OK(grpc_support::Call(*registry_, method, test_support::ParseProto<Request>(text),
                                 {.timeout = test_support::kPatience, .idempotent = true})
                  .status());
  }

  void AddSync(const std::string& platform, const std::string& model) {
    Declare(&RegistryStub::CreateSync,
            absl::StrCat("sync { name: 'syncs/", platform, "' source_platform: 'hub' source_model: 'item' ",
                         "target_platform: '", platform, "' target_model: '", model,
                         "' only_assigned: true fields { source: 'code' target: 'code' } fields { source: "
                         "'sent_us' target: 'sent_us' } }"));
  }
  void AddActive(int i) {
    uris_.push_back(targets_->CreateDatabase(Name(i)));
    ASSERT_OK((*postgres::Connection::Open(uris_.back()))->Execute(kTarget));
    Declare(&RegistryStub::CreatePlatform,
            absl::StrCat("platform { name: 'platforms/", Name(i),
                         "' kind: PLATFORM_KIND_POSTGRES database { uri: '", uris_.back(), "' } }"));
    Declare(&RegistryStub::AnalyzeModels, absl::StrCat("platform: 'platforms/", Name(i), "'"));
    AddSync(Name(i), "public.thing");
  }
  void AddQuiet(int i) {
    Declare(&RegistryStub::CreatePlatform,
            absl::StrCat("platform { name: 'platforms/", Name(i),
                         "' kind: PLATFORM_KIND_AGENT channel: CHANNEL_AGENT }"));
    Declare(
        &RegistryStub::PutModels,
        absl::StrCat("platform: 'platforms/", Name(i),
                     "' models { model: 'thing' key_fields: 'id' fields { name: 'id' type: FIELD_TYPE_TEXT "
                     "generated: true } fields { "
                     "name: 'code' type: FIELD_TYPE_TEXT } fields { name: 'sent_us' type: FIELD_TYPE_INTEGER "
                     "size_bits: 64 } }"));
    AddSync(Name(i), "thing");
  }

  void Capture(int platform, int record) {
    v1::CaptureRequest request;
    request.set_platform("hub");
    v1::Change& change = *request.add_changes();
    change.set_change_id(absl::StrCat("c", ++changes_));
    change.set_model("item");
    change.set_local_id(absl::StrCat(Name(platform), "-", record));
    change.set_operation(v1::OPERATION_UPDATE);
    for (const char* const field : {"id", "code"}) {
      change.add_fields()->set_name(field);
      change.mutable_fields()->rbegin()->mutable_value()->set_text_value(change.local_id());
    }
    change.add_fields()->set_name("sent_us");
    change.mutable_fields()->rbegin()->mutable_value()->set_int64_value(absl::ToUnixMicros(absl::Now()));
    const auto stub = v1::ChangeCaptureService::NewStub(capture_);
    const auto response = grpc_support::Call(*stub, &v1::ChangeCaptureService::Stub::Capture, request,
                                             {.timeout = test_support::kPatience, .idempotent = true});
    ASSERT_OK(response.status());
    EXPECT_EQ(response->results(0).error().message(), "");
  }
  void Assign(int platform) {
    v1::SetAssignmentsRequest request;
    request.set_mode(v1::ASSIGNMENT_MODE_REPLACE);
    for (int record = 0; record < kRecords; ++record) {
      v1::RecordAssignments& meant = *request.add_records();
      meant.mutable_record()->set_platform("hub");
      meant.mutable_record()->set_model("item");
      meant.mutable_record()->set_local_id(absl::StrCat(Name(platform), "-", record));
      meant.add_platforms(Name(platform));
    }
    const auto stub = v1::AssignmentService::NewStub(cluster_.ChannelTo("platform-registry"));
    // Not before the records are known.
    absl::Status assigned;
    EXPECT_TRUE(Eventually([&] {
      assigned = grpc_support::Call(*stub, &v1::AssignmentService::Stub::SetAssignments, request,
                                    {.timeout = test_support::kPatience})
                     .status();
      return assigned.ok();
    })) << assigned;
  }

  int64_t Ask(int platform, const std::string& sql) {
    const auto opened = postgres::Connection::Open(uris_[static_cast<size_t>(platform)]);
    const auto rows = (*opened)->QueryText(sql);
    int64_t number = -1;
    return rows.ok() && absl::SimpleAtoi(rows->GetText(0, 0), &number) ? number : -1;
  }
  bool EachHas(int64_t records) {
    for (int i = 0; i < active_; ++i)
      if (Ask(i, "SELECT count(*)::text FROM thing") != records) return false;
    return true;
  }
  int64_t Lanes() {
    const auto stub = v1::DeliveryService::NewStub(cluster_.ChannelTo("delivery"));
    const auto lanes = grpc_support::Call(*stub, &v1::DeliveryService::Stub::ListLanes,
                                          v1::ListLanesRequest(), {.timeout = test_support::kPatience});
    return lanes.ok() ? lanes->lanes_size() : -1;
  }
  // In percent of one processor.
  double CpuPercent(pid_t pid, absl::Duration span) {
    const double before = CpuSeconds(pid);
    const absl::Time begun = absl::Now();
    absl::SleepFor(span);
    return 100 * (CpuSeconds(pid) - before) / absl::ToDoubleSeconds(absl::Now() - begun);
  }
  // Of all changes since `since`, in milliseconds.
  double Percentile99(absl::Time since) {
    std::vector<double> all;
    for (const std::string& uri : uris_) {
      const auto rows =
          (*postgres::Connection::Open(uri))
              ->QueryText(absl::StrCat("SELECT (seen_us - sent_us)::text FROM arrivals WHERE sent_us >= ",
                                       absl::ToUnixMicros(since)));
      for (int row = 0; rows.ok() && row < rows->size(); ++row) {
        double micros = 0;
        if (absl::SimpleAtod(rows->GetText(row, 0), &micros)) all.push_back(micros / 1000);
      }
    }
    if (all.empty()) return std::nan("");
    std::sort(all.begin(), all.end());
    return all[static_cast<size_t>(0.99 * static_cast<double>(all.size() - 1))];
  }

  const int platforms_ = test_support::FromEnvironment("COGNATE_SCALE_PLATFORMS", 100);
  const int active_ = std::max(5, platforms_ / 100);
  cluster::Cluster cluster_{cluster::Shape::kOneProcess};
  std::unique_ptr<test_support::PostgresServer> targets_;
  std::vector<std::string> uris_;  // of the active ones
  std::unique_ptr<RegistryStub> registry_;
  std::shared_ptr<grpc::Channel> capture_ = cluster_.ChannelTo("change-capture");
  int64_t changes_ = 0;
};

TEST_F(ScaleTest, ManyPlatformsOfWhichFewAreActive) {
  const absl::Time declared = absl::Now();
  ASSERT_TRUE(Eventually([&] { return Lanes() == platforms_; }, kPatience));
  for (int i = 0; i < active_; ++i) {
    for (int record = 0; record < kRecords; ++record) Capture(i, record);
    Assign(i);
  }
  ASSERT_TRUE(Eventually([&] { return EachHas(kRecords); }, kPatience));
  std::cout << "all lanes work after " << absl::Now() - declared << std::endl;
  const pid_t pid = cluster_.PidOf("cognate");
  const double idle = CpuPercent(pid, kIdle);
  const absl::Time since = absl::Now();
  while (absl::Now() - since < kBusy) {
    Capture(static_cast<int>(changes_ % active_), static_cast<int>(changes_ / active_ % kRecords));
    absl::SleepFor(kTurn);  // the pace
  }
  // The last change of each record is there.
  for (int i = 0; i < active_; ++i) {
    EXPECT_TRUE(Eventually(
        [&] {
          return Ask(i, absl::StrCat("SELECT count(*)::text FROM thing WHERE sent_us >= ",
                                     absl::ToUnixMicros(since))) > 0;
        },
        kPatience));
    EXPECT_EQ(Ask(i, "SELECT count(*)::text FROM thing"), kRecords);
  }
  std::cout << "figure scale.ten_thousand platforms=" << platforms_
            << " mib=" << StatusOf(pid, "VmRSS") / 1024 << " cpu_percent=" << std::llround(idle)
            << " p99_ms=" << std::llround(Percentile99(since)) << " active=" << active_
            << " threads=" << StatusOf(pid, "Threads") << std::endl;
}

}  // namespace
}  // namespace cognate::high_availability

#include "bench/subject.h"

#include <atomic>
#include <cstdlib>
#include <iostream>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "bench/machine.h"
#include "cognate/v1/ledger_service.grpc.pb.h"
#include "cognate/v1/platform_registry_service.grpc.pb.h"
#include "common/grpc/channel.h"
#include "tests/support/proto_matchers.h"

namespace cognate::bench {
namespace {

using Registry = v1::PlatformRegistryService::Stub;

constexpr int kWindow = 64;  // Batches under way in a stream.

constexpr char kAgentModels[] = R"pb(
  platform: "platforms/agent"
  models {
    model: "parent"
    key_fields: "id"
    fields { name: "id" type: FIELD_TYPE_INTEGER size_bits: 64 }
    fields { name: "title" type: FIELD_TYPE_TEXT }
  }
  models {
    model: "row_data"
    key_fields: "id"
    fields { name: "id" type: FIELD_TYPE_INTEGER size_bits: 64 }
    fields { name: "parent_id" type: FIELD_TYPE_INTEGER size_bits: 64 }
    fields { name: "round_no" type: FIELD_TYPE_INTEGER size_bits: 32 }
    fields { name: "text0" type: FIELD_TYPE_TEXT nullable: true }
    fields { name: "text1" type: FIELD_TYPE_TEXT nullable: true }
    fields { name: "text2" type: FIELD_TYPE_TEXT nullable: true }
    fields { name: "text3" type: FIELD_TYPE_TEXT nullable: true }
    fields { name: "text4" type: FIELD_TYPE_TEXT nullable: true }
    fields { name: "amount" type: FIELD_TYPE_DECIMAL nullable: true precision: 20 scale: 2 }
    fields { name: "changed_at" type: FIELD_TYPE_TIMESTAMP nullable: true }
    foreign_keys { fields: "parent_id" model: "parent" referenced_fields: "id" }
  }
)pb";

template <typename T>
T OrDie(absl::StatusOr<T> value) {
  if (!value.ok()) {
    std::cerr << value.status() << "\n";
    std::exit(1);
  }
  return *std::move(value);
}

void OrDie(const absl::Status& status) {
  if (status.ok()) return;
  std::cerr << status << "\n";
  std::exit(1);
}

template <typename Request, typename Response>
void Do(Registry& stub, grpc::Status (Registry::*method)(grpc::ClientContext*, const Request&, Response*),
        const std::string& text) {
  OrDie(grpc_support::Call(stub, method, test_support::ParseProto<Request>(text),
                           {.timeout = absl::Seconds(30)}));
}

std::string Fields(const std::vector<std::pair<std::string, std::string>>& pairs) {
  std::string text;
  for (const auto& [source, target] : pairs)
    absl::StrAppend(&text, "fields { source: '", source, "' target: '", target, "' } ");
  return text;
}

// The poll must not cost what it measures: a prepared statement, found by key, and a pause that both cores
// feel.
constexpr absl::Duration kPoll = absl::Microseconds(200);
constexpr char kIndexCodes[] = "CREATE INDEX IF NOT EXISTS rows_code ON rows (code)";
const postgres::Statement kVisible = {"visible",
                                      "SELECT count(*) FROM rows WHERE code = $1 AND round_no = $2::bigint"};

int64_t NumberOf(postgres::Connection& connection, const postgres::Statement& statement, int64_t code,
                 int64_t round) {
  postgres::Params params;
  params.AddInt64(code).AddInt64(round);
  absl::StatusOr<postgres::Rows> rows = connection.Query(statement, params);
  OrDie(rows.status());
  return rows->GetInt64(0, 0);
}

int64_t Number(postgres::Connection& connection, const std::string& sql) {
  const auto rows = connection.QueryText(sql);
  if (!rows.ok()) OrDie(rows.status());
  return rows->size() == 0 || rows->IsNull(0, 0) ? 0 : std::stoll(std::string(rows->GetText(0, 0)));
}

}  // namespace

Subject::Subject()
    : cluster_(cluster::Shape::kOneProcess, /*durable=*/true), source_server_(DurableServer()) {
  if (!cluster_.WaitUntilServing()) std::exit(1);
  capture_ = v1::ChangeCaptureService::NewStub(cluster_.ChannelTo("change-capture"));
  source_uri_ = source_server_->CreateDatabase("source");
  agent_target_uri_ = cluster_.postgres().CreateDatabase("agent_target");
  postgres_target_uri_ = cluster_.postgres().CreateDatabase("postgres_target");
  source_ = OrDie(postgres::Connection::Open(source_uri_));
  agent_target_ = OrDie(postgres::Connection::Open(agent_target_uri_));
  postgres_target_ = OrDie(postgres::Connection::Open(postgres_target_uri_));
  OrDie(source_->Execute(kSourceSchema));
  OrDie(source_->Execute(InsertParentsSql()));
  OrDie(agent_target_->Execute(kTargetSchema));
  OrDie(postgres_target_->Execute(kTargetSchema));
  SetUpPlatforms();
  const auto parents = OrDie(
      grpc_support::Call(*capture_, &v1::ChangeCaptureService::Stub::Capture, CaptureParents("agent"), {}));
  const absl::Time started = absl::Now();
  SecondsUntil("the parents", started, absl::Milliseconds(20), [&] {
    return Number(*agent_target_, "SELECT count(*) FROM parents") == kParents &&
           Number(*postgres_target_, "SELECT count(*) FROM parents") == kParents;
  });
  WaitUntilSettled(started);
}

void Subject::SetUpPlatforms() {
  const auto stub = v1::PlatformRegistryService::NewStub(cluster_.ChannelTo("platform-registry"));
  Do(*stub, &Registry::CreatePlatform, "platform { name: 'platforms/agent' kind: PLATFORM_KIND_AGENT }");
  Do(*stub, &Registry::PutModels, kAgentModels);
  const auto database = [&](absl::string_view id, absl::string_view uri, absl::string_view more) {
    Do(*stub, &Registry::CreatePlatform,
       absl::StrCat("platform { name: 'platforms/", id, "' kind: PLATFORM_KIND_POSTGRES database { uri: '",
                    uri, "' } ", more, " }"));
    Do(*stub, &Registry::AnalyzeModels, absl::StrCat("platform: 'platforms/", id, "'"));
  };
  database("source", source_uri_, "capture_mode: CAPTURE_MODE_REPLICATION");
  database("agent-target", agent_target_uri_, "");
  database("postgres-target", postgres_target_uri_, "");
  const auto sync = [&](absl::string_view id, absl::string_view from, absl::string_view prefix,
                        absl::string_view to) {
    const auto one = [&](absl::string_view suffix, absl::string_view model, absl::string_view target,
                         const std::string& fields) {
      Do(*stub, &Registry::CreateSync,
         absl::StrCat("sync { name: 'syncs/", id, suffix, "' source_platform: '", from, "' source_model: '",
                      prefix, model, "' target_platform: '", to, "' target_model: 'public.", target, "' ",
                      fields, "}"));
    };
    one("-parents", "parent", "parents", Fields({{"id", "code"}, {"title", "title"}}));
    one("-rows", "row_data", "rows",
        Fields({{"id", "code"},
                {"parent_id", "parent_no"},
                {"round_no", "round_no"},
                {"text0", "text0"},
                {"text1", "text1"},
                {"text2", "text2"},
                {"text3", "text3"},
                {"text4", "text4"},
                {"amount", "amount"},
                {"changed_at", "changed_at"}}));
  };
  sync("agent", "agent", "", "agent-target");
  sync("postgres", "source", "public.", "postgres-target");
}

void Subject::WaitUntilSettled(absl::Time started) {
  const auto stub = v1::LedgerService::NewStub(cluster_.ChannelTo("platform-registry"));
  SecondsUntil("settled", started, absl::Milliseconds(20), [&] {
    for (const absl::string_view platform : {"agent-target", "postgres-target"}) {
      v1::ListPendingRequest request;
      request.set_platform(std::string(platform));
      request.mutable_planned_before()->set_seconds(absl::ToUnixSeconds(absl::Now()) + 60);
      request.set_page_size(1);
      const auto pending =
          grpc_support::Call(*stub, &v1::LedgerService::Stub::ListPending, request, {.idempotent = true});
      if (!pending.ok() || pending->replicas_size() > 0) return false;
    }
    return true;
  });
}

double Subject::Stream(int64_t first, int64_t count, bool create) {
  std::vector<v1::CaptureStreamRequest> requests;
  for (int64_t id = first; id < first + count; id += kBatch) {
    requests.push_back(CaptureRows(static_cast<int64_t>(requests.size()) + 1, id,
                                   std::min<int64_t>(kBatch, first + count - id), round_, create));
  }
  requests.front().set_platform("agent");
  // Asked while it runs: by the sequence or by the key, never by a scan, which would cost more than what is
  // measured.
  const std::string arrived =
      create ? absl::StrCat("SELECT count(*) FROM rows_row_no_seq WHERE last_value >= 100000000 - 1 + ",
                            first + count)
             : absl::StrCat("SELECT count(*) FROM rows WHERE round_no = ", round_, " AND row_no = ",
                            Number(*agent_target_,
                                   absl::StrCat("SELECT row_no FROM rows WHERE code = ", first + count - 1)));
  grpc::ClientContext context;
  const absl::Time started = absl::Now();
  const auto stream = capture_->CaptureStream(&context);
  std::atomic<int64_t> acknowledged = 0;
  std::thread reader([&] {
    v1::CaptureStreamResponse response;
    while (stream->Read(&response)) {
      if (response.refused_size() > 0) OrDie(absl::InternalError(response.refused(0).ShortDebugString()));
      acknowledged = response.sequence();
      acknowledged.notify_one();
    }
  });
  for (const v1::CaptureStreamRequest& request : requests) {
    for (int64_t seen = acknowledged; request.sequence() - seen > kWindow; seen = acknowledged)
      acknowledged.wait(seen);
    if (!stream->Write(request)) break;
  }
  stream->WritesDone();
  reader.join();
  OrDie(grpc_support::FromGrpcStatus(stream->Finish()));
  SecondsUntil("the last row", started, absl::Milliseconds(20),
               [&] { return Number(*agent_target_, arrived) == 1; });
  WaitUntilSettled(started);
  const double seconds = absl::ToDoubleSeconds(absl::Now() - started);
  const int64_t there =
      Number(*agent_target_, absl::StrCat("SELECT count(*) FROM rows WHERE round_no = ", round_,
                                          " AND code >= ", first, " AND code < ", first + count));
  if (there != count)
    OrDie(absl::InternalError(absl::StrCat("only ", there, " of ", count, " rows are as they should be")));
  return static_cast<double>(count) / seconds;
}

double Subject::Creates(int64_t count) {
  ++round_;
  const double rate = Stream(created_, count, true);
  created_ += count;
  return rate;
}

double Subject::Updates(int64_t count) {
  ++round_;
  return Stream(created_ - count, count, false);
}

double Subject::FromPostgres(int64_t count) {
  ++round_;
  const absl::Time started = absl::Now();
  for (int64_t id = inserted_; id < inserted_ + count; id += kBatch)
    OrDie(source_->Execute(InsertSql(id, kBatch, round_)));
  inserted_ += count;
  SecondsUntil("the last row", started, absl::Milliseconds(20), [&] {
    return Number(*postgres_target_, "SELECT last_value - 100000000 + 1 FROM rows_row_no_seq") >= inserted_;
  });
  WaitUntilSettled(started);
  const double seconds = absl::ToDoubleSeconds(absl::Now() - started);
  const int64_t there = Number(*postgres_target_, "SELECT count(*) FROM rows");
  if (there != inserted_) OrDie(absl::InternalError(absl::StrCat(there, " rows, want ", inserted_)));
  return static_cast<double>(count) / seconds;
}

std::vector<double> Subject::SingleLatencies(int per_second, absl::Duration duration) {
  std::vector<double> latencies;
  const auto count = static_cast<int>(absl::ToDoubleSeconds(duration) * per_second);
  OrDie(agent_target_->Execute(kIndexCodes));
  absl::Time due = absl::Now();
  for (int i = 0; i < count; ++i) {
    const absl::Time sent = absl::Now();
    const int64_t id = i % created_;
    OrDie(grpc_support::Call(*capture_, &v1::ChangeCaptureService::Stub::Capture,
                             CaptureOne("agent", id, 1'000'000 + ++round_), {}));
    while (NumberOf(*agent_target_, kVisible, id, 1'000'000 + round_) == 0) {
      absl::SleepFor(kPoll);
      if (absl::Now() - sent > absl::Seconds(30))
        OrDie(absl::InternalError("a single change did not arrive in 30 s"));
    }
    latencies.push_back(absl::ToDoubleMilliseconds(absl::Now() - sent));
    due += absl::Seconds(1) / per_second;
    if (due > absl::Now()) absl::SleepFor(due - absl::Now());
  }
  return latencies;
}

std::vector<double> Subject::BatchLatencies(double rows_per_second, absl::Duration duration) {
  std::vector<double> latencies;
  OrDie(agent_target_->Execute(kIndexCodes));
  const absl::Duration pace = absl::Seconds(kBatch / rows_per_second);
  const auto batches = static_cast<int64_t>(absl::ToDoubleSeconds(duration) / absl::ToDoubleSeconds(pace));
  ++round_;
  std::vector<absl::Time> sent(static_cast<size_t>(batches));
  std::atomic<int64_t> sent_count = 0;
  grpc::ClientContext context;
  const auto stream = capture_->CaptureStream(&context);
  std::thread reader([&] {
    v1::CaptureStreamResponse response;
    while (stream->Read(&response)) {
    }
  });
  const int64_t first = created_;
  std::thread writer([&] {
    absl::Time due = absl::Now();
    for (int64_t i = 0; i < batches; ++i) {
      v1::CaptureStreamRequest request = CaptureRows(i + 1, first + i * kBatch, kBatch, round_, true);
      if (i == 0) request.set_platform("agent");
      if (due > absl::Now()) absl::SleepFor(due - absl::Now());
      sent[static_cast<size_t>(i)] = due;  // When it should have gone: a late sender hides nothing.
      sent_count = i + 1;
      if (!stream->Write(request)) break;
      due += pace;
    }
    stream->WritesDone();
  });
  // Rows appear in the order of their codes: the highest says which batches are there.
  const absl::Time started = absl::Now();
  for (int64_t seen = 0; seen < batches;) {
    const int64_t rows = Number(*agent_target_, "SELECT max(code) + 1 FROM rows");
    const absl::Time now = absl::Now();
    while (seen < batches && rows >= first + (seen + 1) * kBatch) {
      latencies.push_back(absl::ToDoubleMilliseconds(now - sent[static_cast<size_t>(seen++)]));
    }
    if (now - started > duration + absl::Minutes(2)) OrDie(absl::InternalError("batches did not arrive"));
    absl::SleepFor(absl::Milliseconds(1));
  }
  writer.join();
  reader.join();
  OrDie(grpc_support::FromGrpcStatus(stream->Finish()));
  created_ += batches * kBatch;
  WaitUntilSettled(absl::Now());
  return latencies;
}

}  // namespace cognate::bench

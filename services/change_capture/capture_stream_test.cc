#include <atomic>
#include <thread>

#include "absl/time/clock.h"
#include "services/change_capture/test_capture.h"
#include "tests/support/temp_dir.h"

namespace cognate::change_capture {
namespace {

using Stub = v1::ChangeCaptureService::Stub;
using ::testing::AnyOf;
using ::testing::Eq;

v1::CaptureStreamRequest Batch(int64_t sequence, std::vector<v1::Change> changes) {
  v1::CaptureStreamRequest request;
  request.set_sequence(sequence);
  if (sequence == 1) request.set_platform("shop");
  for (v1::Change& change : changes) *request.add_changes() = std::move(change);
  return request;
}

class CaptureStreamTest : public CaptureFixture {};

TEST_F(CaptureStreamTest, AcknowledgesSparselyAndInOrder) {
  constexpr int kBatches = 300;
  grpc::ClientContext context;
  auto stream = stub_->CaptureStream(&context);
  std::thread sender([&] {
    for (int i = 1; i <= kBatches; ++i) {
      ASSERT_TRUE(
          stream->Write(Batch(i, {Item(absl::StrCat("a", i), i, "x"), Item(absl::StrCat("b", i), i, "y")})));
    }
    stream->WritesDone();
  });
  v1::CaptureStreamResponse response;
  int64_t acknowledged = 0;
  int answers = 0;
  while (stream->Read(&response)) {
    EXPECT_GT(response.sequence(), acknowledged);
    acknowledged = response.sequence();
    ++answers;
    // The promise: what is acknowledged is committed.
    if (answers % 16 == 1) {
      EXPECT_GE(Number("SELECT count(*) FROM change_capture.changes"), 2 * acknowledged);
    }
  }
  sender.join();
  EXPECT_TRUE(stream->Finish().ok());
  EXPECT_EQ(acknowledged, kBatches);
  EXPECT_EQ(Number("SELECT max(version) FROM change_capture.changes"), 2 * kBatches);
  EXPECT_EQ(Number("SELECT count(*) FROM change_capture.changes WHERE version % 2 = 1 AND local_id::int8 * 2 "
                   "- 1 <> version"),
            0);
}

TEST_F(CaptureStreamTest, TellsOfRefusedChangesWithTheirBatch) {
  grpc::ClientContext context;
  auto stream = stub_->CaptureStream(&context);
  v1::Change wrong = Item("w", 2, "x");
  wrong.set_model("ghost");
  ASSERT_TRUE(stream->Write(Batch(1, {Item("a", 1, "x"), wrong})));
  v1::CaptureStreamResponse response;
  ASSERT_TRUE(stream->Read(&response));
  ASSERT_TRUE(stream->Write(Batch(2, {wrong})));
  ASSERT_EQ(response.refused_size(), 1);
  EXPECT_EQ(response.refused(0).sequence(), 1);
  EXPECT_EQ(response.refused(0).result().index(), 1);
  EXPECT_EQ(response.refused(0).result().error().reason(), "MODEL_NOT_FOUND");
  ASSERT_TRUE(stream->Read(&response));
  EXPECT_EQ(response.sequence(), 2);
  ASSERT_TRUE(stream->Write(Batch(3, {Item("a", 1, "other")})));
  ASSERT_TRUE(stream->Read(&response));
  EXPECT_EQ(response.refused(0).result().error().reason(), "CHANGE_ID_REUSED");
  stream->WritesDone();
  EXPECT_TRUE(stream->Finish().ok());
}

TEST_F(CaptureStreamTest, EndsWithTheErrorOfABatchThatIsWrongAsAWhole) {
  grpc::ClientContext context;
  auto stream = stub_->CaptureStream(&context);
  ASSERT_TRUE(stream->Write(Batch(1, {Item("a", 1, "x")})));
  ASSERT_TRUE(stream->Write(Batch(3, {Item("b", 2, "x")})));
  v1::CaptureStreamResponse response;
  ASSERT_TRUE(stream->Read(&response));
  EXPECT_EQ(response.sequence(), 1);
  EXPECT_FALSE(stream->Read(&response));
  EXPECT_THAT(grpc_support::FromGrpcStatus(stream->Finish()), HasReason("INVALID_FIELD"));
}

TEST_F(CaptureStreamTest, AnOpenStreamDoesNotHoldUpTheEnd) {
  grpc::ClientContext context;
  auto stream = stub_->CaptureStream(&context);
  ASSERT_TRUE(stream->Write(Batch(1, {Item("a", 1, "x")})));
  v1::CaptureStreamResponse response;
  ASSERT_TRUE(stream->Read(&response));
  const absl::Time start = absl::Now();
  capture_.reset();
  EXPECT_LT(absl::Now() - start, test_support::kPatience);
  EXPECT_FALSE(stream->Read(&response));
  stream->Finish();
}

// A client as the documentation wants it: numbers its batches, and after a break sends again what was not
// acknowledged.
class Client {
 public:
  using MakeChange = std::function<v1::Change(int64_t number)>;
  explicit Client(MakeChange make_change) : make_change_(std::move(make_change)) {}

  // Sends batches of ten until `end` batches are acknowledged or the stream breaks.
  void RunStream(Stub& stub, int64_t end) {
    grpc::ClientContext context;
    auto stream = stub.CaptureStream(&context);
    const int64_t base = acknowledged;
    std::thread reader([&] {
      v1::CaptureStreamResponse response;
      while (stream->Read(&response)) {
        EXPECT_EQ(response.refused_size(), 0) << response.DebugString();
        acknowledged = base + response.sequence();
      }
    });
    for (int64_t batch = base + 1; batch <= end; ++batch) {
      std::vector<v1::Change> changes;
      for (int64_t i = 0; i < 10; ++i) changes.push_back(make_change_((batch - 1) * 10 + i));
      if (!stream->Write(Batch(batch - base, std::move(changes)))) break;
    }
    stream->WritesDone();
    reader.join();
    stream->Finish();
    ++streams;
  }

  std::atomic<int64_t> acknowledged{0};
  int streams = 0;

 private:
  const MakeChange make_change_;
};

class CaptureStreamFaultTest : public ProgramFixture {
 protected:
  // Versions without gaps, in the order in which the client sent them, and everything acknowledged is there.
  void ExpectLogAsSent(const Client& client) {
    // What a killed process has begun its backends still end.
    EXPECT_TRUE(Eventually([&] {
      return Number(
                 "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND pid <> pg_backend_pid() "
                 "AND "
                 "application_name = 'cognate-change-capture'") == 0;
    }));
    EXPECT_GE(Number("SELECT count(*) FROM change_capture.changes"), client.acknowledged * 10);
    EXPECT_EQ(Number("SELECT count(*) - max(version) FROM change_capture.changes"), 0);
    EXPECT_EQ(Number("SELECT count(*) FROM change_capture.changes WHERE change_id::int8 + 1 <> version"), 0);
  }
};

v1::Change Numbered(int64_t number) {
  v1::Change change;
  change.set_change_id(absl::StrCat(number));
  change.set_model("item");
  change.set_local_id(absl::StrCat(number % 97));
  change.set_operation(v1::OPERATION_UPDATE);
  *change.mutable_fields() =
      value::Fields({{"id", value::Int(number % 97)}, {"name", value::Text(absl::StrCat(number))}}).fields();
  return change;
}

TEST_F(CaptureStreamFaultTest, WhatIsAcknowledgedSurvivesKilling) {
  capture_.reset();
  constexpr int kKills = 4;
  constexpr int64_t kBatches = 2000;
  test_support::TempDir folder("cgc");
  const std::string socket = folder.File("capture.sock");
  Client client(Numbered);
  for (int life = 0; life <= kKills; ++life) {
    process::Process program = StartProgram(socket);
    auto stub = v1::ChangeCaptureService::NewStub(grpc_support::MakeChannel("unix:" + socket));
    ASSERT_TRUE(
        Eventually([&] { return grpc_support::Call(*stub, &Stub::ListRuns, v1::ListRunsRequest()).ok(); }));
    std::atomic<bool> sent{false};
    std::thread sender([&] {
      client.RunStream(*stub, life < kKills ? 1'000'000 : kBatches + client.acknowledged);
      sent = true;
    });
    if (life < kKills) {
      const int64_t goal = client.acknowledged + 40 * (life + 1);
      ASSERT_TRUE(Eventually([&] { return client.acknowledged >= goal; }));
      program.Kill();
    }
    sender.join();
    ExpectLogAsSent(client);
    program.Kill();
  }
  EXPECT_GE(client.acknowledged, kBatches);
  std::printf("figure capture.kill kills=%d acknowledged=%ld lost=%ld\n", kKills,
              static_cast<long>(client.acknowledged * 10),
              static_cast<long>(std::max<int64_t>(
                  0, client.acknowledged * 10 - Number("SELECT count(*) FROM change_capture.changes"))));
}

TEST_F(CaptureStreamFaultTest, AStreamRidesOverARestartOfPostgresInOrder) {
  Client client(Numbered);
  constexpr int64_t kBatches = 1500;
  std::thread sender([&] { client.RunStream(*stub_, kBatches); });
  for (int restart = 1; restart <= 2; ++restart) {
    EXPECT_TRUE(Eventually([&] { return client.acknowledged >= restart * 200; }));
    postgres().Restart(PostgresServer::Mode::kImmediate);
  }
  sender.join();
  EXPECT_EQ(client.acknowledged, kBatches);
  EXPECT_EQ(client.streams, 1);
  EXPECT_EQ(Number("SELECT count(*) FROM change_capture.changes"), kBatches * 10);
  ExpectLogAsSent(client);
}

}  // namespace
}  // namespace cognate::change_capture

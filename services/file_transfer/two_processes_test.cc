// Two processes of the service on one store and one database, killed at random while all of their loops run:
// what was answered for is there, and what is collected is what nothing leads to.
#include <cstdio>
#include <random>

#include "absl/strings/escaping.h"
#include "common/worker/worker.h"
#include "services/file_transfer/testing/files_fixture.h"
#include "services/file_transfer/testing/files_process.h"

namespace cognate::file_transfer {
namespace {

using test_support::Eventually;
using Stub = v1::FileTransferService::Stub;

// Of the database that both share.
void Execute(const std::string& uri, const std::string& sql) {
  postgres::ConnectionOptions options;
  options.uri = uri;
  options.search_path = "file_transfer";
  auto connection = test_support::ValueOrDie(postgres::Connection::Open(options));
  EXPECT_OK(connection->Execute(sql));
}

TEST(TwoProcesses, KeepWhatTheyAnsweredForThroughKillsOfAllLoops) {
  const int64_t times = FromEnvironment("COGNATE_FILES_TWO_KILLS", 12);
  FilesProcess first;
  FilesProcess second(first.uri(), first.store());
  std::vector<std::unique_ptr<Stub>> stubs;
  for (const FilesProcess* process : {&first, &second})
    stubs.push_back(v1::FileTransferService::NewStub(grpc_support::MakeChannel(process->address())));
  std::mt19937_64 random(11);
  std::vector<std::string> kept;
  uint64_t number = 0;
  // Batches of small and larger ones; every other content is of no use to anybody, and old.
  Worker writer("writer", [&](StopToken& stop) {
    std::mt19937_64 die(12);
    while (!stop.stopping()) {
      v1::BatchWriteRequest request;
      request.set_platform("shop");
      for (int i = 0; i < 20; ++i) {
        v1::SmallFile& file = *request.add_files();
        file.set_data(RandomContent(static_cast<int64_t>(die() % 90'000), ++number));
        file.set_sha256(files::Sha256(file.data()));
      }
      const auto answer =
          grpc_support::Call(*stubs[number % 2], &Stub::BatchWrite, request, {.timeout = absl::Seconds(20)});
      if (!answer.ok()) continue;
      std::string bindings, old;
      for (int i = 0; i < request.files_size(); ++i) {
        const std::string hash = absl::BytesToHexString(request.files(i).sha256());
        if (i % 2 == 0) {
          kept.push_back(request.files(i).sha256());
          absl::StrAppend(&bindings, bindings.empty() ? "" : ", ",
                          "('shop', gen_random_uuid(), 'm', 'f', 0, '\\x", hash, "', 'a', now())");
        } else {
          absl::StrAppend(&old, old.empty() ? "" : ", ", "'\\x", hash, "'");
        }
      }
      Execute(first.uri(), "INSERT INTO bindings VALUES " + bindings);
      Execute(first.uri(),
              "UPDATE files SET asked_at = asked_at - interval '3 days' WHERE sha256 IN (" + old + ")");
    }
  });
  Worker collector("collector", [&](StopToken& stop) {
    for (size_t turn = 0; !stop.WaitFor(absl::Milliseconds(50)); ++turn)
      grpc_support::Call(*stubs[turn % 2], &Stub::Collect, v1::CollectRequest(),
                         {.timeout = absl::Seconds(20)})
          .IgnoreError();
  });
  StopToken clock;
  for (int64_t i = 0; i < times; ++i) {
    clock.WaitFor(absl::Milliseconds(100 + static_cast<int>(random() % 1'500)));
    FilesProcess& process = random() % 2 == 0 ? first : second;
    process.Kill();
    process.Start();
  }
  writer.Stop();
  collector.Stop();
  EXPECT_FALSE(kept.empty());
  int64_t lost = 0, damaged = 0;
  for (const std::string& sha256 : kept) {
    v1::BatchReadRequest request;
    request.add_sha256s(sha256);
    EXPECT_TRUE(Eventually([&] {
      const auto answer =
          grpc_support::Call(*stubs[0], &Stub::BatchRead, request, {.timeout = absl::Seconds(20)});
      if (!answer.ok()) return false;
      if (answer->files_size() != 1) {
        ++lost;
      } else if (files::Sha256(answer->files(0).data()) != sha256) {
        ++damaged;
      }
      return true;
    }));
  }
  EXPECT_EQ(lost, 0);
  EXPECT_EQ(damaged, 0);
  std::printf("figure files.two_processes kills=%ld kept=%zu lost=%ld damaged=%ld\n", times, kept.size(),
              lost, damaged);
}

}  // namespace
}  // namespace cognate::file_transfer

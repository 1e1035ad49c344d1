// The service dies, and connections break, at random while uploads go on. Whatever was answered for is there
// and whole; whatever was cut off goes on.
#include <atomic>
#include <cstdio>
#include <fstream>
#include <random>

#include <fcntl.h>
#include <unistd.h>

#include "common/files/digest.h"
#include "common/files/upload_client.h"
#include "common/sync/mutex.h"
#include "common/worker/worker.h"
#include "gmock/gmock.h"
#include "services/file_transfer/testing/files_fixture.h"
#include "services/file_transfer/testing/files_process.h"
#include "tests/support/fault_proxy.h"

namespace cognate::file_transfer {
namespace {

struct Stored {
  std::string sha256;
  int64_t size = 0;
};

// Sends files of random sizes, one after the other, some of them much alike.
class Sender {
 public:
  Sender(const std::string& address, const std::string& folder, uint64_t seed)
      : folder_(folder),
        random_(seed),
        noise_(RandomContent(48 << 20, seed)),
        stub_(v1::FileTransferService::NewStub(grpc_support::MakeChannel(address))),
        client_(*stub_, {.platform = "shop", .calls = 2, .probe_bytes = 32 << 20}) {
    std::filesystem::create_directories(folder_);
  }

  void Run(StopToken& stop) {
    for (int round = 0; !stop.stopping(); ++round) {
      std::vector<std::string> paths;
      const int count = round % 3 == 0 ? 40 : 1;
      for (int i = 0; i < count; ++i) paths.push_back(Make(i, count > 1));
      const absl::Status status = client_.PutAll(paths, [&](const files::UploadedFile& file) {
        MutexLock lock(&mutex_);
        if (file.status.ok()) {
          stored_.push_back({file.sha256, file.size_bytes});
        } else {
          failures_.push_back(file.status);
        }
        return true;
      });
      MutexLock lock(&mutex_);
      if (!status.ok()) failures_.push_back(status);
      for (const std::string& path : paths) std::filesystem::remove(path);
    }
  }

  std::vector<Stored> stored() {
    MutexLock lock(&mutex_);
    return stored_;
  }
  std::vector<absl::Status> failures() {
    MutexLock lock(&mutex_);
    return failures_;
  }
  v1::FileTransferService::Stub& stub() { return *stub_; }

 private:
  std::string Make(int number, bool small) {
    const uint64_t die = random_() % 10;
    const auto size = static_cast<size_t>(small     ? random_() % 100'000
                                          : die < 3 ? random_() % 4'000'000
                                          : die < 8 ? random_() % 20'000'000
                                                    : random_() % (44 << 20));
    std::string path = absl::StrCat(folder_, "/", number);
    // From the noise's beginning, most of the time: then large ones have chunks in common.
    const size_t from = small ? random_() % 40'000'000 : (die % 2) * 1'000'000;
    std::ofstream file(path, std::ios::binary);
    file << absl::StrCat("unique ", folder_, " ", ++made_);
    file.write(noise_.data() + from, static_cast<std::streamsize>(std::min(size, noise_.size() - from)));
    return path;
  }

  const std::string folder_;
  std::mt19937_64 random_;
  const std::string noise_;
  int made_ = 0;
  std::unique_ptr<v1::FileTransferService::Stub> stub_;
  files::UploadClient client_;
  Mutex mutex_;
  std::vector<Stored> stored_ ABSL_GUARDED_BY(mutex_);
  std::vector<absl::Status> failures_ ABSL_GUARDED_BY(mutex_);
};

// What is read back, by hash; NOT_FOUND, DATA_LOSS and so on as they are.
absl::StatusOr<Stored> ReadBack(v1::FileTransferService::Stub& stub, const std::string& sha256) {
  v1::ReadRequest request;
  request.set_sha256(sha256);
  grpc::ClientContext context;
  const auto reader = stub.Read(&context, request);
  files::Digest digest;
  Stored read;
  v1::ReadResponse response;
  while (reader->Read(&response)) {
    digest.Add(response.data());
    read.size += static_cast<int64_t>(response.data().size());
  }
  const absl::Status status = grpc_support::FromGrpcStatus(reader->Finish());
  if (!status.ok()) return status;
  read.sha256 = digest.Finish();
  return read;
}

constexpr absl::Duration kWeek = absl::Hours(24 * 7);

class InAWeek final : public Clock {
 public:
  absl::Time Now() const override { return absl::Now() + kWeek; }
};

// How many files of uploads there are after a collection a week later.
int LeftInAWeek(const FilesProcess& process) {
  const InAWeek clock;
  Config config;
  config.postgres.uri = process.uri();
  config.file_store = process.store();
  test_support::TempDir directory;
  RunningFiles later(config, directory.File("files.sock"), clock);
  EXPECT_OK(grpc_support::Call(later.stub(), &v1::FileTransferService::Stub::Collect, v1::CollectRequest(),
                               {.timeout = kWeek + test_support::kPatience}));
  const auto left = std::filesystem::directory_iterator(process.store() + "/uploads");
  return static_cast<int>(std::distance(begin(left), end(left)));
}

TEST(Interrupted, UploadsSurviveKillsAndCutConnections) {
  const int64_t times = FromEnvironment("COGNATE_FILES_INTERRUPTED", 24);
  FilesProcess service;
  test_support::FaultProxy network;
  const int port = network.AddLink(service.address());
  test_support::TempDir folder;
  std::vector<std::unique_ptr<Sender>> senders;
  std::vector<std::unique_ptr<Worker>> workers;
  for (uint64_t i = 0; i < 3; ++i) {
    // One of them notices kills alone, the others share a network that is cut, too.
    const std::string address = i == 0 ? service.address() : absl::StrCat("127.0.0.1:", port);
    senders.push_back(std::make_unique<Sender>(address, folder.File(absl::StrCat(i)), 77 + i));
    workers.push_back(std::make_unique<Worker>(
        "sender", [&, sender = senders.back().get()](StopToken& stop) { sender->Run(stop); }));
  }
  std::mt19937_64 random(4711);
  StopToken clock;
  int64_t kills = 0;
  for (int64_t i = 0; i < times; ++i) {
    clock.WaitFor(absl::Milliseconds(20 + static_cast<int>(random() % 700)));
    if (random() % 2 == 0) {
      service.Kill();
      ++kills;
      service.Start();
    } else {
      network.Cut(port);
    }
    if (i % 50 == 49) std::printf("progress %ld of %ld interruptions\n", i + 1, times);
  }
  for (const auto& worker : workers) worker->RequestStop();
  workers.clear();
  int64_t wrong = 0, missing = 0, stored = 0;
  for (const auto& sender : senders) {
    EXPECT_THAT(sender->failures(), ::testing::IsEmpty());
    for (const Stored& file : sender->stored()) {
      ++stored;
      const absl::StatusOr<Stored> read = ReadBack(senders[0]->stub(), file.sha256);
      if (absl::IsNotFound(read.status())) {
        ++missing;
      } else if (!read.ok() || read->sha256 != file.sha256 || read->size != file.size) {
        ++wrong;
        ADD_FAILURE() << read.status();
      }
    }
  }
  EXPECT_GT(stored, 0);
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(missing, 0);
  // What was on its way when the service died is of no use to anybody, and goes.
  service.Kill();
  const int left = LeftInAWeek(service);
  EXPECT_EQ(left, 0);
  std::printf("figure files.interrupted times=%ld wrong=%ld missing=%ld kills=%ld files=%ld left=%d\n", times,
              wrong, missing, kills, stored, left);
}

}  // namespace
}  // namespace cognate::file_transfer

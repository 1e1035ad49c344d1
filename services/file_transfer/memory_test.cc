// What the service takes, in all.
#include <atomic>
#include <cstdio>
#include <thread>

#include "common/status/error.h"
#include "services/file_transfer/testing/files_fixture.h"
#include "services/file_transfer/testing/files_process.h"

namespace cognate::file_transfer {
namespace {

using test_support::Eventually;

class MemoryTest : public ::testing::Test {
 protected:
  MemoryTest() : stub_(v1::FileTransferService::NewStub(grpc_support::MakeChannel(service_.address()))) {
    // What a first call needs for good: connections, statements, libmagic's database.
    EXPECT_TRUE(Eventually([&] {
      grpc::ClientContext context;
      v1::ListFilesResponse response;
      return stub_->ListFiles(&context, v1::ListFilesRequest(), &response).ok();
    }));
  }

  absl::Status Put(int64_t size_mib, uint64_t number) {
    files::Digest digest;
    const auto channel = grpc_support::MakeChannel(service_.address());
    const auto stub = v1::FileTransferService::NewStub(channel);
    WriteStream stream(*stub);
    v1::WriteRequest message;
    message.set_upload(absl::StrCat("upload-of-memory-test-", number));
    message.set_platform("shop");
    for (int64_t i = 0; i < size_mib; ++i) {
      message.set_data(absl::StrCat(number, " ", i));
      message.mutable_data()->append(noise_, static_cast<size_t>(i % 7) << 20, 1 << 20);
      message.mutable_data()->resize(1 << 20);
      digest.Add(message.data());
      if (!stream.Send(message)) break;
      message.Clear();
    }
    message.set_finish_write(true);
    message.set_size_bytes(size_mib << 20);
    message.set_sha256(digest.Finish());
    stream.Send(message);
    return stream.End().status();
  }
  double MiB(const std::string& line) const { return static_cast<double>(service_.Memory(line)) / 1024; }

  FilesProcess service_;
  std::unique_ptr<v1::FileTransferService::Stub> stub_;
  const std::string noise_ = RandomContent(8 << 20, 3);
};

TEST_F(MemoryTest, DoesNotGrowWithTheContent) {
  const int64_t mib = FromEnvironment("COGNATE_FILES_MEMORY_MIB", 512);
  ASSERT_OK(Put(6, 1)) << service_.Log();
  const double before = MiB("VmRSS");
  ASSERT_OK(Put(mib, 2)) << service_.Log();
  const double growth = MiB("VmHWM") - before;
  EXPECT_LT(growth, 64);
  std::printf("figure files.memory mib=%.1f upload_mib=%ld before_mib=%.1f hwm_mib=%.1f\n", growth, mib,
              before, MiB("VmHWM"));
}

// Whoever finds no room comes again, as clients do.
TEST_F(MemoryTest, IsBoundedHoweverManyUploadsThereAre) {
  const int64_t count = FromEnvironment("COGNATE_FILES_UPLOADS", 100);
  std::vector<std::thread> threads;
  std::atomic<int64_t> stored = 0;
  for (int64_t i = 0; i < count; ++i) {
    threads.emplace_back([&, i] {
      uint64_t attempt = 0;
      EXPECT_TRUE(Eventually([&] {
        const absl::Status status = Put(6, 1'000 + static_cast<uint64_t>(i) * 1'000 + attempt++);
        EXPECT_TRUE(status.ok() || ErrorReason(status) == "TOO_MANY_UPLOADS" ||
                    absl::IsResourceExhausted(status))
            << status;
        return status.ok();
      }));
      ++stored;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(stored, count);
  std::printf("figure files.memory_of_many hwm_mib=%.1f uploads=%ld\n", MiB("VmHWM"), count);
  EXPECT_LT(MiB("VmHWM"), 256);
}

}  // namespace
}  // namespace cognate::file_transfer

// How fast do files come into the store, beside a local copy, and beside rsync?
//
//   files_bench [--mib=1024] [--small=100000] [--tus=2000] [--rounds=7] [--quick]
//   [--out=bench/results/files.json]
//
// One content of `mib` against a copy on the same disk that is hashed and synced as well; and `small` files
// of 1 to 50 KiB against rsync to a daemon on this machine, which syncs nothing, and the first `tus` of them
// against a tus upload for each. Every content is new in each round. Runs are interleaved; figures are
// medians; each start waits for an idle machine.

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>

#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "bench/machine.h"
#include "bench/noise.h"
#include "bench/rsync.h"
#include "bench/tus.h"
#include "common/files/digest.h"
#include "common/files/upload_client.h"
#include "services/file_transfer/testing/files_process.h"

namespace cognate::bench {
namespace {

struct Options {
  int64_t mib = 1024;
  int64_t small = 100'000;
  int64_t tus = 2'000;
  int rounds = 7;
  int calls = 6;
  int64_t message_kib = files::UploadOptions().message_bytes >> 10;
  std::string out = "bench/results/files.json";
};

[[noreturn]] void End(const std::string& what) {
  std::cerr << what << std::endl;
  std::exit(1);
}

double Timed(const std::function<void()>& act) {
  const absl::Time started = absl::Now();
  act();
  return absl::ToDoubleSeconds(absl::Now() - started);
}

// Reads, hashes, writes and syncs, a quarter of a MiB at a time.
void CopyHashed(const std::string& from, const std::string& to) {
  const int source = open(from.c_str(), O_RDONLY | O_CLOEXEC);
  const int target = open(to.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
  std::string buffer(256 << 10, '\0');
  files::Digest digest;
  for (;;) {
    const ssize_t got = read(source, buffer.data(), buffer.size());
    if (got <= 0) break;
    digest.Add(absl::string_view(buffer.data(), static_cast<size_t>(got)));
    if (write(target, buffer.data(), static_cast<size_t>(got)) != got) End("cannot write the copy");
  }
  digest.Finish();
  if (fdatasync(target) != 0) End("cannot sync the copy");
  close(source);
  close(target);
}

class FilesBench {
 public:
  explicit FilesBench(const Options& options)
      : options_(options), postgres_(DurableServer()), service_(postgres_->CreateDatabase("files")) {
    stub_ = v1::FileTransferService::NewStub(grpc_support::MakeChannel(service_.address()));
    SecondsUntil("the service answers", absl::Now(), absl::Milliseconds(20), [&] {
      grpc::ClientContext context;
      v1::ListFilesResponse response;
      return stub_->ListFiles(&context, v1::ListFilesRequest(), &response).ok();
    });
  }

  void Run() {
    for (int round = 0; round < options_.rounds && options_.mib > 0; ++round) {
      Say(absl::StrCat("one content, round ", round + 1, " of ", options_.rounds));
      OneContent(round);
    }
    // They take long to make.
    const int rounds = std::min(options_.rounds, 3);
    for (int round = 0; round < rounds && options_.small > 0; ++round) {
      Say(absl::StrCat("small files, round ", round + 1, " of ", rounds));
      SmallFiles(round);
    }
    Report();
  }

 private:
  void OneContent(int round) {
    // The copy stays, as what the service stores does: a file in pages that were just freed is written
    // faster.
    const std::string source = directory_.File("source"), copy = directory_.File(absl::StrCat("copy", round));
    WriteNoise(source, options_.mib << 20, static_cast<uint64_t>(round) + 1);
    const double megabytes = static_cast<double>(options_.mib << 20) / 1e6;
    const auto measure_copy = [&] {
      WaitUntilIdle();
      Add("copy_mb_per_second", megabytes / Timed([&] { CopyHashed(source, copy); }));
    };
    if (round % 2 == 0) measure_copy();
    WaitUntilIdle();
    files::UploadClient client(*stub_, {.platform = "bench", .message_bytes = options_.message_kib << 10});
    Add("upload_mb_per_second", megabytes / Timed([&] {
                                  const auto sent = client.Put(source);
                                  if (!sent.ok()) End(std::string(sent.status().message()));
                                  if (sent->sent_bytes != options_.mib << 20) End("not all of it travelled");
                                }));
    if (round % 2 == 1) measure_copy();
    std::filesystem::remove(source);
  }

  void SmallFiles(int round) {
    const std::string tree = directory_.File("tree");
    WriteSmallFiles(tree, options_.small, static_cast<uint64_t>(round) + 100);
    const auto count = static_cast<double>(options_.small);
    if (const std::optional<double> seconds = RsyncSeconds(tree, directory_.File("rsync")))
      Add("rsync_files_per_second", count / *seconds);
    if (options_.tus > 0) Add("tus_files_per_second", TusFilesPerSecond(tree, options_.tus));
    WaitUntilIdle();
    files::UploadClient client(*stub_, {.platform = "bench", .calls = options_.calls});
    const auto put = [&] {
      const auto paths = files::FilesBelow(tree);
      if (!paths.ok()) End(std::string(paths.status().message()));
      const absl::Status status = client.PutAll(*paths, [](const files::UploadedFile& file) {
        if (!file.status.ok()) End(std::string(file.status.message()));
        return true;
      });
      if (!status.ok()) End(std::string(status.message()));
    };
    Add("small_files_per_second", count / Timed(put));
    WaitUntilIdle();
    Add("unchanged_files_per_second", count / Timed(put));
    std::filesystem::remove_all(tree);
  }

  void Add(const std::string& key, double value) {
    values_[key].push_back(value);
    Say(absl::StrCat("  ", key, " ", static_cast<int64_t>(value)));
  }
  double Of(const std::string& key) const {
    const auto found = values_.find(key);
    return found == values_.end() ? 0 : Median(found->second);
  }

  void Report() const {
    nlohmann::json json = {{"mib", options_.mib}, {"small", options_.small}, {"rounds", options_.rounds}};
    for (const auto& [key, values] : values_) json[key] = Median(values);
    if (Of("copy_mb_per_second") > 0) {
      const double ratio = Of("upload_mb_per_second") / Of("copy_mb_per_second");
      json["upload_ratio_to_copy"] = ratio;
      std::printf("figure files.upload ratio_to_copy=%.2f mb_per_second=%.0f copy_mb_per_second=%.0f\n",
                  ratio, Of("upload_mb_per_second"), Of("copy_mb_per_second"));
    }
    for (const char* peer : {"rsync", "tus"}) {
      const double its = Of(absl::StrCat(peer, "_files_per_second"));
      if (its == 0) continue;
      const double ratio = Of("small_files_per_second") / its;
      json[absl::StrCat("small_ratio_to_", peer)] = ratio;
      std::printf("figure files.small ratio_to_%s=%.2f files_per_second=%.0f %s_files_per_second=%.0f\n",
                  peer, ratio, Of("small_files_per_second"), peer, its);
    }
    if (Of("unchanged_files_per_second") > 0)
      std::printf("figure files.resent unchanged_files_per_second=%.0f\n", Of("unchanged_files_per_second"));
    std::ofstream(options_.out) << json.dump(2) << "\n";
  }

  const Options options_;
  test_support::TempDir directory_;
  std::unique_ptr<test_support::PostgresServer> postgres_;
  file_transfer::FilesProcess service_;
  std::unique_ptr<v1::FileTransferService::Stub> stub_;
  std::map<std::string, std::vector<double>> values_;
};

}  // namespace
}  // namespace cognate::bench

int main(int argc, char** argv) {
  cognate::bench::Options options;
  for (int i = 1; i < argc; ++i) {
    absl::string_view word = argv[i];
    if (word == "--quick") {
      options.mib = std::min<int64_t>(options.mib, 512);
      options.small = std::min<int64_t>(options.small, 10'000);
      options.rounds = 1;
      options.out = "build/files-quick.json";
    } else if (absl::ConsumePrefix(&word, "--mib=") && absl::SimpleAtoi(word, &options.mib)) {
    } else if (absl::ConsumePrefix(&word, "--small=") && absl::SimpleAtoi(word, &options.small)) {
    } else if (absl::ConsumePrefix(&word, "--message-kib=") && absl::SimpleAtoi(word, &options.message_kib)) {
    } else if (absl::ConsumePrefix(&word, "--tus=") && absl::SimpleAtoi(word, &options.tus)) {
    } else if (absl::ConsumePrefix(&word, "--calls=") && absl::SimpleAtoi(word, &options.calls)) {
    } else if (absl::ConsumePrefix(&word, "--rounds=") && absl::SimpleAtoi(word, &options.rounds)) {
    } else if (absl::ConsumePrefix(&word, "--out=")) {
      options.out = std::string(word);
    } else {
      std::cerr << "got " << argv[i]
                << ", want --mib=N, --small=N, --tus=N, --calls=N, --rounds=N, --quick or --out=FILE\n";
      return 2;
    }
  }
  cognate::bench::FilesBench(options).Run();
  return 0;
}

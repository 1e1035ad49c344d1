// Clients of tus that others wrote: tus-js-client (npm) and tuspy (Debian's python3-tuspy).
#include <random>

#include "tests/end_to_end/tus_fixture.h"
#include "tests/support/environment.h"
#include "tests/support/fuzz.h"

namespace cognate {
namespace {

using nlohmann::json;
using test_support::Eventually;

constexpr char kLibrary[] = ".tools/node_modules/tus-js-client";
constexpr int64_t kMiB = 1 << 20;

// One program that speaks for a library.
struct Speaker {
  std::string name;
  std::vector<std::string> words;
};

std::vector<Speaker> Speakers() {
  std::vector<Speaker> speakers = {{"tuspy", {"/usr/bin/python3", "tests/end_to_end/tus/client.py"}}};
  if (std::filesystem::exists(kLibrary)) {
    speakers.push_back({"tus-js-client", {"node", "tests/end_to_end/tus/client.js"}});
  } else {
    std::printf("%s is not there: `scripts/test` installs it, where there is npm\n", kLibrary);
  }
  return speakers;
}

class TusClientsTest : public TusFixture {
 protected:
  json Told(const std::string& file) const {
    return {{"endpoint", Url("/files/tus")},
            {"headers", {{"Authorization", absl::StrCat("Bearer ", key_)}}},
            {"file", file}};
  }

  process::Process Start(const Speaker& speaker, const json& told) {
    log_ = directory_.File(absl::StrCat("client-", ++runs_));
    std::vector<std::string> words = speaker.words;
    words.push_back(told.dump());
    return test_support::ValueOrDie(process::Process::Spawn({.argv = words, .log_file = log_}));
  }

  // What the client said last.
  json Said() const {
    json last;
    std::ifstream lines(log_);
    for (std::string line; std::getline(lines, line);) {
      json said = json::parse(line, nullptr, false);
      if (said.is_object()) last = std::move(said);
    }
    return last;
  }

  json Run(const Speaker& speaker, const json& told) {
    process::Process client = Start(speaker, told);
    EXPECT_EQ(client.Wait(test_support::kPatience), 0) << speaker.name << ": " << contract::ReadFile(log_);
    return Said();
  }

  std::string PathOf(const json& said) const {
    const std::string url = said.value("url", "");
    const size_t at = url.find("/files/");
    return at == std::string::npos ? "" : url.substr(at);
  }

  // -1 while it is not said.
  int64_t Offset(const std::string& path) const {
    const std::string offset = OffsetOf(path);
    return offset.empty() ? -1 : std::stoll(offset);
  }

  void ExpectStored(const std::string& path, const std::string& bytes, const std::string& who) const {
    EXPECT_EQ(Tus("HEAD", path).Header("cognate-sha256"), HashOf(bytes)) << who;
    EXPECT_TRUE(Stored(HashOf(bytes)) == bytes) << who;
  }

  std::string log_;
  int runs_ = 0;
};

TEST_F(TusClientsTest, UploadFilesOfSeveralSizes) {
  uint64_t seed = 100;
  for (const Speaker& speaker : Speakers()) {
    for (const size_t size : {size_t{1}, size_t{5000}, size_t{3'000'001}}) {
      const std::string bytes = RandomBytes(size, ++seed);
      json told = Told(WriteFile("file", bytes));
      ExpectStored(PathOf(Run(speaker, told)), bytes, speaker.name);
      const std::string pieces = RandomBytes(size, ++seed);
      told = Told(WriteFile("file", pieces));
      told["chunk"] = 700'000;
      ExpectStored(PathOf(Run(speaker, told)), pieces, speaker.name);
    }
  }
}

TEST_F(TusClientsTest, NamesInEveryScriptAndPathsAreWordsAlone) {
  for (const Speaker& speaker : Speakers()) {
    for (const std::string name :
         {"../../../etc/passwd", "日本語.png", "ملف نصي.bin", "Ünïcödé 🙂.txt", ""}) {
      const std::string bytes = absl::StrCat(speaker.name, name);
      json told = Told(WriteFile("file", bytes));
      told["metadata"] = {{"filename", name}};
      const std::string path = PathOf(Run(speaker, told));
      ExpectStored(path, bytes, name);
      // An empty value may be left out.
      EXPECT_THAT(
          Tus("HEAD", path).Header("upload-metadata"),
          ::testing::StartsWith(absl::StrCat("filename", name.empty() ? "" : " ", absl::Base64Escape(name))));
    }
  }
}

TEST_F(TusClientsTest, PauseAndGoOn) {
  uint64_t seed = 200;
  for (const Speaker& speaker : Speakers()) {
    const std::string bytes = RandomBytes(8 * kMiB, ++seed);
    json told = Told(WriteFile("file", bytes));
    told["chunk"] = 512 << 10;
    told["stop"] = 2 * kMiB;
    const json paused = Run(speaker, told);
    const std::string path = PathOf(paused);
    ASSERT_TRUE(Eventually([&] { return OffsetOf(path) != "0" && !OffsetOf(path).empty(); })) << paused;
    EXPECT_LT(std::stoll(OffsetOf(path)), 8 * kMiB) << speaker.name;
    told.erase("stop");
    told["url"] = Url(path);
    Run(speaker, told);
    ExpectStored(path, bytes, speaker.name);
  }
}

TEST_F(TusClientsTest, ChecksumsOfPieces) {
  const std::string bytes = RandomBytes(5 * kMiB, 300);
  for (const int64_t chunk : {700'000, 3'000'000}) {
    json told = Told(WriteFile("file", bytes));
    told["chunk"] = chunk;
    told["checksum"] = true;
    ExpectStored(PathOf(Run(Speakers().front(), told)), bytes, "tuspy");
  }
}

TEST_F(TusClientsTest, UploadPartsAtOnce) {
  if (Speakers().size() < 2) GTEST_SKIP() << kLibrary << " is not there";
  const std::string bytes = RandomBytes(6'000'000, 400);
  json told = Told(WriteFile("file", bytes));
  told["parallel"] = 4;
  const json said = Run(Speakers().back(), told);
  EXPECT_EQ(said.value("sha256", ""), HashOf(bytes)) << said;
  ExpectStored(PathOf(said), bytes, "tus-js-client");
}

// Whatever dies in between, the file arrives as it was.
TEST_F(TusClientsTest, GoOnThroughKills) {
  std::mt19937 random(test_support::TestSeed());
  uint64_t seed = 500;
  int kills = 0;
  for (const Speaker& speaker : Speakers()) {
    const std::string bytes = RandomBytes(48 * kMiB, ++seed);
    json told = Told(WriteFile("file", bytes));
    told["chunk"] = 256 << 10;
    told["retries"] = 100;
    told["delays"] = std::vector<int>(100, 300);
    // The upload is there before anything is killed: of a creation whose answer is lost nobody knows.
    const std::string path = Create(static_cast<int64_t>(bytes.size()));
    told["url"] = Url(path);
    process::Process client = Start(speaker, told);
    int64_t reached = 0;
    for (int round = 0; round < 5 && client.Running(); ++round) {
      EXPECT_TRUE(Eventually([&] { return !client.Running() || Offset(path) > reached; }));
      if (!client.Running()) break;
      reached = Offset(path) + static_cast<int64_t>(random() % (8 * kMiB));
      ++kills;
      if (random() % 2 == 0) {
        KillGateway();
        StartGateway();
      } else {
        cluster_.Kill("file-transfer");
        cluster_.Start("file-transfer");
      }
    }
    EXPECT_EQ(client.Wait(test_support::kPatience), 0) << speaker.name << contract::ReadFile(log_);
    EXPECT_TRUE(Eventually([&] { return !Tus("HEAD", path).Header("cognate-sha256").empty(); }));
    ExpectStored(path, bytes, speaker.name);
  }
  std::printf("figure files.tus_kills kills=%d wrong=%d\n", kills, HasFailure() ? 1 : 0);
}

TEST_F(TusClientsTest, TheGatewaysMemoryDoesNotGrowWithTheFile) {
  const auto peak = [&] {
    std::ifstream status(absl::StrCat("/proc/", gateway_->process().pid(), "/status"));
    for (std::string word; status >> word;) {
      int64_t kib = 0;
      if (word == "VmHWM:" && status >> kib) return kib * 1024;
    }
    return int64_t{0};
  };
  const auto carry = [&](const std::string& bytes) {
    for (const bool http2 : {false, true}) {
      const std::string path = Create(static_cast<int64_t>(bytes.size()));
      EXPECT_EQ(Patch(path, 0, bytes, {}, http2).status, 204);
      const Answer answer = Ask("GET", absl::StrCat("/files/sha256/", HashOf(bytes)), Operator(), "", http2);
      EXPECT_TRUE(answer.body == bytes);
    }
  };
  carry(RandomBytes(1 * kMiB, 600));
  const int64_t before = peak();
  carry(RandomBytes(256 * kMiB, 601));
  const double grown = static_cast<double>(peak() - before) / kMiB;
  std::printf("figure files.tus_memory mib=%.1f\n", grown);
  EXPECT_LT(grown, 48);
}

}  // namespace
}  // namespace cognate

// A large file goes from one site's directory into the store and on into another's, and the service is killed
// on the way.
//
// COGNATE_FILES_LARGE_MIB says how large; it is three times on the disk.
#include <cstdio>
#include <cstring>
#include <random>

#include "common/files/digest.h"
#include "tests/end_to_end/files_fixture.h"
#include "tests/support/environment.h"
#include "tests/support/eventually.h"

namespace cognate {
namespace {

using test_support::Eventually;
namespace fs = std::filesystem;

// Of a video that is to be moved many times over; what hangs is found by the test's own limit.
constexpr absl::Duration kPatience = absl::Minutes(25);

class FilesLargeTest : public FilesTest {
 protected:
  FilesLargeTest() : FilesTest(cluster::Shape::kOneEach) {}

  // A picture with noise behind its end, which nothing makes smaller. Returns its SHA-256.
  std::string PutLarge(const std::string& path, int64_t mib) const {
    std::mt19937_64 random(7);
    std::string piece(1 << 20, '\0');
    std::ofstream file(fs::path(Site("magazine")) / path, std::ios::binary);
    files::Digest digest;
    for (int64_t i = 0; i < mib; ++i) {
      for (size_t at = 0; at < piece.size(); at += 8) {
        const uint64_t next = random();
        std::memcpy(piece.data() + at, &next, 8);
      }
      if (i == 0) piece.replace(0, Png().size(), Png());
      file.write(piece.data(), static_cast<std::streamsize>(piece.size()));
      digest.Add(piece);
    }
    return digest.Finish();
  }
  static std::string HashOf(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    std::string piece(1 << 20, '\0');
    files::Digest digest;
    while (file.read(piece.data(), static_cast<std::streamsize>(piece.size())) || file.gcount() > 0) {
      digest.Add(absl::string_view(piece.data(), static_cast<size_t>(file.gcount())));
    }
    return digest.Finish();
  }
  // Of files that come and go while one looks.
  static int64_t BytesBelow(const fs::path& directory) {
    int64_t bytes = 0;
    std::error_code gone;
    for (auto it = fs::recursive_directory_iterator(directory, gone);
         it != fs::recursive_directory_iterator(); it.increment(gone)) {
      const auto size = it->file_size(gone);
      if (!gone) bytes += static_cast<int64_t>(size);
    }
    return bytes;
  }
  void KillOnceThereAre(int64_t bytes, const fs::path& below) {
    EXPECT_TRUE(Eventually([&] { return BytesBelow(below) >= bytes; }, kPatience))
        << bytes << " in " << below;
    cluster_.Kill("file-transfer");
    cluster_.Start("file-transfer");
  }
};

TEST_F(FilesLargeTest, ALargeFileArrivesThoughTheServiceIsKilledOnTheWay) {
  const int mib = test_support::FromEnvironment("COGNATE_FILES_LARGE_MIB", 400);
  SyncAuthors();
  const std::string sent = PutLarge("large.png", mib);
  const absl::Time start = absl::Now();
  Run("INSERT INTO author VALUES (1, 'Large', 'large.png')");
  // A process that is killed keeps what it had in hand from the others for half a minute.
  const int64_t kills = 1 + mib / 8192;
  for (const std::string& place : {cluster_.FileStore(), Site("blog")}) {
    for (int64_t kill = 1; kill <= kills; ++kill)
      KillOnceThereAre((int64_t{mib} << 20) * kill / (kills + 1), place);
  }
  EXPECT_TRUE(Eventually([&] { return !PictureOf("Large").empty(); }, kPatience)) << StateOf("author", "1");
  const absl::Duration took = absl::Now() - start;
  const int wrong = HashOf(fs::path(Site("blog")) / PictureOf("Large")) == sent ? 0 : 1;
  EXPECT_EQ(wrong, 0);
  EXPECT_THAT(FilesOf("blog"), testing::SizeIs(1));
  std::printf("figure files.large mib=%d kills=%ld wrong=%d seconds=%.0f\n", mib, 2 * kills, wrong,
              absl::ToDoubleSeconds(took));
}

}  // namespace
}  // namespace cognate

// What a source may say to have files read or written that are none of its business, or that a browser would
// run: each is a clear refusal or a correct result, and never a wrong file.
#include <cstdio>
#include <set>

#include <sys/stat.h>
#include <unistd.h>

#include "tests/end_to_end/files_fixture.h"

namespace cognate {
namespace {

struct Refused {
  std::string avatar;
  std::string reason;
};

class HostileFilesTest : public FilesTest {
 protected:
  void PutAll() {
    std::filesystem::create_directories(Site("magazine") + "/folder");
    std::ofstream(cluster_.FileRoot() + "/secret.txt") << "secret";
    std::ofstream(cluster_.directory() + "/outside.txt") << "outside";
    ASSERT_EQ(symlink("/etc/passwd", (Site("magazine") + "/passwd.txt").c_str()), 0);
    ASSERT_EQ(symlink("..", (Site("magazine") + "/up").c_str()), 0);
    ASSERT_EQ(symlink("good.png", (Site("magazine") + "/linked.png").c_str()), 0);
    ASSERT_EQ(mkfifo((Site("magazine") + "/pipe.png").c_str(), 0600), 0);
    Put("magazine", "good.png", Png("good"));
    Put("magazine", "page.html", "<html><script>alert(1)</script></html>");
    Put("magazine", "shell.php", "<?php system('id'); ?>");
    Put("magazine", "shell.php.png", Png("shell"));
    Put("magazine", "shell.png", "<?php system('id'); ?>");
    Put("magazine", "photo.jpg", Png("no jpeg"));
    Put("magazine", "run.sh", "#!/bin/sh\n");
    Put("magazine", "app.js", "alert(1)");
    Put("magazine", "notes.txt", "#!/bin/sh\nrm -rf /\n");
    Put("magazine", "script.svg",
        "<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>");
    Put("magazine", "load.svg", "<svg xmlns=\"http://www.w3.org/2000/svg\" onload=\"alert(1)\"/>");
    Put("magazine", "link.svg",
        "<svg xmlns=\"http://www.w3.org/2000/svg\"><a href=\"javascript:alert(1)\">x</a></svg>");
    Put("magazine", "foreign.svg", "<svg xmlns=\"http://www.w3.org/2000/svg\"><foreignObject/></svg>");
  }

  std::vector<Refused> Cases() const {
    std::vector<Refused> cases;
    for (const char* const path :
         {"../secret.txt", "folder/../../secret.txt", "/etc/passwd", "./../../outside.txt", "up/secret.txt",
          "passwd.txt", "linked.png", "pipe.png", "folder", "folder/",
          "https://magazine.example/files/../secret.txt", "https://magazine.example/files/%2e%2e/secret.txt",
          "https://magazine.example/files/%2Fetc%2Fpasswd", "https://magazine.example/files/a%00b.png",
          "https://magazine.example/files/%ff.png", "https://evil.example/x.png",
          "http://magazine.example/files/good.png", "file:///etc/passwd/../x/.."})
      cases.push_back({path, "FILE_OUTSIDE_PLACE"});
    cases.push_back({std::string(300, 'n') + ".png", "FILE_OUTSIDE_PLACE"});
    for (const char* const path :
         {"page.html", "shell.php", "shell.php.png", "shell.png", "photo.jpg", "run.sh", "app.js",
          "notes.txt", "script.svg", "load.svg", "link.svg", "foreign.svg"})
      cases.push_back({path, "FILE_TYPE_REFUSED"});
    return cases;
  }
};

TEST_F(HostileFilesTest, NothingLeavesItsPlaceAndNothingThatRunsArrives) {
  PutAll();
  SyncAuthors("directory: 'avatars'");
  int wrong = 0, cases = 0;
  const std::vector<Refused> refused = Cases();
  std::string values;
  for (size_t i = 0; i < refused.size(); ++i) {
    absl::StrAppend(&values, values.empty() ? "" : ", ", "(", i + 1, ", 'bad ", i, "', '",
                    absl::StrReplaceAll(refused[i].avatar, {{"'", "''"}}), "')");
  }
  Run("INSERT INTO author VALUES " + values);
  for (size_t i = 0; i < refused.size(); ++i) {
    const bool as_wanted =
        test_support::Eventually([&] { return ReasonOf(absl::StrCat(i + 1)) == refused[i].reason; },
                                 wrong > 0 ? absl::Seconds(5) : test_support::kPatience);
    if (!as_wanted || !PictureOf(absl::StrCat("bad ", i)).empty()) {
      ++wrong;
      ADD_FAILURE() << refused[i].avatar << ": " << StateOf("author", absl::StrCat(i + 1));
    }
    ++cases;
  }
  EXPECT_THAT(FilesOf("blog"), ::testing::IsEmpty());

  // Names of every kind and script, and files of nothing.
  const std::vector<std::string> names = {
      "имя файла.png", "名前.png",   "صورة.png",  "ภาพ.png",          "תמונה.png",
      "εικόνα.png",    "चित्र.png",   "😀.png",     "a'b\"c<d>e&f.png", "spaces  and\ttabs.png",
      "new\nline.png", "-rf.png",    "CON.png",   "back\\slash.png",  "%2e%2e%2fx.png",
      "ünï.PNG",       "dots...png", "$(id).png", "`id`.png",         std::string(200, 'l') + ".png"};
  values.clear();
  for (size_t i = 0; i < names.size(); ++i) {
    Put("magazine", "names/" + names[i], Png(names[i]));
    absl::StrAppend(&values, values.empty() ? "" : ", ", "(", 1000 + i, ", 'good ", i, "', 'names/",
                    absl::StrReplaceAll(names[i], {{"'", "''"}}), "')");
  }
  Put("magazine", "empty.png", "");
  Put("magazine", "flag.svg",
      "<svg xmlns=\"http://www.w3.org/2000/svg\"><metadata/><rect width=\"1\" height=\"1\"/></svg>");
  Run(absl::StrCat("INSERT INTO author VALUES ", values,
                   ", (2000, 'empty', 'empty.png'), (2001, 'flag', 'flag.svg')"));
  const auto arrives = [&](const std::string& title, const std::string& content) {
    ++cases;
    const std::string picture = AwaitPictureOf(title);
    const bool is_plain =
        picture.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-./") == std::string::npos &&
        picture.find("..") == std::string::npos;
    if (is_plain && Has("blog", picture, content)) return;
    ++wrong;
    ADD_FAILURE() << title << ": " << picture;
  };
  for (size_t i = 0; i < names.size(); ++i) arrives(absl::StrCat("good ", i), Png(names[i]));
  arrives("empty", "");
  arrives("flag",
          "<svg xmlns=\"http://www.w3.org/2000/svg\"><metadata/><rect width=\"1\" height=\"1\"/></svg>");
  for (const std::string& file : FilesOf("blog")) {
    if (file.rfind("avatars/", 0) != 0) ++wrong, ADD_FAILURE() << "stray file " << file;
  }
  std::printf("figure files.hostile_records cases=%d wrong=%d\n", cases, wrong);
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace cognate

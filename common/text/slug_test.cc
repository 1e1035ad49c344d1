#include "common/text/slug.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "gtest/gtest.h"

namespace cognate::text {
namespace {

std::string Repeated(const std::string& text, size_t bytes) {
  std::string repeated;
  while (repeated.size() < bytes) repeated += text;
  return repeated;
}

bool IsAsciiText(const std::string& text) {
  for (const char c : text) {
    if (static_cast<unsigned char>(c) >= 0x80) return false;
  }
  return true;
}

TEST(TransliterateTest, WritesAnyScriptInAscii) {
  EXPECT_EQ(Transliterate("plain & ASCII"), "plain & ASCII");
  EXPECT_EQ(Transliterate("Ærøskøbing, Åre – Straße"), "AEroskobing, Are - Strasse");
  EXPECT_EQ(Transliterate("Гоголь"), "Gogol'");
  EXPECT_EQ(Transliterate("北京"), "bei jing");
  EXPECT_EQ(Transliterate("Ελληνικά"), "Ellenika");
  EXPECT_EQ(Transliterate("cafe\u0301 noe\u0308l"), "cafe noel") << "marks that stand apart";
  EXPECT_EQ(Transliterate("a\U0001F600b\u200D"), "ab");
  EXPECT_EQ(Transliterate("\xff\xfe"
                          "a"),
            "a");
}

TEST(TransliterateTest, IsTheSameWhereverATextIsCutIntoPieces) {
  const std::string word = Transliterate("Жизнь");
  for (size_t spaces = 0; spaces < 300; spaces += 7) {
    EXPECT_EQ(Transliterate(std::string(spaces, 'x') + " Жизнь " + std::string(spaces, 'y')),
              std::string(spaces, 'x') + " " + word + " " + std::string(spaces, 'y'));
  }
  const std::string long_text = Transliterate(Repeated("Жизнь e\u0301tat ", 5000));
  EXPECT_EQ(long_text.substr(0, 22), word + " etat " + word + " etat ");
  EXPECT_TRUE(IsAsciiText(long_text));
}

TEST(TransliterateTest, IsAtMostEightTimesAsLong) {
  for (int32_t code_point = 0x80; code_point < 0x20000; code_point += code_point < 0x10000 ? 7 : 61) {
    if (code_point >= 0xD800 && code_point < 0xE000) continue;
    const std::string text = code_point < 0x800 ? std::string{static_cast<char>(0xC0 | code_point >> 6),
                                                              static_cast<char>(0x80 | (code_point & 63))}
                             : code_point < 0x10000
                                 ? std::string{static_cast<char>(0xE0 | code_point >> 12),
                                               static_cast<char>(0x80 | (code_point >> 6 & 63)),
                                               static_cast<char>(0x80 | (code_point & 63))}
                                 : std::string{static_cast<char>(0xF0 | code_point >> 18),
                                               static_cast<char>(0x80 | (code_point >> 12 & 63)),
                                               static_cast<char>(0x80 | (code_point >> 6 & 63)),
                                               static_cast<char>(0x80 | (code_point & 63))};
    const std::string ascii = Transliterate(text);
    EXPECT_LE(ascii.size(), text.size() * 8) << text;
    EXPECT_TRUE(IsAsciiText(ascii)) << text;
  }
  EXPECT_LE(Transliterate("\uFDFA").size(), 24u);
}

TEST(TransliterateTest, IsLinear) {
  const auto seconds = [](const std::string& text) {
    double best = 1e9;
    for (int round = 0; round < 3; ++round) {
      const auto begin = std::chrono::steady_clock::now();
      Transliterate(text);
      best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
    }
    return best;
  };
  for (const std::string letter : {"北", "Ж", "\u0301", "ก"}) {
    seconds(letter);
    const double small = seconds(Repeated(letter, 8'000));
    const double large = seconds(Repeated(letter, 64'000));
    EXPECT_LT(large, 8 * small * 3 + 0.05) << letter;
    std::printf("figure text.transliterate letter=%s mebibytes_per_second=%.2f\n", letter.c_str(),
                0.061 / large);
  }
}

TEST(TransliterateTest, WorksInManyThreadsAtOnce) {
  std::vector<std::thread> threads;
  std::vector<std::string> results(4);
  for (std::string& result : results) {
    threads.emplace_back([&result] { result = Transliterate(Repeated("Москва 東京 ", 4000)); });
  }
  for (std::thread& thread : threads) thread.join();
  for (const std::string& result : results) EXPECT_EQ(result, results[0]);
}

TEST(SlugTest, KeepsLettersAndDigits) {
  EXPECT_EQ(Slug("Åre, Sweden", "-", 0), "are-sweden");
  EXPECT_EQ(Slug("  --Hello,   World!--  ", "-", 0), "hello-world");
  EXPECT_EQ(Slug("Don't panic: 42%", "_", 0), "dont_panic_42");
  EXPECT_EQ(Slug("Большой театр", "-", 0), "bolsoj-teatr") << "soft signs are no separators";
  EXPECT_EQ(Slug("a\U0001F600b", "-", 0), "a-b");
  EXPECT_EQ(Slug("\U0001F600", "-", 0), "");
  EXPECT_EQ(Slug("!?", "-", 0), "");
  EXPECT_EQ(Slug("a b", "", 0), "ab");
}

TEST(SlugTest, EndsWithALetterWhereverItIsCut) {
  EXPECT_EQ(Slug("one two three", "-", 3), "one");
  EXPECT_EQ(Slug("one two three", "-", 4), "one");
  EXPECT_EQ(Slug("one two three", "-", 5), "one-t");
  EXPECT_EQ(Slug("one two", "--", 5), "one");
  EXPECT_EQ(Slug("one two", "--", 6), "one--t");
  EXPECT_EQ(Slug("Москва", "-", 3), "mos");
}

}  // namespace
}  // namespace cognate::text

// The codec beside PHP itself: what one writes the other reads, and writes again to the byte.
#include <cmath>
#include <cstring>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "common/codec/php.h"
#include "common/process/process.h"
#include "common/value/value.h"
#include "gtest/gtest.h"
#include "tests/support/environment.h"
#include "tests/support/fuzz.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace cognate::codec {
namespace {

using test_support::ValueOrDie;

constexpr int kValues = 5000;

class PhpRealTest : public ::testing::Test {
 protected:
  // Gives `input` to a PHP script as $input; its output.
  std::string RunPhp(const std::string& script, const std::string& input) {
    std::ofstream(Path("input")) << input;
    std::ofstream(Path("script.php")) << "<?php\n$input = file_get_contents('" << Path("input") << "');\n"
                                      << script;
    std::remove(Path("output").c_str());
    const absl::Status status = process::RunToEnd(
        {.argv = {"php", "-n", Path("script.php")}, .log_file = Path("output")}, absl::Minutes(2));
    EXPECT_TRUE(status.ok()) << "the package php-cli is wanted: " << status;
    std::ifstream output(Path("output"));
    return {std::istreambuf_iterator<char>(output), {}};
  }
  std::string Path(const std::string& name) const { return absl::StrCat(directory_.path(), "/", name); }

  uint64_t Roll(uint64_t sides) { return random_() % sides; }

  std::string RandomText(bool utf8) {
    static const std::vector<std::string> kParts = {"a",      "old", "é",  "\";", "\U0001F600",
                                                    "s:1:\"", "{}",  "\n", "'"};
    std::string text;
    for (uint64_t i = Roll(6); i > 0; --i) text += kParts[Roll(kParts.size())];
    if (!utf8) text += static_cast<char>(0x80 + Roll(128));
    return text;
  }
  std::string RandomName() {
    static const std::vector<std::string> kNames = {"0",
                                                    "1",
                                                    "-1",
                                                    "-0",
                                                    "05",
                                                    "9223372036854775807",
                                                    "",
                                                    "9223372036854775808",
                                                    "-9223372036854775808",
                                                    "1.5",
                                                    "é"};
    return Roll(2) == 0 ? kNames[Roll(kNames.size())] : RandomText(true);
  }
  double RandomDouble() {
    if (Roll(2) == 0) return static_cast<double>(static_cast<int64_t>(random_())) / std::pow(10, Roll(40));
    const uint64_t bits = random_();
    double number;
    std::memcpy(&number, &bits, sizeof(number));
    return number;
  }
  v1::Value RandomValue(int depth) {
    switch (Roll(depth < 4 ? 8 : 6)) {
      case 0:
        return value::Null();
      case 1:
        return value::Bool(Roll(2) == 0);
      case 2:
        return value::Int(static_cast<int64_t>(random_()) >> Roll(64));
      case 3:
        return value::Double(RandomDouble());
      case 4:
        return value::Text(RandomText(true));
      case 5:
        return value::Bytes(RandomText(false));
      case 6: {
        v1::Value list = value::List({});
        for (uint64_t i = Roll(5); i > 0; --i)
          *list.mutable_list_value()->add_values() = RandomValue(depth + 1);
        return list;
      }
      default: {
        v1::Value map = value::Map({});
        for (uint64_t i = 1 + Roll(5); i > 0; --i) {
          const std::string name = RandomName();
          bool there = false;
          for (const v1::Field& field : map.map_value().fields()) there |= field.name() == name;
          if (there) continue;
          v1::Field* const field = map.mutable_map_value()->add_fields();
          field->set_name(name);
          *field->mutable_value() = RandomValue(depth + 1);
        }
        return map;
      }
    }
  }

  const test_support::TempDir directory_;
  const uint64_t seed_ = test_support::TestSeed();
  std::mt19937_64 random_{seed_};
};

TEST_F(PhpRealTest, PhpReadsWhatIsWrittenAndWritesTheSameBytes) {
  std::vector<std::string> written;
  std::string input;
  for (int i = 0; i < kValues; ++i) {
    written.push_back(ValueOrDie(WritePhp(RandomValue(0))));
    absl::StrAppend(&input, absl::Base64Escape(written.back()), "\n");
  }
  const std::string output = RunPhp(R"(
    foreach (explode("\n", rtrim($input)) as $line) {
      $value = unserialize(base64_decode($line));
      echo base64_encode(serialize($value)), "\n";
    }
  )",
                                    input);
  const std::vector<std::string> lines = absl::StrSplit(output, '\n');
  ASSERT_EQ(lines.size(), written.size() + 1) << output.substr(0, 500);
  int different = 0;
  for (size_t i = 0; i < written.size(); ++i) {
    std::string again;
    absl::Base64Unescape(lines[i], &again);
    EXPECT_EQ(again, written[i]) << "seed " << seed_;
    different += again != written[i] ? 1 : 0;
  }
  std::printf("figure codec.php_round_trip seed=%llu values=%d different=%d\n",
              static_cast<unsigned long long>(seed_), kValues, different);
}

TEST_F(PhpRealTest, WhatPhpWritesIsReadAndWrittenAgainToTheByte) {
  const std::string output = RunPhp(R"(
    mt_srand((int)$input);
    function text() {
      $parts = ['a', 'old', 'é', '";', "\u{1F600}", 'N;', '{}', "\n"];
      $text = '';
      for ($i = mt_rand(0, 5); $i > 0; --$i) $text .= $parts[mt_rand(0, 7)];
      return $text;
    }
    function value($depth) {
      switch (mt_rand(0, $depth < 4 ? 8 : 5)) {
        case 0: return null;
        case 1: return (bool)mt_rand(0, 1);
        case 2: return mt_rand(0, 3) == 0 ? [PHP_INT_MIN, PHP_INT_MAX, 0, -1][mt_rand(0, 3)] : mt_rand(-1000, 1000);
        case 3: return mt_rand(-10**9, 10**9) / 10 ** mt_rand(0, 30) * 10 ** mt_rand(0, 20);
        case 4: return text();
        case 5: return text() . chr(mt_rand(128, 255));
        case 6: case 7:
          $list = [];
          for ($i = mt_rand(0, 4); $i > 0; --$i) $list[] = value($depth + 1);
          return $list;
        default:
          $map = [];
          $keys = ['0', '1', '-1', '-0', '05', '1.5', '', 7, -9, PHP_INT_MAX, PHP_INT_MIN, '9223372036854775808'];
          for ($i = mt_rand(1, 5); $i > 0; --$i) {
            $map[mt_rand(0, 1) ? $keys[mt_rand(0, 11)] : text()] = value($depth + 1);
          }
          return $map;
      }
    }
    for ($i = 0; $i < 5000; ++$i) echo base64_encode(serialize(value(0))), "\n";
  )",
                                    absl::StrCat(seed_ % 1'000'000'000));
  const std::vector<std::string> lines = absl::StrSplit(output, '\n', absl::SkipEmpty());
  ASSERT_EQ(lines.size(), 5000u) << output.substr(0, 500);
  for (const std::string& line : lines) {
    std::string serialized;
    ASSERT_TRUE(absl::Base64Unescape(line, &serialized));
    EXPECT_TRUE(LooksLikePhp(serialized)) << serialized;
    const absl::StatusOr<v1::Value> value = ReadPhp(serialized);
    ASSERT_TRUE(value.ok()) << value.status() << " " << serialized;
    EXPECT_EQ(ValueOrDie(WritePhp(*value)), serialized) << "seed " << seed_;
  }
}

// Strings in lists, maps, objects and serialized strings, as PHP itself would replace them.
TEST_F(PhpRealTest, PhpWouldRewriteStringsTheSameWay) {
  const std::string output = RunPhp(R"(
    mt_srand((int)$input);
    function text() { return ['old', 'é old', 'x', '', 'old";old'][mt_rand(0, 4)]; }
    function value($depth) {
      switch (mt_rand(0, $depth < 4 ? 6 : 2)) {
        case 0: return mt_rand(-9, 9) / 2;
        case 1: case 2: return text();
        case 3: return serialize(value($depth + 1));
        case 4: $object = new stdClass;
          for ($i = mt_rand(0, 3); $i > 0; --$i) $object->{'old' . $i} = value($depth + 1);
          return $object;
        default: $map = [];
          for ($i = mt_rand(0, 4); $i > 0; --$i) $map[mt_rand(0, 1) ? text() . $i : $i] = value($depth + 1);
          return $map;
      }
    }
    function rewritten($value) {
      if (is_string($value)) {
        $within = @unserialize($value);
        return $within !== false ? serialize(rewritten($within)) : str_replace('old', 'newer', $value);
      }
      if (is_object($value)) {
        $after = new stdClass;
        foreach ($value as $name => $part) $after->$name = rewritten($part);
        return $after;
      }
      if (!is_array($value)) return $value;
      $after = [];
      foreach ($value as $key => $part) {
        $after[is_string($key) ? str_replace('old', 'newer', $key) : $key] = rewritten($part);
      }
      return $after;
    }
    for ($i = 0; $i < 5000; ++$i) {
      $value = value(0);
      echo base64_encode(serialize($value)), ' ', base64_encode(serialize(rewritten($value))), "\n";
    }
  )",
                                    absl::StrCat(seed_ % 1'000'000'000));
  const std::vector<std::string> lines = absl::StrSplit(output, '\n', absl::SkipEmpty());
  ASSERT_EQ(lines.size(), 5000u) << output.substr(0, 500);
  for (const std::string& line : lines) {
    const std::vector<std::string> parts = absl::StrSplit(line, ' ');
    std::string before;
    std::string after;
    ASSERT_TRUE(parts.size() == 2 && absl::Base64Unescape(parts[0], &before) &&
                absl::Base64Unescape(parts[1], &after));
    EXPECT_EQ(ValueOrDie(RewritePhpStrings(before,
                                           [](absl::string_view text, bool) {
                                             return absl::StrReplaceAll(text, {{"old", "newer"}});
                                           })),
              after)
        << "seed " << seed_ << " " << before;
  }
}

}  // namespace
}  // namespace cognate::codec

#include "cli/file_progress.h"

#include <algorithm>
#include <array>
#include <iostream>
#include <utility>

#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"

namespace cognate::cli {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(2);

}  // namespace

std::string FormatBytes(int64_t bytes) {
  static constexpr std::array<const char*, 5> kUnits = {"B", "KiB", "MiB", "GiB", "TiB"};
  auto value = static_cast<double>(bytes);
  size_t unit = 0;
  while (value >= 1024 && unit + 1 < kUnits.size()) {
    value /= 1024;
    ++unit;
  }
  return unit == 0 ? absl::StrCat(bytes, " B") : absl::StrFormat("%.1f %s", value, kUnits[unit]);
}

ByteBar::ByteBar(bool quiet, std::function<int64_t()> total, std::function<int64_t()> done,
                 std::function<std::string()> note)
    : total_(std::move(total)), done_(std::move(done)), note_(std::move(note)) {
  if (!quiet) worker_ = std::make_unique<Worker>("bar", [this](StopToken& stop) { Run(stop); });
}

ByteBar::~ByteBar() {
  worker_.reset();
  if (shown_) std::cerr << "\r\033[K" << std::flush;
}

void ByteBar::Run(StopToken& stop) {
  constexpr int kWidth = 32;
  const bool terminal = isatty(STDERR_FILENO) != 0;
  const absl::Time started = absl::Now();
  absl::Duration wait = kPatience;
  int64_t before = done_();
  absl::Time looked = started;
  while (!stop.WaitFor(wait)) {
    wait = terminal ? absl::Milliseconds(200) : absl::Seconds(10);
    const int64_t total = total_();
    const int64_t done = done_();
    const absl::Time now = absl::Now();
    const double rate =
        static_cast<double>(done - before) / std::max(0.001, absl::ToDoubleSeconds(now - looked));
    if (now - looked > absl::Seconds(1)) {
      before = done;
      looked = now;
    }
    const double share =
        total <= 0 ? 0 : std::min(1.0, static_cast<double>(done) / static_cast<double>(total));
    std::string bar;
    for (int i = 0; i < kWidth; ++i) bar += i < static_cast<int>(share * kWidth) ? "█" : "░";
    const std::string line =
        absl::StrFormat("%s %3.0f %%  %s of %s  %s/s  %s", bar, share * 100, FormatBytes(done),
                        FormatBytes(total), FormatBytes(static_cast<int64_t>(rate)), note_());
    if (terminal) {
      shown_ = true;
      std::cerr << "\r" << line << "\033[K" << std::flush;
    } else {
      std::cerr << line << std::endl;
    }
  }
}

}  // namespace cognate::cli

#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "common/worker/worker.h"

namespace cognate::cli {

// "1.5 GiB", "312 KiB", "17 B".
std::string FormatBytes(int64_t bytes);

// Bytes on their way, for people: a bar on a terminal, from the third second on; elsewhere a line now and
// then. Nothing where `quiet`.
class ByteBar {
 public:
  // `done` and `note` are asked by another thread, until this is gone.
  ByteBar(bool quiet, std::function<int64_t()> total, std::function<int64_t()> done,
          std::function<std::string()> note);
  ~ByteBar();

 private:
  void Run(StopToken& stop);

  const std::function<int64_t()> total_;
  const std::function<int64_t()> done_;
  const std::function<std::string()> note_;
  bool shown_ = false;
  std::unique_ptr<Worker> worker_;
};

}  // namespace cognate::cli

// What bodies and answers of all connections may hold together.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <string>

namespace cognate::http {

// Thread safe.
class Memory {
 public:
  explicit Memory(size_t bytes) : bytes_(bytes) {}
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;

  // False: there is none left. What alone is more than all is let in where there is nothing else.
  bool Take(size_t bytes) {
    const size_t before = taken_.fetch_add(bytes, std::memory_order_relaxed);
    if (before == 0 || before + bytes <= bytes_) return true;
    Give(bytes);
    return false;
  }
  // For what cannot be refused any more; others are, meanwhile.
  void TakeAnyway(size_t bytes) { taken_.fetch_add(bytes, std::memory_order_relaxed); }
  size_t taken() const { return taken_.load(std::memory_order_relaxed); }
  void Give(size_t bytes) { taken_.fetch_sub(bytes, std::memory_order_relaxed); }

 private:
  const size_t bytes_;
  std::atomic<size_t> taken_ = 0;
};

// Smaller ones are copied where they are sent from, and not counted.
inline constexpr size_t kSmallBody = 4096;

// A body until it is sent.
struct CountedBody {
  ~CountedBody() { memory->Give(counted); }
  std::string body;
  std::shared_ptr<Memory> memory;
  size_t counted;
};

}  // namespace cognate::http

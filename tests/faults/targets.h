#pragma once

#include <map>
#include <memory>
#include <string>

#include "tests/faults/generator.h"
#include "tests/support/postgres_server.h"

namespace cognate::faults {

// What one comparison found wrong.
struct Differences {
  int lost = 0;        // On the source, not on the target.
  int duplicated = 0;  // On the target more than once, or not on the source.
  int differing = 0;   // A field or a reference is not as it should be.
  int backwards = 0;   // Times that a newer state was overwritten by an older one.
  std::string first;   // The first difference, in words.
};

// A target with a server of its own, so that it can be down alone. A trigger records every step backwards.
class Target {
 public:
  explicit Target(std::string platform);
  const std::string& platform() const { return platform_; }
  std::string Uri() const { return uri_; }
  test_support::PostgresServer& server() { return *server_; }
  // Rows of `things` that were written so far; -1 while it cannot be asked.
  int64_t WrittenRows();
  // The highest serial that was written so far; -1 while it cannot be asked.
  int64_t NewestSerial();
  Differences Compare(const Generator& oracle);

 private:
  int64_t Ask(const char* sql);

  std::string platform_;
  std::unique_ptr<test_support::PostgresServer> server_;
  std::string uri_;
};

}  // namespace cognate::faults

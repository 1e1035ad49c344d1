#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "tests/support/postgres_server.h"

namespace cognate::bench {

// Waits until the machine has been at least 92 % idle for a second, at most `patience`; says so when it gave
// up.
void WaitUntilIdle(absl::Duration patience = absl::Seconds(30));

// The value below which `share` of the values lie; 0 of none.
double Percentile(std::vector<double> values, double share);
inline double Median(const std::vector<double>& values) { return Percentile(values, 0.5); }

// Seconds until `done` holds, asked every `pause`; ends the program with `what` after five minutes.
double SecondsUntil(const std::string& what, absl::Time started, absl::Duration pause,
                    const std::function<bool()>& done);

// A PostgreSQL that commits to disk, as what is measured does; ends the program if none starts.
std::unique_ptr<test_support::PostgresServer> DurableServer();

// A line of progress on stderr.
void Say(const std::string& text);

}  // namespace cognate::bench

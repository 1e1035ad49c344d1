// How syncs stand: when each last ran, and what is in trouble.
#pragma once

#include <map>
#include <ostream>
#include <string>

#include "cli/client.h"

namespace cognate::cli {

// By `syncs/{id}`; "-" where nothing is known.
struct SyncStandings {
  std::map<std::string, v1::Run> last_runs;
  std::map<std::string, v1::SyncStats> stats;

  std::string LastRun(const std::string& sync) const;
  std::string Troubles(const std::string& sync) const;
};

// As far as the services answer.
SyncStandings ReadStandings(Client& client);

// One sync's, in sentences.
void PrintStanding(std::ostream& out, Client& client, const std::string& sync);

}  // namespace cognate::cli

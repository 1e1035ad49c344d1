#include "tests/faults/network.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/postgres/conninfo.h"

namespace cognate::faults {
namespace {

using test_support::FaultProxy;

int Below(std::mt19937_64& random, size_t bound) { return static_cast<int>(random() % bound); }

}  // namespace

int Network::PortOf(const std::string& from, const std::string& to, const std::string& server) {
  MutexLock lock(&mutex_);
  for (const Link& link : links_)
    if (link.from == from && link.to == to) return link.port;
  const int port = proxy_.AddLink(server);
  links_.push_back({from, to, port});
  return port;
}

std::string Network::Database(const std::string& from, const std::string& to, const std::string& uri) {
  std::map<std::string, std::string> options;
  const auto parsed = postgres::ParseConninfo(uri);
  if (parsed) options.insert(parsed->begin(), parsed->end());
  const int port = PortOf(from, to, absl::StrCat("unix:", options["host"], "/.s.PGSQL.5432"));
  return absl::StrCat("postgresql://", options["user"], "@127.0.0.1:", port, "/", options["dbname"],
                      "?sslmode=disable");
}

cluster::Cluster::Route Network::route() {
  return [this](const std::string& from, const std::string& to, const std::string& address) {
    if (to == "postgres") return Database(from, to, address);
    return from == to ? address : absl::StrCat("127.0.0.1:", PortOf(from, to, address));
  };
}

// A party has many links, a database of a platform only one: parties are chosen first.
std::vector<Network::Link> Network::Choose(std::mt19937_64& random) {
  MutexLock lock(&mutex_);
  std::vector<std::string> parties;
  for (const Link& link : links_) {
    for (const std::string& party : {link.from, link.to})
      if (std::find(parties.begin(), parties.end(), party) == parties.end()) parties.push_back(party);
  }
  const std::string party = parties[random() % parties.size()];
  std::vector<Link> chosen;
  for (const Link& link : links_)
    if (link.from == party || link.to == party) chosen.push_back(link);
  // Two times of three one link alone.
  if (Below(random, 3) != 0) chosen = {chosen[random() % chosen.size()]};
  return chosen;
}

std::string Network::Break(std::mt19937_64& random) {
  const std::vector<Link> links = Choose(random);
  const int kind = Below(random, 6);
  FaultProxy::Fault fault;
  fault.holds_requests = kind == 0 || kind == 1;
  fault.holds_answers = kind == 0 || kind == 2;
  if (kind == 3) fault.delay = absl::Milliseconds(20 + Below(random, 500));
  std::vector<std::string> names;
  for (const Link& link : links) {
    proxy_.SetFault(link.port, fault);
    if (kind == 4) proxy_.Cut(link.port);
    names.push_back(absl::StrCat(link.from, ">", link.to));
  }
  constexpr const char* kKinds[] = {"lost", "requests lost", "answers lost", "slow", "cut", "healed"};
  return absl::StrCat(kKinds[kind], " ", absl::StrJoin(names, ","));
}

void Network::Heal(std::mt19937_64& random) {
  for (const int port : proxy_.ports()) {
    if (Below(random, 2) == 0) proxy_.Cut(port);
    proxy_.SetFault(port, {});
  }
}

}  // namespace cognate::faults

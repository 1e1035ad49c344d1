// What a process of a cluster tells over HTTP.
#pragma once

#include <string>
#include <utility>

#include "tests/cluster/cluster.h"

namespace cognate::cluster {

// Status and body; 0 where nobody answers. `name` as in Cluster::names.
std::pair<int, std::string> AdminGet(const Cluster& cluster, const std::string& name,
                                     const std::string& path);

// Of its admin server, as it says itself.
int AdminPort(const Cluster& cluster, const std::string& name);

// Of the line of /metrics that begins with `series`; NaN where there is none.
double Metric(const Cluster& cluster, const std::string& name, const std::string& series);

}  // namespace cognate::cluster

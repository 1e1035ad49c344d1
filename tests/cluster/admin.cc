#include "tests/cluster/admin.h"

#include <cmath>
#include <fstream>
#include <regex>
#include <sstream>

#include <httplib.h>

#include "absl/strings/numbers.h"
#include "gtest/gtest.h"

namespace cognate::cluster {

int AdminPort(const Cluster& cluster, const std::string& name) {
  std::ifstream file(cluster.LogPath(name));
  std::stringstream text;
  text << file.rdbuf();
  const std::string log = text.str();
  static const std::regex port(R"((?:admin_port\W+|health and metrics on port )(\d+))");
  std::smatch found;
  EXPECT_TRUE(std::regex_search(log, found, port)) << log;
  return found.empty() ? 0 : std::stoi(found[1]);
}

std::pair<int, std::string> AdminGet(const Cluster& cluster, const std::string& name,
                                     const std::string& path) {
  httplib::Client client("127.0.0.1", AdminPort(cluster, name));
  client.set_read_timeout(5);
  const httplib::Result answer = client.Get(path);
  return answer ? std::make_pair(answer->status, answer->body) : std::make_pair(0, std::string());
}

double Metric(const Cluster& cluster, const std::string& name, const std::string& series) {
  std::istringstream text(AdminGet(cluster, name, "/metrics").second);
  for (std::string line; std::getline(text, line);) {
    double value = 0;
    if (line.rfind(series + " ", 0) == 0 && absl::SimpleAtod(line.substr(series.size() + 1), &value))
      return value;
  }
  return std::nan("");
}

}  // namespace cognate::cluster

#include "services/platform_registry/mapping_cycle.h"

#include <deque>
#include <map>
#include <set>
#include <tuple>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/platform_registry/rules.h"

namespace cognate::platform_registry {
namespace {

struct Node {
  std::string platform;
  std::string model;
  std::string field;

  bool operator<(const Node& other) const {
    return std::tie(platform, model, field) < std::tie(other.platform, other.model, other.field);
  }
  bool operator==(const Node& other) const = default;
  bool SameModel(const Node& other) const { return platform == other.platform && model == other.model; }
  std::string ToString() const { return absl::StrCat(model, ".", field, " on ", platform); }
};

using Graph = std::map<Node, std::set<Node>>;

Graph MakeGraph(const Configuration& configuration) {
  Graph graph;
  for (const auto& [name, sync] : configuration.syncs) {
    const v1::Model* source = configuration.FindModel(sync.source_platform(), sync.source_model());
    const v1::Model* target = configuration.FindModel(sync.target_platform(), sync.target_model());
    if (source == nullptr || target == nullptr) continue;
    for (const MappedField& field : MappedFields(configuration, sync, *source, *target)) {
      graph[{sync.source_platform(), sync.source_model(), field.source}].insert(
          {sync.target_platform(), sync.target_model(), field.target});
    }
  }
  return graph;
}

// The shortest way from `from` to the first node that `wanted` accepts, both included; empty if there is
// none.
template <typename Wanted>
std::vector<Node> FindWay(const Graph& graph, const Node& from, Wanted wanted) {
  std::map<Node, Node> came_from;
  std::deque<Node> open = {from};
  while (!open.empty()) {
    const Node node = open.front();
    open.pop_front();
    const auto edges = graph.find(node);
    if (edges == graph.end()) continue;
    for (const Node& next : edges->second) {
      if (came_from.contains(next)) continue;
      came_from.emplace(next, node);
      if (wanted(next)) {
        std::vector<Node> way = {next};
        for (Node step = node;; step = came_from.at(step)) {
          way.insert(way.begin(), step);
          if (step == from) return way;
        }
      }
      open.push_back(next);
    }
  }
  return {};
}

std::string InWords(const std::vector<Node>& way) {
  return absl::StrJoin(way, " → ",
                       [](std::string* out, const Node& node) { absl::StrAppend(out, node.ToString()); });
}

}  // namespace

std::string FindMappingCycle(const Configuration& configuration) {
  const Graph graph = MakeGraph(configuration);
  for (const auto& [from, targets] : graph) {
    const Node& start = from;
    const std::vector<Node> elsewhere =
        FindWay(graph, start, [&](const Node& node) { return node.SameModel(start) && !(node == start); });
    if (!elsewhere.empty()) return InWords(elsewhere);
  }
  return "";
}

}  // namespace cognate::platform_registry

// The language once more, as slowly and plainly as its page says it, for the tests to compare with.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "cognate/v1/value.pb.h"
#include "common/condition/condition.h"

namespace cognate::condition::naive {

// A part of a condition. `word` says what it is: `and`, `or`, `not`, `literal`, `field`, a relation such as
// `<=` or `not in`, or a function. The list of `in` stands in `children` after the operand.
struct Node {
  std::string word;
  std::vector<Node> children = {};
  v1::Value literal = {};    // `literal`; the pattern of `matches`; the platform of `assigned`
  std::string written = {};  // how a number is written
  std::string field = {};
  bool is_old = false;
};

using Record = std::map<std::string, v1::Value>;  // without those that are not listed

struct World {
  Record record;
  Record old_record;
  std::vector<std::string> assigned;
};

bool Holds(const Node& node, const World& world);

}  // namespace cognate::condition::naive

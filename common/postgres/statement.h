// A hot statement: constant SQL with a name, prepared once on each connection that meets it.
#pragma once

#include <string>

namespace cognate::postgres {

struct Statement {
  std::string name;  // unique among the statements of one service
  std::string sql;   // parameters are $1, $2, …; say casts where the type is not plain
};

}  // namespace cognate::postgres

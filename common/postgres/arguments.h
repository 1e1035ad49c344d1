// For common/postgres: parameters as libpq takes them.
#pragma once

#include <vector>

#include "common/postgres/params.h"

namespace cognate::postgres {

// The wire's view of parameters, in the form of libpq's arguments.
struct Arguments {
  explicit Arguments(const Params& params)
      : values(static_cast<size_t>(params.size())), lengths(values.size()), formats(values.size(), 1) {
    for (int i = 0; i < params.size(); ++i) {
      values[static_cast<size_t>(i)] = params.value(i);
      lengths[static_cast<size_t>(i)] = params.length(i);
    }
  }
  std::vector<const char*> values;
  std::vector<int> lengths;
  std::vector<int> formats;
};

}  // namespace cognate::postgres

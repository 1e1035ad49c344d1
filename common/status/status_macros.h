// RETURN_IF_ERROR and ASSIGN_OR_RETURN, for functions that return absl::Status or absl::StatusOr.
#pragma once

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#define COGNATE_CONCAT_INNER(a, b) a##b
#define COGNATE_CONCAT(a, b) COGNATE_CONCAT_INNER(a, b)

// The counter keeps the name unique where one macro stands inside another's lambda.
#define RETURN_IF_ERROR(...) \
  COGNATE_RETURN_IF_ERROR(COGNATE_CONCAT(status_or_return_, __COUNTER__), (__VA_ARGS__))
#define COGNATE_RETURN_IF_ERROR(name, expression)                \
  do {                                                           \
    if (absl::Status name = expression; !name.ok()) return name; \
  } while (false)

// ASSIGN_OR_RETURN(auto value, Function(a, b));
#define ASSIGN_OR_RETURN(target, ...) \
  COGNATE_ASSIGN_OR_RETURN(COGNATE_CONCAT(value_or_return_, __COUNTER__), target, (__VA_ARGS__))
#define COGNATE_ASSIGN_OR_RETURN(name, target, expression) \
  auto name = expression;                                  \
  if (!name.ok()) return std::move(name).status();         \
  target = *std::move(name)

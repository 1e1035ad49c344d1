// What most of the command line includes, parsed once, beside library.h.
#pragma once

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "cmake/precompiled/library.h"

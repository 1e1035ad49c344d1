#pragma once

namespace cognate::cli {

// `cognate up …`: every service in this process, until SIGINT or SIGTERM. The exit code.
int RunUp(int argc, const char* const* argv);

}  // namespace cognate::cli

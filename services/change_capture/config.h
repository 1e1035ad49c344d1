// The settings of change_capture.
#pragma once

#include <string>

#include "common/config/groups.h"
#include "common/config/settings.h"
#include "services/change_capture/appender.h"
#include "services/change_capture/assignment_moves.h"
#include "services/change_capture/catalogue.h"
#include "services/change_capture/run_loop.h"
#include "services/change_capture/stream_feeder.h"

namespace cognate::change_capture {

struct Config {
  config::Postgres postgres;
  config::Redis redis;
  config::Peers peers;
  std::string stream_prefix = "cognate:";
  AppenderOptions appender;
  CatalogueOptions catalogue;
  RunLoopOptions runs;
  MirrorOptions mirrors;
  AssignmentMovesOptions assignments;
  StreamFeederOptions feeder;  // its stream follows from the prefix

  // Shared settings and this service's own. The object outlives `settings`.
  void Register(config::Settings& settings);
  // Only this service's own, for programs that run several services.
  void RegisterOwn(config::Settings& settings);
};

}  // namespace cognate::change_capture

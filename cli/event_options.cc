#include "cli/event_options.h"

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"

namespace cognate::cli {

void EventOptions::Add(CLI::App* command) {
  command->add_option("--platform", platforms, "Only these targets")->take_all();
  command->add_option("--kind", kinds, "Only these kinds: published, deleted, dead, run_finished, …")
      ->take_all();
  command->add_option("--sync", syncs, "Only between the models of these syncs")->take_all();
  command->add_option("--actor", actors, "Only what was written in these names")->take_all();
  command->add_option("--source", sources, "Only what came from these platforms")->take_all();
  command->add_flag("--aggregate", aggregate, "One event for each change: on how many of its targets it is");
  command->add_option("--digest", digest,
                      "Of a storm: the first ones, then one event for each interval: 30s");
  command->add_option("--digest-events", digest_events, "How many are told one by one; default 5");
}

bool EventOptions::changes_filter() const {
  return aggregate || !platforms.empty() || !kinds.empty() || !syncs.empty() || !actors.empty() ||
         !sources.empty();
}

absl::Status EventOptions::SetFilter(v1::EventFilter* filter) const {
  for (const std::string& platform : platforms) filter->add_platforms(platform);
  for (const std::string& source : sources) filter->add_source_platforms(source);
  for (const std::string& actor : actors) filter->add_actors(actor);
  for (const std::string& sync : syncs)
    filter->add_syncs(absl::StartsWith(sync, "syncs/") ? sync : absl::StrCat("syncs/", sync));
  for (const std::string& kind : kinds) {
    v1::EventKind parsed;
    if (!v1::EventKind_Parse(absl::StrCat("EVENT_KIND_", absl::AsciiStrToUpper(kind)), &parsed))
      return absl::InvalidArgumentError(
          absl::StrCat("--kind: got \"", kind, "\", want published, dead and so on"));
    filter->add_kinds(parsed);
  }
  filter->set_aggregate(aggregate);
  return absl::OkStatus();
}

absl::Status EventOptions::SetDigest(v1::EventDigest* wanted) const {
  absl::Duration interval;
  if (!absl::ParseDuration(digest, &interval))
    return absl::InvalidArgumentError(
        absl::StrCat("--digest: got \"", digest, "\", want a duration such as 30s"));
  wanted->mutable_interval()->set_seconds(absl::ToInt64Seconds(interval));
  if (digest_events) wanted->set_max_events(*digest_events);
  return absl::OkStatus();
}

}  // namespace cognate::cli

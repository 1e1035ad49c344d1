"""What the dashboards show: one place, in words and PromQL. scripts/dashboards makes them Grafana's JSON, the tests run every
query in a real Prometheus, pictures.py draws some of them for the docs."""

import dataclasses

NS = 'namespace=~"$namespace"'
ON = NS + ', platform=~"$platform"'
RATE = "$__rate_interval"


@dataclasses.dataclass(frozen=True)
class Panel:
    title: str
    unit: str
    queries: list  # (PromQL, legend)
    says: str = ""
    kind: str = "timeseries"
    width: int = 8


def rate(metric, by, labels=NS):
    return f"sum by ({by}) (rate({metric}{{{labels}}}[{RATE}]))" if by else f"sum(rate({metric}{{{labels}}}[{RATE}]))"


def quantile(share, metric, by="", labels=NS):
    return f"histogram_quantile({share}, sum by ({', '.join(filter(None, ['le', by]))}) (rate({metric}_bucket{{{labels}}}[{RATE}])))"


def quantiles(metric, labels=NS):
    return [(quantile(share, metric, labels=labels), legend) for share, legend in ((0.5, "p50"), (0.95, "p95"), (0.99, "p99"))]


def highest(metric, by, labels=NS):
    """Of what several replicas of a service show alike."""
    return f"max by ({by}) ({metric}{{{labels}}})" if by else f"max({metric}{{{labels}}})"


NOT_TAKEN = "status=~\"REJECTED|FAILED|UNAUTHENTICATED|CONFLICT\""

OVERVIEW = [
    ("Is everything well?", [
        Panel("What is not healthy", "short", [(f'{highest("cognate_entity_health", "kind, name, status", NS + ", status!=" + chr(34) + "healthy" + chr(34))} > 0', "")],
              "Platforms whose lane is closed or paused, sources that cannot be captured, syncs that are paused or no longer fit.",
              "table", 8),
        Panel("Healthy", "short", [(f'count by (kind) ({highest("cognate_entity_health", "kind, name", NS + ", status=" + chr(34) + "healthy" + chr(34))})', "{{kind}}")],
              "Platforms, sources and syncs through which everything goes."),
        Panel("Processes", "short", [(f"count by (version) (cognate_build_info{{{NS}}})", "{{version}}")],
              "By version: two while an update rolls."),
    ]),
    ("How fast is it?", [
        Panel("From capture to applied", "s", quantiles("cognate_end_to_end_seconds", ON),
              "From the commit in the change log to the target's answer. A backfill counts with the age of what it brings."),
        Panel("Changes a second", "ops", [(rate("cognate_capture_changes_total", ""), "captured"),
                                          (rate("cognate_delivery_applied_total", "", ON), "applied")],
              "One change captured makes one applied for each target."),
        Panel("Oldest pending", "s", [(highest("cognate_oldest_pending_seconds", "stage"), "{{stage}}")],
              "How long the oldest of what waits has waited: in the log for the transformer, in the ledger for delivery, as a trouble, for a file."),
    ]),
    ("What does not get through?", [
        Panel("Troubles", "short", [(f'sum by (state) ({highest("cognate_troubles", "platform, state", ON)})', "{{state}}")],
              "Records that cannot follow right now. DEAD and CONFLICT wait for a person."),
        Panel("Taken by targets", "percentunit",
              [(f'sum(rate(cognate_outcomes_total{{{ON}, status="APPLIED"}}[{RATE}])) / sum(rate(cognate_outcomes_total{{{ON}}}[{RATE}]))', "applied")],
              "The share of outcomes that are APPLIED."),
        Panel("Conflicts and replays a second", "ops", [(rate("cognate_conflicts_total", "policy"), "conflicts: {{policy}}"),
                                                        (rate("cognate_replays_total", "cause"), "replays: {{cause}}")],
              "Edits of one record on two platforms at once, by the policy that decides (MANUAL: nobody has yet); records that were sent again, by cause."),
        Panel("Drift", "short", [(highest("cognate_drift_records", "sync"), "{{sync}}")],
              "Records of targets that no record of the source belongs to, as each sync's newest mirror run has counted them and not removed them yet."),
    ]),
]

SOURCES = [
    ("Do we keep up with the sources?", [
        Panel("Lag in time", "s", [(highest("cognate_source_lag_seconds", "platform", ON), "{{platform}}")],
              "How old the last change was when it was captured."),
        Panel("Lag in bytes", "bytes", [(highest("cognate_source_lag_bytes", "platform", ON), "{{platform}}")],
              "What the source's server keeps of its log for us. It fills that server's disk."),
        Panel("Since the last sign of life", "s", [(f'time() - {highest("cognate_source_heartbeat_timestamp_seconds", "platform", ON)}', "{{platform}}")],
              "A capture that is alive says so several times a second."),
    ]),
    ("What do they bring?", [
        Panel("Changes a second, by source", "ops", [(rate("cognate_source_changes_total", "platform", ON), "{{platform}}")],
              "From databases; those of agents are among the changes of the log."),
        Panel("Rows that are no records", "ops", [(rate("cognate_source_skipped_rows_total", "platform", ON), "{{platform}}")],
              "Rows without a key that could be a local id."),
        Panel("Read anew", "short", [(f"sum by (platform) (increase(cognate_source_read_anew_total{{{ON}}}[1h]))", "{{platform}}")],
              "Times that the replication slot was lost and all of the source was read again, within an hour."),
    ]),
    ("Whose clock is off?", [
        Panel("Clock offset", "s", [(highest("cognate_source_clock_offset_seconds", "platform", ON), "{{platform}}")],
              "Ahead of ours; negative: behind. Times of changes are corrected by it."),
        Panel("Times that cannot be right", "ops", [(rate("cognate_source_out_of_bounds_total", "platform", ON), "{{platform}}")],
              "The time of receipt stands in their place."),
    ]),
    ("The change log", [
        Panel("Changes and commits a second", "ops", [(rate("cognate_capture_changes_total", ""), "changes"),
                                                      (rate("cognate_capture_commits_total", ""), "commits")],
              "Many callers share a commit."),
        Panel("Changes of one commit", "short", [(quantile(0.5, "cognate_capture_commit_changes"), "p50"),
                                                 (quantile(0.99, "cognate_capture_commit_changes"), "p99")]),
        Panel("The stream of changes", "short", [(highest("cognate_capture_stream_entries", ""), "entries"),
                                                 (rate("cognate_capture_lost_batches_total", ""), "lost by Redis a second"),
                                                 (f'sum by (state) ({highest("cognate_runs_unfinished", "platform, state")})', "unfinished runs: {{state}}")],
              "Batches that the transformer has not acknowledged; beyond its bound they wait in the log."),
    ]),
]

STAGES = [
    ("Where does work wait?", [
        Panel("Backlog", "short", [(f'sum by (stage) (cognate_stage_backlog{{{NS}, stage!~"lane_.*"}})', "{{stage}}")],
              "What waits before each stage."),
        Panel("Since it last moved, with work before it", "s",
              [(f'(time() - max by (stage) (cognate_stage_progress_timestamp_seconds{{{NS}}})) and on (stage) (sum by (stage) (cognate_stage_backlog{{{NS}}}) > 0)', "{{stage}}")],
              "A stage that stands still with work before it is not ready after 20 s."),
        Panel("Oldest pending, by stage", "s", [(highest("cognate_oldest_pending_seconds", "stage"), "{{stage}}")]),
    ]),
    ("How long does a piece of work take?", [
        Panel("p50 of each stage", "s", [(quantile(0.5, "cognate_stage_duration_seconds", "stage"), "{{stage}}")],
              "append: a commit of the log. transform: a round. deliver: a batch on its target. report: outcomes into ledger and troubles."),
        Panel("p99 of each stage", "s", [(quantile(0.99, "cognate_stage_duration_seconds", "stage"), "{{stage}}")]),
        Panel("Pieces of work a second", "ops", [(rate("cognate_stage_duration_seconds_count", "stage"), "{{stage}}")]),
    ]),
    ("The transformer", [
        Panel("Changes read", "ops", [(rate("cognate_transformer_changes_total", ""), "read"),
                                      (rate("cognate_transformer_echoes_total", ""), "echoes"),
                                      (rate("cognate_transformer_given_up_total", ""), "given up")],
              "Echoes are what a delivery had written; given up are changes that cannot be processed."),
        Panel("Planned versions", "ops", [(rate("cognate_transformer_planned_total", "decision"), "{{decision}}")],
              "due: to be delivered. stale: a newer one was planned. applied: the target has just so."),
        Panel("Put on lanes", "ops", [(rate("cognate_transformer_deliveries_total", "result", ON), "{{result}}")],
              "What finds its lane full or closed stays in the ledger and comes by a refill."),
        Panel("Changes of one round", "short", [(quantile(0.5, "cognate_transformer_round_changes"), "p50"),
                                                (quantile(0.99, "cognate_transformer_round_changes"), "p99")]),
        Panel("Records expanded", "ops", [(rate("cognate_transformer_expansions_total", "model, result", ON), "{{model}} {{result}}")],
              "Records of which parts were made."),
    ]),
]

DELIVERY = [
    ("Do the targets keep up?", [
        Panel("Lane open", "short", [(highest("cognate_lane_open", "platform", ON), "{{platform}}")],
              "1 while the target can be reached; 0 while its lane is closed (the circuit is open) or paused."),
        Panel("Oldest due", "s", [(highest("cognate_oldest_pending_seconds", "platform", ON + ', stage="ledger"'), "{{platform}}")],
              "The oldest version that is planned, not applied and not in trouble."),
        Panel("Batches on the lane", "short", [(highest("cognate_lane_batches", "platform", ON), "{{platform}}")]),
        Panel("Lanes that work or rest", "short", [(f"sum by (activity) (cognate_lanes{{{NS}}})", "{{activity}}")],
              "Of all processes together. One that works has threads and connections; one that rests has nothing to do, or its target is down."),
    ]),
    ("How fast are they?", [
        Panel("Applied a second", "ops", [(rate("cognate_delivery_applied_total", "platform", ON), "{{platform}}")]),
        Panel("p99 from capture to applied", "s", [(quantile(0.99, "cognate_end_to_end_seconds", "platform", ON), "{{platform}}")]),
        Panel("Deliveries in one batch", "short", [(quantile(0.5, "cognate_delivery_batch_size", "platform", ON), "{{platform}} p50")]),
        Panel("Age of the newest canary", "s", [(f'min by (source, target) (cognate_canary_seconds{{{NS}, target=~"$platform"}})', "{{source}} to {{target}}")],
              "How long ago the newest canary that the target has was captured; where canaries are set up."),
        Panel("Change latency as feedback sees it", "s", quantiles("cognate_change_latency_seconds", ON),
              "From capture to the outcome's settlement in the ledger."),
    ]),
    ("What do they answer?", [
        Panel("Outcomes a second", "ops", [(rate("cognate_outcomes_total", "status", ON), "{{status}}")]),
        Panel("Share not taken", "percentunit",
              [(f"sum by (platform) (rate(cognate_outcomes_total{{{ON}, {NOT_TAKEN}}}[{RATE}])) / sum by (platform) (rate(cognate_outcomes_total{{{ON}}}[{RATE}]))", "{{platform}}")],
              "Refused, failed, unauthenticated or in conflict."),
        Panel("Sent and not taken", "ops", [(rate("cognate_delivery_attempts_total", "platform", ON), "{{platform}} sent"),
                                            (rate("cognate_delivery_refused_total", "platform", ON), "{{platform}} not taken")]),
        Panel("Troubles, by platform and state", "short", [(highest("cognate_troubles", "platform, state", ON), "{{platform}} {{state}}")]),
        Panel("Oldest trouble that goes on by itself, or is held", "s",
              [(highest("cognate_oldest_pending_seconds", "platform, stage", ON + ', stage=~"retry|waiting|held|held_run"'), "{{platform}} {{stage}}")]),
    ]),
]

FILES = [
    ("Do files arrive?", [
        Panel("Missing on targets", "short", [(highest("cognate_files_missing", "platform", ON), "{{platform}}")],
              "Copies that are due and records that wait for a file."),
        Panel("Oldest missing", "s", [(highest("cognate_oldest_pending_seconds", "platform", ON + ', stage="files"'), "{{platform}}")]),
        Panel("Placements a second", "ops", [(rate("cognate_files_placements_total", "state"), "{{state}}")]),
    ]),
    ("How much travels?", [
        Panel("Bytes a second", "Bps", [(rate("cognate_files_received_bytes_total", ""), "received"),
                                        (rate("cognate_files_read_bytes_total", ""), "read"),
                                        (rate("cognate_files_placed_bytes_total", ""), "placed"),
                                        (rate("cognate_files_copied_bytes_total", ""), "already there")],
              "Already there: bytes of uploads that were taken from what is stored."),
        Panel("Uploads a second", "ops", [(rate("cognate_files_uploads_total", "end"), "{{end}}")]),
        Panel("Lasting links a second", "ops", [(rate("cognate_gateway_links_total", "from"), "{{from}}"),
                                                (rate("cognate_gateway_source_checks_total", ""), "looks at sources")],
              "Answered by the source, by the stored copy, or by neither."),
    ]),
    ("The store", [
        Panel("Stored contents", "short", [(highest("cognate_files_stored", ""), "contents")]),
        Panel("Stored bytes", "bytes", [(highest("cognate_files_stored_bytes", ""), "bytes")]),
        Panel("Collected and damaged", "short", [(f"sum(increase(cognate_files_collected_total{{{NS}}}[1h]))", "collected"),
                                                 (f"sum(increase(cognate_files_damaged_total{{{NS}}}[1h]))", "damaged")],
              "Contents within an hour. Damaged must be 0."),
    ]),
]

SERVICES = [
    ("RPCs", [
        Panel("RPCs a second", "ops", [(rate("cognate_rpc_requests_total", "service"), "{{service}}")]),
        Panel("Errors a second", "ops", [(rate("cognate_rpc_requests_total", "service, code", NS + ', code!="OK"'), "{{service}} {{code}}")]),
        Panel("p99 by service", "s", [(quantile(0.99, "cognate_rpc_duration_seconds", "service"), "{{service}}")]),
        Panel("The slowest methods, p99", "s", [(f"topk(5, {quantile(0.99, 'cognate_rpc_duration_seconds', 'service, method')})", "{{service}} {{method}}")],
              "Streams and long polls last as long as they are open."),
        Panel("Spans a second", "ops", [(rate("cognate_trace_spans_total", "result"), "{{result}}")], "Of traces, where they are sent anywhere."),
        Panel("Calls that wait without a thread", "short", [(f"sum by (service, method) (cognate_rpc_waiting{{{NS}}})", "{{service}} {{method}}")]),
    ]),
    ("HTTP", [
        Panel("Gateway requests a second", "ops", [(rate("cognate_gateway_requests_total", "code"), "{{code}}")]),
        Panel("Gateway p99", "s", [(quantile(0.99, "cognate_gateway_request_duration_seconds"), "p99")]),
        Panel("Connections", "short", [(f"sum(cognate_http_connections{{{NS}}})", "open"),
                                       (rate("cognate_http_connections_total", "protocol"), "ended a second: {{protocol}}"),
                                       (rate("cognate_http_refused_total", "why"), "refused a second: {{why}}")]),
    ]),
    ("Databases and Redis", [
        Panel("Pool use", "percentunit",
              [(f'sum by (service, pool) (cognate_db_pool_connections{{{NS}, state="busy"}}) / sum by (service, pool) (cognate_db_pool_connections_max{{{NS}}})', "{{service}} {{pool}}")],
              "Busy connections of those that the pool may have."),
        Panel("Waits for a connection", "ops", [(rate("cognate_db_pool_waits_total", "service, pool"), "{{service}} {{pool}}")]),
        Panel("Connections opened and broken", "ops", [(rate("cognate_db_pool_opened_total", "service"), "{{service}} opened"),
                                                       (rate("cognate_db_pool_broken_total", "service"), "{{service}} broken")]),
        Panel("Redis memory", "bytes", [(highest("cognate_redis_memory_used_bytes", ""), "used"),
                                        (highest("cognate_redis_memory_max_bytes", ""), "may be used (0: no bound)")]),
        Panel("Redis evictions", "ops", [(f"max(rate(cognate_redis_evicted_keys_total{{{NS}}}[{RATE}]))", "keys a second")],
              "Must be 0: set maxmemory-policy noeviction."),
    ]),
    ("Processes", [
        Panel("Processor", "short", [(f"rate(process_cpu_seconds_total{{{NS}}}[{RATE}]) and on (instance) cognate_build_info", "{{job}} {{instance}}")], "Cores in use."),
        Panel("Memory", "bytes", [(f"process_resident_memory_bytes{{{NS}}} and on (instance) cognate_build_info", "{{job}} {{instance}}")]),
        Panel("Threads", "short", [(f"process_threads{{{NS}}} and on (instance) cognate_build_info", "{{job}} {{instance}}")]),
        Panel("Open files", "percentunit", [(f"process_open_fds{{{NS}}} / process_max_fds and on (instance) cognate_build_info", "{{job}} {{instance}}")], "Of those that may be open."),
        Panel("Running since", "s", [(f"time() - process_start_time_seconds{{{NS}}} and on (instance) cognate_build_info", "{{job}} {{instance}}")]),
        Panel("Certificate ends in", "s", [(f"min by (job) (cognate_tls_certificate_expiry_timestamp_seconds{{{NS}}}) - time()", "{{job}}")],
              "Where TLS is served."),
        Panel("Names without series of their own", "ops", [(rate("cognate_metrics_names_refused_total", "label"), "{{label}}")],
              "Beyond `--metrics-max-names` (12,000) names of one label in one process; of `name` four times as many."),
    ]),
]

DASHBOARDS = [
    ("overview", "overview", OVERVIEW),
    ("source", "sources", SOURCES),
    ("stages", "stages", STAGES),
    ("delivery", "delivery", DELIVERY),
    ("files", "files", FILES),
    ("services", "services", SERVICES),
]

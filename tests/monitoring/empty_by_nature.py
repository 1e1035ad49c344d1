"""What a run of the test does not bring about. Queries that may be without data although everything works, by dashboard, panel and legend,
with the reason."""

EMPTY_BY_NATURE = {
    "files: Lasting links a second: {{from}}": "needs a link with a fallback that somebody opens",
    "services: Names without series of their own: {{label}}": "needs more than 12,000 names of one label",
}

# Alerts that this test does not fire, with the reason.
NOT_FIRED = {
    "MetricsNamesRefused": "needs more than 12,000 names of one label",
}

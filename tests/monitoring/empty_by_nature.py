"""What a run of the test does not bring about. Queries that may be without data although everything works, by dashboard, panel and legend,
with the reason."""

EMPTY_BY_NATURE = {
    "files: Lasting links a second: {{from}}": "needs a link with a fallback that somebody opens",
}

"""Queries that may be without data although everything works, by dashboard, panel and legend, with the reason."""

EMPTY_BY_NATURE = {
    "services: Names without series of their own: {{label}}": "needs more than 1,000 names of one label",
}

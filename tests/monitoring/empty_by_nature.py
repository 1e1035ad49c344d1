"""Queries that may be without data although everything works, by dashboard, panel and legend, with the reason."""

EMPTY_BY_NATURE = {
    "stages: Records expanded: {{model}} {{result}}": "no model of the test is made of parts (docs/expand.md)",
    "services: Names without series of their own: {{label}}": "needs more than 1,000 names of one label",
}

#!/usr/bin/python3
"""What is written down about monitoring agrees with itself: dashboards, rules, runbooks, docs and code. Runs nothing but promtool."""

import pathlib
import re
import subprocess
import unittest

import yaml

import cluster
from code_metrics import all_metrics, base_name, names_in
from panels import DASHBOARDS
from short_rules import RULES, alerts, rules, shortened

ROOT = pathlib.Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
SERVICES = ROOT / "charts" / "cognate" / "templates" / "_services.tpl"
RULES_TESTS = sorted((ROOT / "tests" / "monitoring").glob("rules_*test.yaml"))


def run(*words):
    return subprocess.run([str(word) for word in words], capture_output=True, text=True, timeout=900, check=False)


def mentioned():
    """Metric -> where it is named: dashboards, rules and docs."""
    found = {}
    for name, _, rows in DASHBOARDS:
        for _, panels in rows:
            for panel in panels:
                for query, _ in panel.queries:
                    for metric in names_in(query):
                        found.setdefault(metric, f"dashboard {name}, panel {panel.title}")
    for rule in rules():
        for metric in names_in(rule["expr"]):
            found.setdefault(metric, f"rule {rule.get('alert') or rule['record']}")
    pages = [*DOCS.rglob("*.md"), *ROOT.glob("services/**/README.md"), ROOT / "README.md"]
    for page in pages:
        for metric in re.findall(r"\b(cognate_[a-z_]+_(?:total|seconds|bytes|info|health|open|missing|stored))\b", page.read_text()):
            found.setdefault(metric, str(page.relative_to(ROOT)))
    return found


class StaticTest(unittest.TestCase):
    def test_the_dashboards_are_what_their_script_writes(self):
        done = run(ROOT / "scripts" / "dashboards", "--check")
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_the_page_of_metrics_is_what_the_sources_say(self):
        done = run(ROOT / "scripts" / "metrics-page", "--check")
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_every_metric_that_is_named_anywhere_exists(self):
        known = set(all_metrics()) | {rule["record"] for rule in rules() if "record" in rule}
        unknown = {metric: where for metric, where in mentioned().items() if metric not in known and base_name(metric) not in known}
        self.assertEqual(unknown, {}, "metrics that no source makes")

    def test_every_name_and_label_in_the_tables_of_the_page_is_a_metrics(self):
        known, named = all_metrics(), 0
        for line in (DOCS / "metrics.md").read_text().splitlines():
            cells = line.strip("|").split("|")
            names = re.findall(r"`((?:cognate|process)_\w+)", cells[0]) if line.startswith("|") else []
            named += len(names)
            for name in names:
                self.assertIn(name, known)
            label = re.fullmatch(r" `(\w+)` ", cells[1]) if names else None
            if label:
                self.assertIn(label.group(1), known[names[0]].labels, line)
        self.assertGreater(named, len(known))

    def test_every_metric_is_shown_or_watched_somewhere(self):
        used = {base_name(metric) for name, _, rows in DASHBOARDS for _, panels in rows for panel in panels
                for query, _ in panel.queries for metric in names_in(query)}
        used |= {base_name(metric) for rule in rules() for metric in names_in(rule["expr"])}
        unused = set(all_metrics()) - {base_name(metric) for metric in used} - used
        self.assertEqual(unused, set(), "metrics on no dashboard and in no rule")

    def test_no_two_metrics_say_the_same(self):
        by_help = {}
        for metric in all_metrics().values():
            by_help.setdefault(metric.help, set()).add(metric.name)
        self.assertEqual({text: names for text, names in by_help.items() if len(names) > 1}, {}, "whoever reads the page must see the difference")

    def test_the_ports_of_the_page_are_those_of_the_chart(self):
        facts = re.search(r'{{- define "cognate.facts" -}}\n(.*?){{- end -}}', SERVICES.read_text(), re.S).group(1)
        rows = {}
        for line in (DOCS / "monitoring.md").read_text().split("### On Kubernetes")[1].splitlines():
            cells = [cell.strip() for cell in line.strip("|").split("|")]
            if len(cells) == 5 and cells[1].isdigit():
                rows[cells[0]] = (int(cells[1]), int(cells[2]), [] if cells[0] == "single" else re.findall(r"\w+", cells[4]))
        wanted = {name: (fact["grpc"], fact["admin"], fact.get("answers", [])) for name, fact in yaml.safe_load(facts).items()}
        self.assertEqual(rows, wanted)

    def test_no_runbook_knows_a_port_that_only_one_way_of_running_has(self):
        for page in (DOCS / "runbooks").glob("*.md"):
            self.assertNotRegex(page.read_text(), r":74[0-9][0-9]\b", f"{page.name}: want $COGNATE_ADDRESS, or cognate health")

    def test_names_follow_the_convention(self):
        for metric in all_metrics().values():
            with self.subTest(metric.name):
                self.assertRegex(metric.name, r"^(cognate|process)_[a-z][a-z0-9_]*$")
                self.assertEqual(metric.name.endswith("_total"), metric.type == "counter")
                self.assertNotRegex(metric.name, r"_(ms|us|millis|kb|mb|percent)(_|$)")
                self.assertTrue(metric.help and not metric.help[0].islower(), metric.help)
                self.assertLessEqual(set(metric.labels) & {"record", "entity", "local_id", "request_id", "user", "path"}, set())


class RulesTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if cluster.lacking("promtool"):
            raise AssertionError("promtool is not there: scripts/setup installs it with the package prometheus")

    def test_promtool_takes_the_rules(self):
        done = run("promtool", "check", "rules", *RULES)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_each_alert_fires_for_what_it_is_for_and_for_nothing_else(self):
        done = run("promtool", "test", "rules", *RULES_TESTS)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_each_alert_has_a_test_that_fires(self):
        tests = [test for path in RULES_TESTS for test in yaml.safe_load(path.read_text())["tests"]]
        fires = {case["alertname"] for test in tests for case in test["alert_rule_test"] if case["exp_alerts"]}
        self.assertEqual({rule["alert"] for rule in alerts()}, fires)

    def test_each_alert_has_a_runbook_that_says_what_to_do(self):
        names = {rule["alert"] for rule in alerts()}
        pages = {page.stem for page in (DOCS / "runbooks").glob("*.md") if page.stem != "README"}
        self.assertEqual(names, pages)
        for rule in alerts():
            with self.subTest(rule["alert"]):
                self.assertEqual(rule["annotations"]["runbook_url"], f"docs/runbooks/{rule['alert']}.md")
                self.assertIn(rule["labels"]["severity"], ("critical", "warning", "info"))
                page = (DOCS / "runbooks" / f"{rule['alert']}.md").read_text()
                for headline in ("## What it means", "## Who is hurt", "## What to look at", "## How to mend it", "## How to know it is over"):
                    self.assertIn(headline, page)

    def test_the_page_has_every_alert_with_its_severity(self):
        table = (DOCS / "monitoring.md").read_text().split("\n## The alerts")[1].split("\n## ")[0]
        rows = re.findall(r"^\| \[(\w+)\]\(runbooks/(\w+)\.md\) \| (\w+) \|", table, re.M)
        self.assertEqual(sorted(rows), sorted((rule["alert"], rule["alert"], rule["labels"]["severity"]) for rule in alerts()))

    def test_the_quick_copies_of_the_rules_are_rules(self):
        for rule in rules():
            with self.subTest(rule.get("alert") or rule["record"]):
                shortened(rule)


if __name__ == "__main__":
    unittest.main(verbosity=1)

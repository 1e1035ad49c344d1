"""What Helm makes of the chart for Prometheus and Grafana."""
import json
import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

import yaml

from chart import CHART, KUBERNETES, SERVICES, Objects, at, helm, missing_tools, notes


@unittest.skipIf(missing_tools(), f"without {', '.join(missing_tools())}")
class MonitoringTest(unittest.TestCase):
    def test_rules_and_dashboards_become_objects_with_every_brace_in_them(self):
        with tempfile.TemporaryDirectory() as directory:
            copy = Path(directory) / "cognate"
            shutil.copytree(CHART, copy)
            (copy / "rules" / "a_rule.yaml").write_text(
                "groups:\n- name: a\n  rules:\n  - alert: A\n    expr: up == 0\n    annotations: {summary: 'it is {{ $value }}'}\n")
            (copy / "dashboards" / "a.json").write_text('{"title": "A", "legend": "{{platform}}"}')
            answer = helm("template", "cognate", copy, "--kube-version", KUBERNETES, "--values", at("production"))
        self.assertEqual(answer.returncode, 0, answer.stderr)
        objects = [entry for entry in yaml.safe_load_all(answer.stdout) if entry]
        rule = [entry for entry in objects if entry["kind"] == "PrometheusRule" and entry["metadata"]["name"].endswith("a-rule")]
        self.assertEqual(rule[0]["spec"]["groups"][0]["rules"][0]["annotations"]["summary"], "it is {{ $value }}")
        dashboard = [entry for entry in objects if entry["metadata"]["name"] == "cognate-dashboard-a"]
        self.assertEqual(yaml.safe_load(dashboard[0]["data"]["a.json"])["legend"], "{{platform}}")
        self.assertEqual(dashboard[0]["metadata"]["labels"]["grafana_dashboard"], "1")
        self.assertEqual(dashboard[0]["metadata"]["namespace"], "monitoring")

    def test_an_alert_names_the_address_of_its_page(self):
        rules = str(Objects(at("production")).of("PrometheusRule"))
        self.assertIn("https://git.example.org/cognate/docs/runbooks/", rules)
        self.assertNotIn("'runbook_url': 'docs/", rules)

    def test_the_notes_say_where_alerts_lead_nowhere(self):
        for runbooks, told in ("", True), ("https://git.example.org/runbooks", False):
            text = notes(at("production"), f"metrics.prometheusRule.runbooks={json.dumps(runbooks)}")
            self.assertEqual("metrics.prometheusRule.runbooks" in text, told, runbooks)

    def absent(self, values, *given):
        """The file of rules with ServiceAbsent, and its expression."""
        for entry in Objects(values, *given).of("PrometheusRule"):
            for group in entry["spec"]["groups"]:
                for rule in group["rules"]:
                    if rule.get("alert") == "ServiceAbsent":
                        return entry["spec"], rule["expr"]
        raise AssertionError("no rule ServiceAbsent")

    def test_an_alert_knows_which_services_there_should_be(self):
        _, expression = self.absent(at("production"))
        self.assertEqual(re.findall(r'job="([a-z-]+)"', expression), SERVICES)
        _, expression = self.absent(at("production"), 'services.gateway.enabled=false', 'ingress.enabled=false', 'httpRoute.enabled=false')
        self.assertNotIn("gateway", expression)
        _, expression = self.absent(at("single"), 'metrics.prometheusRule.enabled=true')
        self.assertEqual(re.findall(r'job="([a-z-]+)"', expression), ["single"])
        # Whoever reads the metrics by a configuration of their own names the jobs as they like.
        _, expression = self.absent(at("production"), 'metrics.serviceMonitor.enabled=false')
        self.assertNotIn("absent(", expression)

    def test_a_service_that_never_came_rings(self):
        if shutil.which("promtool") is None:
            self.skipTest("promtool is not there: scripts/setup installs it with the package prometheus")
        rules, _ = self.absent(at("production"))
        there = [name for name in SERVICES if name != "feedback"]
        series = [{"series": f'cognate_build_info{{namespace="cognate", job="{name}"}}', "values": "1x20"} for name in there]
        series.append({"series": 'up{namespace="cognate", job="feedback"}', "values": "0x20"})
        wanted = {"exp_labels": {"severity": "critical", "namespace": "cognate", "job": "feedback"}}
        wanted["exp_annotations"] = {
            key: text.replace("{{ $labels.job }}", "feedback")
            for group in rules["groups"] for rule in group["rules"] if rule.get("alert") == "ServiceAbsent"
            for key, text in rule["annotations"].items()}
        test = {"interval": "1m", "input_series": series,
                "alert_rule_test": [{"alertname": "ServiceAbsent", "eval_time": "10m", "exp_alerts": [wanted]}]}
        with tempfile.TemporaryDirectory() as directory:
            (Path(directory) / "rules.yaml").write_text(yaml.safe_dump(rules))
            (Path(directory) / "test.yaml").write_text(yaml.safe_dump({"rule_files": ["rules.yaml"], "evaluation_interval": "1m", "tests": [test]}))
            done = subprocess.run(["promtool", "test", "rules", f"{directory}/test.yaml"], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main()

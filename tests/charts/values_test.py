"""values.yaml, its schema and the files of ci/, without Helm."""
import json
import subprocess
import sys
import unittest

import jsonschema

from chart import CHART, CI, PROGRAMS, ROOT, values_of

SCHEMA = json.loads((CHART / "values.schema.json").read_text())
VALIDATOR = jsonschema.Draft7Validator(SCHEMA)


def complaints(values):
    return [f"{'.'.join(map(str, error.absolute_path))}: {error.message}" for error in VALIDATOR.iter_errors(values)]


def objects_of(schema, path="values"):
    if isinstance(schema, dict):
        if schema.get("type") == "object":
            yield path, schema
        for name, entry in schema.items():
            yield from objects_of(entry, f"{path}.{name}")
    elif isinstance(schema, list):
        for index, entry in enumerate(schema):
            yield from objects_of(entry, f"{path}[{index}]")


class ValuesTest(unittest.TestCase):
    def test_the_schema_is_one(self):
        jsonschema.Draft7Validator.check_schema(SCHEMA)

    def test_the_defaults_and_every_file_of_ci_fit_the_schema(self):
        self.assertEqual(complaints(values_of(CHART / "values.yaml")), [])
        self.assertGreaterEqual(len(CI), 5)
        for path in CI:
            with self.subTest(path.name):
                self.assertEqual(complaints(values_of(path)), [])

    def test_an_object_with_names_has_no_others(self):
        for path, schema in objects_of(SCHEMA):
            if "properties" in schema:
                self.assertIs(schema.get("additionalProperties"), False, path)

    def test_what_is_misspelt_or_of_another_kind_is_refused(self):
        for values, words in [
            ({"replicas": 2}, "replicas"),
            ({"services": {"deliveries": {}}}, "deliveries"),
            ({"services": {"delivery": {"replicaCount": "two"}}}, "two"),
            ({"services": {"delivery": {"config": {"lane-leases": "1s"}}}}, "lane-leases"),
            ({"services": {"gateway": {"config": {"http-request-timeout": "a minute"}}}}, "a minute"),
            ({"services": {"transformer": {"postgres": {}}}}, "postgres"),
            ({"config": {"listen": "0.0.0.0:1"}}, "listen"),
            ({"config": {"log-level": "loud"}}, "loud"),
            ({"mode": "cluster"}, "cluster"),
            ({"image": {"digest": "latest"}}, "latest"),
            ({"files": {"s3": {"endpoint": "minio:9000"}}}, "minio:9000"),
            ({"files": {"pvc": {"size": "much"}}}, "much"),
        ]:
            with self.subTest(values):
                found = complaints(values)
                self.assertEqual(len(found), 1, found)
                self.assertIn(words, found[0])

    def test_settings_of_the_services_are_those_that_the_programs_have(self):
        if not PROGRAMS.exists():
            self.skipTest(f"{PROGRAMS} is not there")
        command = [sys.executable, str(ROOT / "charts" / "settings.py"), "--check", str(PROGRAMS)]
        answer = subprocess.run(command, capture_output=True, text=True, check=False)
        self.assertEqual(answer.returncode, 0, answer.stderr)

    def test_the_readme_says_what_the_values_say(self):
        command = [sys.executable, str(ROOT / "charts" / "readme.py"), "--check"]
        answer = subprocess.run(command, capture_output=True, text=True, check=False)
        self.assertEqual(answer.returncode, 0, answer.stderr)


if __name__ == "__main__":
    unittest.main()

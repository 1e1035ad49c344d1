"""deploy/compose as text, without Docker: programs, ports, files, and what its page says of it."""
import re
import unittest

import yaml

from chart import PROGRAMS, ROOT, SERVICES, facts, help_of, settings_of


class ComposeTest(unittest.TestCase):
    compose = yaml.safe_load((ROOT / "deploy" / "compose" / "compose.yaml").read_text())

    def test_each_service_runs_its_program_with_settings_that_it_has(self):
        for service in SERVICES:
            for name in (service, f"{service}-migrate"):
                if name not in self.compose["services"]:
                    self.assertIn(service, ("transformer", "gateway"))
                    continue
                entry = self.compose["services"][name]
                self.assertEqual(entry["command"][0], f"/usr/local/bin/{service}")
                self.assertIs(entry["read_only"], True)
                if PROGRAMS.exists():
                    # All are told where all are; what a program does not know it does not look at.
                    own = {variable for variable in entry["environment"] if entry["environment"][variable].find("dns:///") != 0}
                    unknown = {variable for variable in own if not {variable, variable.removesuffix("_FILE")} & settings_of(service)}
                    self.assertEqual(unknown, set(), name)

    def test_ports_are_the_programs_own_and_prometheus_asks_all(self):
        known = facts()
        targets = yaml.safe_load((ROOT / "deploy/compose/prometheus.yaml").read_text())["scrape_configs"][0]["static_configs"][0]["targets"]
        self.assertEqual(set(targets), {f"{service}:{known[service]['admin']}" for service in SERVICES})
        for service in SERVICES:
            environment = self.compose["services"][service]["environment"]
            self.assertEqual(environment["COGNATE_LISTEN"], f"0.0.0.0:{known[service]['grpc']}")
            self.assertEqual(environment["COGNATE_ADMIN"], f"0.0.0.0:{known[service]['admin']}")
            if "setting" in known[service]:
                variable = f"COGNATE_{known[service]['setting'].upper().replace('-', '_')}"
                self.assertEqual(environment[variable], f"dns:///{service}:{known[service]['grpc']}")

    def test_no_two_programs_have_one_port(self):
        services = [fact for name, fact in facts().items() if name != "single"]
        for door in ("grpc", "admin"):
            ports = [fact[door] for fact in services]
            self.assertEqual(len(ports), len(set(ports)), door)

    def test_each_is_asked_whether_it_is_ready(self):
        for name, entry in self.compose["services"].items():
            if name.endswith("-migrate"):
                self.assertEqual(entry["healthcheck"], {"disable": True}, name)
            elif name in SERVICES:
                self.assertEqual(entry["healthcheck"]["test"], ["CMD", "/usr/local/bin/cognate", "health", "--ready"])
                self.assertIn("COGNATE_ADMIN", entry["environment"], name)
        if PROGRAMS.exists():
            said = help_of("cognate", "health")
            for word in ("--ready", "--timeout", "COGNATE_ADMIN"):
                self.assertIn(word, said)

    def test_files_and_secrets_that_it_names_are_there_or_made(self):
        up = (ROOT / "deploy/compose/up").read_text()
        for name, secret in self.compose["secrets"].items():
            self.assertEqual(secret["file"], f"./keys/{name}")
            self.assertIn(f"keys.part/{name}", up)
        for entry in self.compose["services"].values():
            self.assertLessEqual(set(entry.get("secrets", [])), set(self.compose["secrets"]))
            for volume in entry.get("volumes", []):
                source = volume.split(":")[0]
                self.assertTrue(source in self.compose["volumes"] or (ROOT / "deploy/compose" / source).exists(), source)

    def test_what_the_command_line_calls_has_a_port_of_this_machine(self):
        for service, fact in facts().items():
            if "setting" in fact:
                self.assertEqual(self.compose["services"][service]["ports"], [f"127.0.0.1:{fact['grpc']}:{fact['grpc']}"], service)
                self.assertIn("outside", self.compose["services"][service]["networks"], service)

    def test_the_first_calls_are_told_alike_and_find_what_they_name(self):
        told = re.findall(r"^  (docker compose .*)$", (ROOT / "deploy/compose/up").read_text(), re.M)
        page = (ROOT / "docs" / "kubernetes.md").read_text()
        self.assertEqual(told, [re.sub(" +#.*", "", line) for line in re.findall(r"^docker compose .*$", page, re.M)])
        for line in told:
            self.assertTrue((ROOT / re.search(r" -f (\S+)", line).group(1)).exists(), line)
        service, secret = re.search(r"exec (\S+) cognate --key-file /run/secrets/(\S+) status", told[1]).groups()
        self.assertIn(secret, self.compose["services"][service]["secrets"])
        variables = self.compose["services"][service]["environment"]
        for variable in ("COGNATE_REGISTRY", "COGNATE_FEEDBACK", "COGNATE_PLAINTEXT"):
            self.assertIn(variable, variables)

    def test_only_this_machine_reaches_it(self):
        for name, entry in self.compose["services"].items():
            for port in entry.get("ports", []):
                self.assertTrue(port.startswith("127.0.0.1:"), f"{name}: {port}")


if __name__ == "__main__":
    unittest.main()

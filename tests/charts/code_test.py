"""What the chart says of the programs is what they say of themselves: ports, addresses, settings, commands, paths of probes."""
import re
import unittest

from chart import CI, PROGRAMS, ROOT, SERVICES, Objects, containers, facts, help_of, missing_tools, program_of, settings_of

PROGRAM_OF = {"single": "cognate"}


def default_port(service, setting):
    words = ["up"] if service == "single" else []
    program = PROGRAM_OF.get(service, service)
    found = re.search(rf'^  --{setting}=\[?"127\.0\.0\.1:(\d+)"', help_of(program, *words), re.M)
    return int(found.group(1)) if found else None


@unittest.skipIf(not PROGRAMS.exists(), f"{PROGRAMS} is not there")
class CodeTest(unittest.TestCase):
    def test_ports_are_the_programs_own(self):
        for service, fact in facts().items():
            with self.subTest(service):
                self.assertEqual(fact["admin"], default_port(service, "admin"))
                # `cognate up` listens on a socket and, by HTTP, nowhere, unless it is told.
                if service != "single":
                    self.assertEqual(fact["grpc"], default_port(service, "listen"))
                    self.assertEqual(fact.get("http"), default_port(service, "http"))

    def test_each_is_told_where_those_are_that_it_calls(self):
        known = facts()
        variables = {fact["setting"]: name for name, fact in known.items() if "setting" in fact}
        for service in SERVICES:
            with self.subTest(service):
                asked = {name for setting, name in variables.items() if f"COGNATE_{setting.upper().replace('-', '_')}" in settings_of(service)}
                self.assertEqual(set(known[service]["calls"]), asked)
                for fact, setting in (("postgres", "COGNATE_POSTGRES_URI"), ("redis", "COGNATE_REDIS_ADDRESS"), ("files", "COGNATE_FILE_STORE")):
                    self.assertEqual(known[service].get(fact, False), setting in settings_of(service), fact)

    def test_calls_by_grpc_find_the_service_that_answers_them(self):
        table = (ROOT / "services" / "gateway" / "rpc_table.cc").read_text()
        places = {}
        for service, peer in re.findall(r'{"(\w+Service)", &config::Peers::(\w+)}', table):
            places.setdefault(peer.replace("_", "-"), set()).add(service)
        self.assertEqual({fact["setting"]: set(fact["answers"]) for fact in facts().values() if "answers" in fact}, places)

    def test_the_paths_of_the_probes_are_those_of_the_admin_port(self):
        source = (ROOT / "common" / "http" / "admin_server.cc").read_text()
        answered = set(re.findall(r'server\.Get\(\s*"(/[\w/]+)"', source))
        asked = set(re.findall(r'cognate\.probe" \(list "(/[\w/]+)"', self.template("_pod.tpl")))
        self.assertEqual(asked, {"/livez", "/readyz/calls"})
        self.assertLessEqual(asked | {"/metrics"}, answered)

    @staticmethod
    def template(name):
        return (ROOT / "charts" / "cognate" / "templates" / name).read_text()

    @unittest.skipIf(missing_tools(), f"without {', '.join(missing_tools())}")
    def test_every_variable_that_a_pod_gets_is_a_setting_of_its_program(self):
        # A helper of another variable, which Kubernetes puts into it.
        own = {"POD_NAME"}
        looked_at = 0
        for path in CI:
            objects = Objects(path)
            for name, pod in objects.pods():
                for container in containers(pod):
                    program = program_of(container)
                    known = settings_of(program)
                    if container["command"][1] == "backup":
                        known = set(re.findall(r"COGNATE_[A-Z0-9_]+", help_of("cognate", "backup")))
                    for variable in objects.settings(pod, container):
                        looked_at += 1
                        self.assertTrue(variable in own or variable in known or variable.removesuffix("_FILE") in known,
                                        f"{path.name}: {name}: {program} has no {variable}")
        self.assertGreater(looked_at, 500)

    @unittest.skipIf(missing_tools(), f"without {', '.join(missing_tools())}")
    def test_every_command_is_one_of_the_program(self):
        for path in CI:
            for name, pod in Objects(path).pods():
                for container in containers(pod):
                    program, words = program_of(container), container["command"][1:]
                    if program != "cognate":
                        self.assertIn(f"\n  {words[0]} ", help_of(program), name)
                        continue
                    flags = {word for word in words if word.startswith("--")}
                    commands = [word for before, word in zip([""] + words, words)
                                if not word.startswith("--") and before not in ("--address", "--key-file", "--tls-ca-file", "--tls-certificate-file", "--tls-key-file")]
                    if commands[0] == "backup":
                        self.assertLessEqual(flags, set(re.findall(r"--[a-z-]+", help_of("cognate", "backup"))), name)
                        continue
                    help_of("cognate", *commands)
                    for flag in flags:
                        self.assertIn(flag, help_of("cognate"), name)


if __name__ == "__main__":
    unittest.main()

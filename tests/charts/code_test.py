"""What the chart says of the programs is what they say of themselves: ports, addresses, settings, commands, paths of probes."""
import re
import unittest

from chart import PROGRAMS, ROOT, SERVICES, facts, help_of, settings_of

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


if __name__ == "__main__":
    unittest.main()

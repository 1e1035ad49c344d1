"""What Helm says after an installation: what it tells to do can be done with what is there."""
import re
import unittest

from chart import CI, ROOT, SERVICES, Objects, at, facts, missing_tools, notes

ELSEWHERE = '{"enabled": false, "externalAddress": "elsewhere:7400"}'


def without(*services):
    return [f"services.{name}={ELSEWHERE}" for name in services]


@unittest.skipIf(missing_tools(), f"without {', '.join(missing_tools())}")
class NotesTest(unittest.TestCase):
    def test_each_tells_three_calls_of_what_is_there(self):
        for path in CI:
            with self.subTest(path.name):
                self.can_be_done(path)

    def test_without_a_service_another_one_is_asked(self):
        for last in range(1, len(SERVICES)):
            with self.subTest(SERVICES[last]):
                given = without(*SERVICES[:last]) + ["networkPolicy.enabled=false"]
                self.assertNotIn("platform-registry", self.can_be_done(at("production"), *given, *self.no_doors(SERVICES[last:])))

    def no_doors(self, services):
        return [] if "gateway" in services else ["ingress.enabled=false", "httpRoute.enabled=false"]

    def can_be_done(self, path, *given):
        text, objects = notes(path, *given), Objects(path, *given)
        kind, name, port = re.search(r"port-forward (deploy|statefulset)/(\S+) (\d+) &", text).groups()
        workload = objects.one({"deploy": "Deployment", "statefulset": "StatefulSet"}[kind], name)
        ports = {entry["name"]: entry["containerPort"] for entry in workload["spec"]["template"]["spec"]["containers"][0]["ports"]}
        self.assertEqual(int(port), ports["grpc"])
        calls = re.findall(r"^  grpcurl (.*)$", text, re.M)
        self.assertEqual(len(calls), 3, text)
        for call in calls:
            self.assertIn(f" localhost:{port} ", call)
            self.assertEqual("-plaintext" in call, "COGNATE_PLAINTEXT" in str(objects.of("ConfigMap")))
            if "-plaintext" not in call:
                self.assertIn(f" -authority {name}.cognate.svc ", call)
        self.is_answered_by(workload["metadata"]["labels"]["app.kubernetes.io/component"], calls)
        self.has_what_it_uses(text, calls)
        self.asks_for_secrets_that_pods_have(text, objects)
        self.assertEqual("Every certificate of" in text, "service-key" not in str(objects.of("ConfigMap")), text)
        self.assertEqual("The service key may do everything" in text, "service-key" in str(objects.of("ConfigMap")), text)
        self.assertIn(",app.kubernetes.io/component!=backup'", text)
        return text.split("The first three calls")[1]

    def is_answered_by(self, component, calls):
        answers = facts()[component].get("answers", sum((fact.get("answers", []) for fact in facts().values()), []) if component == "single" else [])
        for service in re.findall(r"cognate\.v1\.(\w+)", " ".join(calls)):
            self.assertIn(service, answers)
        for service, method in re.findall(r"cognate\.v1\.(\w+)/(\w+)$", "\n".join(calls), re.M):
            contracts = "".join(path.read_text() for path in (ROOT / "proto" / "cognate" / "v1").glob("*_service.proto"))
            self.assertIn(f"  rpc {method}(", contracts.split(f"service {service} {{")[1].split("\n}")[0])

    def has_what_it_uses(self, text, calls):
        told = text.split("  grpcurl ")[0]
        for use, made in (("$KEY", "  KEY=$("), ("-cacert ca.crt", " > ca.crt"), ("-cert own.crt", " > own.crt"), ("-key own.key", " > own.key)")):
            self.assertEqual(use in " ".join(calls), made in told, f"{use}: {text}")

    def asks_for_secrets_that_pods_have(self, text, objects):
        kept = {}
        for _, pod in objects.pods():
            for volume in pod["volumes"]:
                for secret in [volume["secret"]] if "secret" in volume else [source["secret"] for source in volume.get("projected", {}).get("sources", [])]:
                    kept.setdefault(secret.get("secretName", secret.get("name")), set()).update(item["key"] for item in secret["items"])
        asked = re.findall(r"get secret (\S+) -o jsonpath='{\.data\.(\S+)}'", text)
        self.assertEqual(len(asked), text.count("get secret"))
        for secret, key in asked:
            self.assertIn(key.replace("\\.", "."), kept.get(secret, ()), secret)

    def test_they_say_what_is_not_safe(self):
        self.assertIn("What is not safe yet", notes(at("tryout")))
        self.assertNotIn("What is not safe yet", notes(at("production")))

    def test_they_say_how_many_connections_there_are(self):
        for given, wanted in ((), 134), (("defaults.replicaCount=2", 'files.pvc.accessModes=["ReadWriteMany"]'), 203), (('mode="single"',), 69):
            with self.subTest(given):
                self.assertEqual(re.search(r"room for (\d+) connections", notes(at("minimal"), *given)).group(1), str(wanted))

    def test_their_calls_are_the_first_of_the_page_which_tests_make(self):
        page = re.findall(r"^grpcurl .*$", (ROOT / "docs" / "kubernetes.md").read_text(), re.M)
        self.assertEqual(re.findall(r"^  (grpcurl .*)$", notes(at("tryout")), re.M), page[:3])

    def test_a_release_without_tests_is_not_told_to_run_them(self):
        self.assertNotIn("helm -n cognate test", notes(at("minimal"), "tests.enabled=false"))


if __name__ == "__main__":
    unittest.main()

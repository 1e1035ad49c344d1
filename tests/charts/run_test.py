"""Installations that are run here as a kubelet would run them, against real servers: what the chart gives is enough."""
import re
import shlex
import shutil
import subprocess
import unittest

import living
from chart import ROOT, SERVICES, Objects, at, missing_tools, notes, tool
from kubelet import Image, Kubelet, may_run, pods_of_tests
from servers import Authority, Postgres, Redis, RedisCluster

PASSWORD = "it is \"a\" pass:word/with@everything%20#?"
KEYS = {"service-key": "k" * 40, "sealing-keys": "first MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=\n", "link-key": "l" * 40}
CANNOT = f"without {', '.join(missing_tools())}" if missing_tools() else may_run()


@unittest.skipIf(CANNOT, CANNOT)
class RunTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = living.make_directory("image-")
        cls.addClassCleanup(shutil.rmtree, cls.directory, ignore_errors=True)
        cls.image = Image(cls.directory)

    def started(self, server):
        self.addCleanup(server.close)
        return server

    def run_installation(self, objects, secrets, hosts):
        """Migrates, serves until all are ready, has the pods of `helm test` ask, and calls by grpcurl."""
        kubelet = self.started(Kubelet(self.image, objects, secrets, hosts))
        kubelet.run_hooks()
        kubelet.migrate()
        kubelet.serve()
        kubelet.wait_until_ready()
        for name, pod, container in pods_of_tests(objects):
            code, said = kubelet.run_to_end(name, pod, container)
            self.assertEqual(code, 0, f"{container['command']}: {said}")
        self.ask_each_for_its_health(kubelet)
        return kubelet

    def ask_each_for_its_health(self, kubelet):
        """As Docker and Compose do: in the container, with its own variables."""
        for name, pod in kubelet.pods():
            for words in (["health"], ["health", "--ready"]):
                container = dict(pod["containers"][0], command=["/usr/local/bin/cognate", *words])
                code, said = kubelet.run_to_end(name, pod, container)
                self.assertEqual(code, 0, f"{name}: {words}: {said[-2000:]}")

    def ask_by_the_command_line(self, kubelet):
        """`kubectl exec deploy/cognate-gateway -- cognate …`, as docs/monitoring.md has it: the gateway's pod knows where the others are."""
        page = (ROOT / "docs" / "monitoring.md").read_text()
        words = re.search(r"exec -i deploy/cognate-gateway -- cognate (.*?) \"\$@\" <", page).group(1).split()
        pod = dict(kubelet.pods())["cognate-gateway"]

        def ask(*words, told=""):
            container = dict(pod["containers"][0], command=["/usr/local/bin/cognate", *words])
            code, said = kubelet.run_to_end("cognate-gateway", pod, container, told)
            self.assertEqual(code, 0, f"{words}: {said[-2000:]}")
            return said

        for command in (["status"], ["platform", "list"], ["troubles", "list"], ["run", "list"], ["conflict", "list"], ["file", "list"]):
            ask(*words, *command, told=KEYS["service-key"] + "\n")
        made = re.search(r"exec deploy/cognate-gateway -- cognate (.*) > ada\.key", (ROOT / "docs" / "kubernetes.md").read_text()).group(1)
        self.assertIn("\ncgk_", ask(*made.split()))
        file = re.search(r"Without a key of your own, `(--key-file \S+)`", page).group(1).split()
        ask(*file, "status")

    def ask_without_a_certificate(self, kubelet, objects):
        """It is the certificate by which the pods of `helm test` are heard."""
        name, pod, container = pods_of_tests(objects)[0]
        command = container["command"]
        at_certificate, at_key = command.index("--tls-certificate-file"), command.index("--tls-key-file")
        without = [word for i, word in enumerate(command) if i not in (at_certificate, at_certificate + 1, at_key, at_key + 1)]
        code, said = kubelet.run_to_end(name, pod, dict(container, command=without))
        self.assertEqual(code, 1, said)
        self.assertIn("--tls-certificate-file", said)

    def end(self, kubelet):
        codes = kubelet.terminate()
        self.assertEqual(set(codes.values()), {0}, codes)
        for name in codes:
            self.assertIn("stopped", kubelet.log(name))

    def grpcurl(self, *words, directory=None):
        if not tool("grpcurl"):
            print("run_test: without grpcurl (`make tools` installs it) its calls are left out")
            return None
        answer = subprocess.run([str(tool("grpcurl")), *words], cwd=directory, capture_output=True, text=True, check=False)
        self.assertEqual(answer.returncode, 0, f"{words}: {answer.stderr}")
        return answer.stdout

    def make_calls_of_the_page(self, kubelet):
        """Every grpcurl of docs/kubernetes.md, as it stands there; they are those of the chart's notes, and more."""
        page = (ROOT / "docs" / "kubernetes.md").read_text()
        calls = re.findall(r"^grpcurl .*$", page, re.M)
        self.assertGreaterEqual(len(calls), 5)
        if not tool("grpcurl"):
            print("run_test: without grpcurl (`make tools` installs it) the calls of docs/kubernetes.md are left out")
            return
        address = f"{kubelet.addresses['cognate-platform-registry']}:7401"
        for call in calls:
            self.assertIn(" localhost:7401 ", call)
            answer = subprocess.run(["bash", "-c", call.replace("localhost:7401", address)], capture_output=True, text=True, check=False,
                                    env={"PATH": f"{tool('grpcurl').parent}:/usr/bin", "KEY": KEYS["service-key"]})
            self.assertEqual(answer.returncode, 0, f"{call}\n{answer.stderr}")
            self.assertTrue(answer.stdout.strip(), call)

    def database(self, postgres):
        made = postgres.psql("cognate", PASSWORD, "CREATE DATABASE cognate", "postgres")
        self.assertEqual(made.returncode, 0, made.stderr)

    def test_what_has_to_be_said_is_enough(self):
        postgres, redis = self.started(Postgres("word")), self.started(Redis(""))
        self.assertEqual(postgres.psql("cognate", "word", "CREATE DATABASE cognate", "postgres").returncode, 0)
        secrets = {"cognate-keys": KEYS, "cognate-db-app": {"uri": f"postgresql://cognate:word@pg.data.svc:{postgres.port}/cognate"}}
        objects = Objects(at("minimal"), f'redis.address="redis.data.svc:{redis.port}"')
        kubelet = self.run_installation(objects, secrets, {"pg.data.svc": "127.0.0.1", "redis.data.svc": "127.0.0.1"})
        self.assertEqual(len(pods_of_tests(objects)), 4)
        self.make_calls_of_the_page(kubelet)
        self.ask_by_the_command_line(kubelet)
        # A second pod of a service that is there already: nothing is left to migrate.
        self.assertEqual(kubelet.migrate(), 5)
        self.end(kubelet)
        for name in SERVICES:
            for secret in (KEYS["service-key"], KEYS["link-key"], "cognate:word"):
                self.assertNotIn(secret, kubelet.log(f"cognate-{name}"))

    def test_certificates_and_a_password_with_every_sign_are_enough(self):
        names = [f"cognate-{name}.cognate.svc" for name in SERVICES] + ["*.cognate-delivery.cognate.svc"]
        authority, others = self.started(Authority()), self.started(Authority())
        postgres = self.started(Postgres(PASSWORD, tls=others.pair("pg-1.data.svc", "pg-2.data.svc")))
        redis = self.started(Redis("hidden"))
        self.database(postgres)
        certificate, key = authority.pair(*names)
        pair = {"tls.crt": certificate, "tls.key": key}
        secrets = {
            "cognate-keys": KEYS, "cognate-tls": pair, "cognate-delivery-tls": pair, "cognate-ca": {"ca.crt": authority.certificate},
            "cognate-services-ca": {"ca.crt": authority.certificate}, "cognate-db": {"password": PASSWORD},
            "cognate-db-ca": {"ca.crt": others.certificate}, "redis": {"password": "hidden"},
        }
        objects = Objects(at("tls"), f"postgres.port={postgres.port}", f'redis.address="redis.data.svc:{redis.port}"')
        # `helm test` asks with a certificate, where there is no key.
        asked = [container["command"] for _, _, container in pods_of_tests(objects)]
        self.assertEqual([("--tls-key-file" in command, "--key-file" in command) for command in asked], [(True, False)] * 4)
        hosts = {name: "127.0.0.1" for name in ("pg-1.data.svc", "pg-2.data.svc", "redis.data.svc")}
        kubelet = self.run_installation(objects, secrets, hosts)
        address = kubelet.addresses["cognate-platform-registry"] + ":7401"
        calls = re.findall(r"^  grpcurl (.*)$", notes(at("tls")), re.M)
        self.assertEqual(len(calls), 3)
        for call in calls:
            self.grpcurl(*shlex.split(call.replace("localhost:7401", address)), directory=authority.directory)
        self.ask_without_a_certificate(kubelet, objects)
        self.end(kubelet)
        for name in SERVICES:
            self.assertNotIn(PASSWORD, kubelet.log(f"cognate-{name}"))

    def test_a_redis_cluster_that_wants_certificates_is_enough(self):
        names = ["redis-1.data.svc", "redis-2.data.svc", "redis-3.data.svc"]
        authority = self.started(Authority())
        postgres = self.started(Postgres(PASSWORD))
        self.database(postgres)
        redis = self.started(RedisCluster("hidden", names, authority.certificate, authority.pair(*names)))
        certificate, key = authority.pair("cognate")
        secrets = {"cognate-keys": KEYS, "cognate-db-app": {"password": PASSWORD}, "redis": {"password": "hidden"},
                   "redis-ca": {"ca.crt": authority.certificate}, "redis-client": {"tls.crt": certificate, "tls.key": key}}
        nodes = [f'"{name}:{port}"' for name, port in zip(names, redis.ports)]
        objects = Objects(at("cluster"), f"postgres.port={postgres.port}", 'postgres.sslMode="disable"', f"redis.nodes=[{','.join(nodes)}]")
        kubelet = self.run_installation(objects, secrets, {name: "127.0.0.1" for name in ["pg.data.svc", *names]})
        self.assertTrue(redis.keys())
        self.assertEqual({key for key in redis.keys() if not key.startswith("{cognate}:")}, set())
        self.end(kubelet)
        for name in SERVICES:
            self.assertNotIn("hidden", kubelet.log(f"cognate-{name}"))

    def test_one_process_is_enough(self):
        postgres, redis = self.started(Postgres("word")), self.started(Redis("hidden"))
        self.assertEqual(postgres.psql("cognate", "word", "CREATE DATABASE cognate", "postgres").returncode, 0)
        secrets = {"cognate-keys": KEYS, "redis": {"password": "hidden"},
                   "cognate-db-app": {"uri": f"postgresql://cognate:word@127.0.0.1:{postgres.port}/cognate"}}
        objects = Objects(at("single"), f'redis.address="127.0.0.1:{redis.port}"')
        kubelet = self.run_installation(objects, secrets, {})
        # It has nothing to say at its end; that it ends well is enough.
        self.assertEqual(kubelet.terminate(), {"cognate": 0}, kubelet.log("cognate"))
        self.assertNotIn("hidden", kubelet.log("cognate"))

    def test_migrated_by_hooks_and_with_roles_of_their_own_each_service_sees_its_own_tables_alone(self):
        postgres, redis = self.started(Postgres("word")), self.started(Redis(""))
        self.assertEqual(postgres.psql("cognate", "word", "CREATE DATABASE cognate", "postgres").returncode, 0)
        roles = (ROOT / "deploy" / "sql" / "roles.sql").read_text()
        owners = re.findall(r"^SELECT pg_temp\.service\('(\w+)'\)", roles, re.M)
        made = postgres.psql("cognate", "word", roles + "".join(f"ALTER ROLE cognate_{owner} PASSWORD '{owner}';\n" for owner in owners))
        self.assertEqual(made.returncode, 0, made.stderr)
        secrets = {"cognate-keys": KEYS}
        for owner in owners:
            uri = f"postgresql://cognate_{owner}:{owner}@127.0.0.1:{postgres.port}/cognate"
            secrets[f"cognate-{owner.replace('_', '-')}"] = {"uri": uri}
        objects = Objects(at("hook"), f'redis.address="127.0.0.1:{redis.port}"')
        kubelet = self.run_installation(objects, secrets, {})
        # As before an upgrade: beside what runs, nothing is left to migrate.
        self.assertEqual(kubelet.run_hooks(), len(owners))
        for owner in owners:
            for other in owners:
                seen = postgres.psql(f"cognate_{owner}", owner, f"SELECT count(*) FROM {other}.schema_migrations")
                self.assertEqual(seen.returncode == 0, owner == other, f"{owner} reads {other}: {seen.stdout}{seen.stderr}")
        self.end(kubelet)


if __name__ == "__main__":
    unittest.main()

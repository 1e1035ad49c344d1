"""What the tests of monitoring run: a cluster of one process with private servers, further programs beside it, a Prometheus."""

import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

import psycopg2

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "support"))
from ports import free_port

PATIENCE = int(os.environ.get("COGNATE_PATIENCE", "120"))  # Seconds; a machine may be ten times slower than the one that this was written on.


def eventually(what, condition, patience=PATIENCE):
    """What `condition` gives once that is true."""
    end = time.monotonic() + patience
    while True:
        got = condition()
        if got:
            return got
        if time.monotonic() > end:
            raise AssertionError(f"not within {patience} s: {what}; last: {got!r}")
        time.sleep(0.1)


class Process:
    def __init__(self, command, log, **options):
        with open(log, "ab") as output:
            self.process = subprocess.Popen(command, stdout=output, stderr=output, start_new_session=True, **options)
        self.log = pathlib.Path(log)

    def alive(self):
        return self.process.poll() is None

    def stop(self):
        if self.alive():
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


class Cluster:
    """`cognate up`, with databases `source`, `target`, `shop` and `attic`, a gateway and a directory of files."""

    def __init__(self, programs):
        self.programs = pathlib.Path(programs)
        # Short: paths of sockets are.
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="cogmon.", dir="/tmp"))
        self.folder.chmod(0o755)  # PostgreSQL runs as somebody else.
        self.roots = self.folder / "sites"
        for platform in ("source", "target"):
            (self.roots / platform).mkdir(parents=True)
        self.grpc = f"unix:{self.folder}/c.sock"
        self.processes = []
        try:
            self.begin()
        except BaseException:
            self.close()
            raise

    def begin(self):
        ready = self.folder / "ready.json"
        self.up = self.start("cognate", "up", "--data-dir", self.folder / "d", "--listen", self.grpc, "--admin", "127.0.0.1:0",
                             "--http", "127.0.0.1:0", "--file-roots", self.roots, "--ready-file", ready, "--log-level", "warn",
                             "--retry-initial", "200ms", "--retry-attempts", "3",
                             "--database", "source,target,shop,attic")
        eventually("cognate up is ready", lambda: self.check_alive() and ready.exists(), 120)
        told = json.loads(ready.read_text())
        self.admin, self.http, self.uris = told["admin_port"], told["http"][0], told["databases"]
        self.host = urllib.parse.parse_qs(urllib.parse.urlparse(self.uris["cognate"]).query)["host"][0]

    def check_alive(self):
        if not self.up.alive():
            raise AssertionError("cognate up has ended:\n" + self.up.log.read_text()[-4000:])
        return True

    def start(self, program, *arguments, **options):
        process = Process([str(self.programs / program), *map(str, arguments)], self.folder / f"{program}.log", **options)
        self.processes.append(process)
        return process

    def run(self, *words, fails=False):
        """A command of the CLI; what it prints."""
        done = subprocess.run([self.programs / "cognate", "--address", self.grpc, *map(str, words)], capture_output=True,
                              text=True, timeout=PATIENCE, check=False)
        if (done.returncode != 0) != fails:
            raise AssertionError(f"cognate {' '.join(map(str, words))}: {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def key(self, name, *words):
        """A key for call()."""
        file = self.folder / f"{name}.key"
        if not file.exists():
            self.run("key", "create", *words, "--out", file)
        return file.read_text().strip()

    def call(self, method, request, timeout=60, key=None):
        """An RPC by the gateway, as JSON; the status and the answer. Without a key it is an operator's."""
        body = json.dumps(request).encode()
        key = key or self.key("operator", "--role", "operator")
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {key}"}
        try:
            with urllib.request.urlopen(urllib.request.Request(f"http://{self.http}/cognate.v1.{method}", body, headers),
                                        timeout=timeout) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read() or b"{}")

    def connect(self, database):
        connection = psycopg2.connect(self.uris[database])
        connection.autocommit = True
        return connection

    def sql(self, database, *statements):
        """Rows of the last statement, if it has any."""
        connection = self.connect(database)
        try:
            with connection.cursor() as cursor:
                for statement in statements:
                    cursor.execute(statement)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()

    def redis(self, *words):
        """One command to the private Redis; what it answers first, as it comes."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(f"{self.host}/redis.sock")
            parts = [str(word).encode() for word in words]
            connection.sendall(b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(part), part) for part in parts))
            return connection.recv(1 << 16).decode(errors="replace")

    def close(self):
        for process in reversed(self.processes):
            process.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


class Prometheus:
    """A real one that reads these targets (job -> port) every second and evaluates these rules."""

    def __init__(self, folder, targets, rules):
        self.folder = pathlib.Path(folder) / "prometheus"
        self.folder.mkdir()
        self.targets = targets
        self.rules = rules
        self.write()
        self.port = free_port()
        self.process = Process(["prometheus", f"--config.file={self.folder}/prometheus.yml", f"--storage.tsdb.path={self.folder}/data",
                                f"--web.listen-address=127.0.0.1:{self.port}", "--web.enable-lifecycle", "--log.level=warn"],
                               self.folder / "prometheus.log")
        self.began = time.time()
        try:
            eventually("Prometheus is ready", self.is_ready)
        except BaseException:
            self.close()
            raise

    def write(self):
        jobs = [{"job_name": job, "honor_labels": True,
                 "static_configs": [{"targets": [f"127.0.0.1:{port}"] if port else [], "labels": {"namespace": "test"}}]}
                for job, port in self.targets.items()]
        config = {"global": {"scrape_interval": "1s", "evaluation_interval": "1s"}, "rule_files": [str(self.rules)],
                  "scrape_configs": jobs}
        (self.folder / "prometheus.yml").write_text(json.dumps(config))  # JSON is YAML

    def is_ready(self):
        if not self.process.alive():
            raise AssertionError("Prometheus has ended:\n" + self.process.log.read_text()[-3000:])
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/-/ready", timeout=5) as answer:
                return answer.status == 200
        except OSError:
            return False

    def add(self, job, port):
        self.targets[job] = port
        self.reload()

    def remove(self, job):
        """As discovery does it where no pod is left: the job stays, and has no target."""
        self.targets[job] = None
        self.reload()

    def reload(self):
        self.write()
        urllib.request.urlopen(urllib.request.Request(f"http://127.0.0.1:{self.port}/-/reload", method="POST"), timeout=10).close()

    def ask(self, path, **parameters):
        url = f"http://127.0.0.1:{self.port}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        try:
            with urllib.request.urlopen(url, timeout=30) as answer:
                return json.loads(answer.read())["data"]
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{parameters}: {error.read().decode()}") from error

    def series(self, query, step=1):
        """All of it since Prometheus began: [(labels, [(time, value)])], without what is no number."""
        data = self.ask("query_range", query=query, start=self.began, end=time.time(), step=step)["result"]
        series = []
        for one in data:
            values = [(at, float(value)) for at, value in one["values"] if value not in ("NaN", "+Inf", "-Inf")]
            if values:
                series.append((one["metric"], values))
        return series

    def now(self, query):
        return [(one["metric"], float(one["value"][1])) for one in self.ask("query", query=query)["result"]]

    def fired(self):
        """Names of the alerts that have fired until now."""
        return {labels["alertname"] for labels, _ in self.series('ALERTS{alertstate="firing"}')}

    def close(self):
        self.process.stop()


def lacking(*programs):
    return [program for program in programs if shutil.which(program) is None]


def programs_folder():
    return os.environ.get("COGNATE_BIN", str(pathlib.Path(__file__).resolve().parents[2] / "build" / "release" / "bin"))

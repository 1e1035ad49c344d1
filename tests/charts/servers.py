"""A PostgreSQL, a Redis and a Redis Cluster of a test's own, and certificates."""
import glob
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import living
from kubelet import eventually

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))
from ports import free_port


class Authority:
    """Signs certificates, with openssl."""

    def __init__(self):
        self.directory = Path(living.make_directory("authority-"))
        self.openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=authority", "-keyout", "ca.key", "-out", "ca.crt")
        self.certificate = (self.directory / "ca.crt").read_text()

    def openssl(self, *words):
        subprocess.run(["openssl", *words], cwd=self.directory, check=True, capture_output=True)

    def pair(self, *names):
        """(certificate, key) for these names."""
        (self.directory / "names").write_text("subjectAltName=" + ",".join(f"DNS:{name}" for name in names))
        self.openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=cognate", "-keyout", "own.key", "-out", "own.csr")
        self.openssl("x509", "-req", "-in", "own.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2",
                     "-extfile", "names", "-out", "own.crt")
        return (self.directory / "own.crt").read_text(), (self.directory / "own.key").read_text()

    def close(self):
        shutil.rmtree(self.directory, ignore_errors=True)


class Postgres:
    """`tls` is a (certificate, key); then logins by TCP need TLS and the password."""

    def __init__(self, password, tls=None):
        self.directory = Path(living.make_directory("postgres-"))
        self.bin = sorted(glob.glob("/usr/lib/postgresql/*/bin"))[-1]
        self.port = free_port()
        (self.directory / "password").write_text(password + "\n")
        options = ["listen_addresses=127.0.0.1", f"port={self.port}", f"unix_socket_directories={self.directory}", "fsync=off"]
        if tls:
            for name, text in zip(("server.crt", "server.key"), tls):
                (self.directory / name).write_text(text)
                (self.directory / name).chmod(0o600)
            options += ["ssl=on", f"ssl_cert_file={self.directory}/server.crt", f"ssl_key_file={self.directory}/server.key"]
        if os.geteuid() == 0:  # It refuses root.
            subprocess.run(["chown", "-R", "postgres", str(self.directory)], check=True)
        self.run("initdb", "-D", f"{self.directory}/data", "-U", "cognate", "-A", "scram-sha-256", f"--pwfile={self.directory}/password")
        if tls:
            (self.directory / "data" / "pg_hba.conf").write_text("local all all trust\nhostssl all all 127.0.0.1/32 scram-sha-256\n")
        self.log = open(self.directory / "log", "wb")  # noqa: SIM115: closed with the server.
        words = [word for option in options for word in ("-c", option)]
        self.process = living.spawn(self.command("postgres", "-D", f"{self.directory}/data", *words), stdout=self.log, stderr=self.log)
        eventually(lambda: self.answers(password), "PostgreSQL answers")

    def command(self, program, *words):
        drop = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.geteuid() == 0 else []
        return [*drop, f"{self.bin}/{program}", *words]

    def run(self, *words):
        subprocess.run(self.command(*words), check=True, capture_output=True)

    def answers(self, password):
        return self.psql("cognate", password, "SELECT 1", "postgres").returncode == 0

    def psql(self, user, password, sql, database="cognate"):
        uri = f"host={self.directory} port={self.port} user={user} dbname={database}"
        return subprocess.run([f"{self.bin}/psql", "-XAtq", "-v", "ON_ERROR_STOP=1", uri], input=sql, env={"PGPASSWORD": password, "PATH": "/usr/bin"},
                              capture_output=True, text=True, check=False)

    def close(self):
        self.process.terminate()
        self.process.wait()
        self.log.close()
        shutil.rmtree(self.directory, ignore_errors=True)


class Redis:
    def __init__(self, password):
        self.port = free_port()
        words = ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        configuration = tempfile.NamedTemporaryFile("w", prefix="redis-", suffix=".conf")  # noqa: SIM115: read once, at the start.
        if password:
            configuration.write(f"requirepass {password}\n")
            configuration.flush()
            words.insert(1, configuration.name)
        self.process = living.spawn(words, stdout=subprocess.DEVNULL, cwd="/tmp")
        eventually(self.answers, "Redis answers")
        configuration.close()

    def answers(self):
        try:
            with socket.create_connection(("127.0.0.1", self.port), 1) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(1) in (b"+", b"-")
        except OSError:
            return False

    def close(self):
        self.process.terminate()
        self.process.wait()


class RedisCluster:
    """Three primaries, by TLS with certificates on both sides. `pair` is for the names that they announce, and for whoever asks them."""

    def __init__(self, password, names, authority, pair):
        self.directory = Path(living.make_directory("redis-cluster-"))
        for name, text in (("ca.crt", authority), ("own.crt", pair[0]), ("own.key", pair[1])):
            (self.directory / name).write_text(text)
        self.password = password
        self.ports = [free_port() for _ in names]
        self.buses = {}
        self.processes = [self.start(name, port) for name, port in zip(names, self.ports)]
        for port in self.ports:
            eventually(lambda port=port: self.ask(port, "PING") == "PONG", "a node of the Redis Cluster answers")
        shares = [(16384 * i // len(names), 16384 * (i + 1) // len(names) - 1) for i in range(len(names))]
        for port, (first, last) in zip(self.ports, shares):
            self.ask(port, "CLUSTER", "ADDSLOTSRANGE", first, last)
            self.ask(port, "CLUSTER", "MEET", "127.0.0.1", self.ports[0], self.buses[self.ports[0]])
        for port in self.ports:
            eventually(lambda port=port: "cluster_state:ok" in self.ask(port, "CLUSTER", "INFO") and f"cluster_known_nodes:{len(names)}" in
                       self.ask(port, "CLUSTER", "INFO"), "the Redis Cluster is one")

    def start(self, name, port):
        self.buses[port] = free_port()
        home = self.directory / name
        home.mkdir()
        return living.spawn(
            ["redis-server", "--port", "0", "--tls-port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", str(home),
             "--requirepass", self.password, "--masterauth", self.password, "--tls-cluster", "yes", "--tls-replication", "yes",
             "--tls-ca-cert-file", str(self.directory / "ca.crt"), "--tls-cert-file", str(self.directory / "own.crt"),
             "--tls-key-file", str(self.directory / "own.key"), "--cluster-enabled", "yes", "--cluster-port", str(self.buses[port]),
             "--cluster-announce-hostname", name, "--cluster-preferred-endpoint-type", "hostname"], stdout=subprocess.DEVNULL)

    def ask(self, port, *words):
        answer = subprocess.run(["redis-cli", "--tls", "--cacert", "ca.crt", "--cert", "own.crt", "--key", "own.key", "-p", str(port), "--no-auth-warning",
                                 "-a", self.password, *map(str, words)], cwd=self.directory, capture_output=True, text=True, check=False)
        return answer.stdout.strip()

    def keys(self):
        """Of all nodes."""
        return {key for port in self.ports for key in self.ask(port, "KEYS", "*").split()}

    def close(self):
        for process in self.processes:
            process.terminate()
            process.wait()
        shutil.rmtree(self.directory, ignore_errors=True)

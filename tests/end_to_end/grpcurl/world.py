"""What the pages speak of, on a cluster of its own: the demo's two databases, a till and a blog with agents, and keys."""
import argparse
import contextlib
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "demo"))

from demo import Demo  # noqa: E402  (it lies beside)

PATIENCE = 120


def eventually(what, condition):
    end = time.monotonic() + PATIENCE
    while True:
        got = condition()
        if got:
            return got
        if time.monotonic() > end:
            raise AssertionError(f"not within {PATIENCE} s: {what}")
        time.sleep(0.05)


def clients():
    """The programs that can make the calls, the real one first: (name, path, environment)."""
    found = []
    grpcurl = ROOT / ".tools" / "bin" / "grpcurl"
    if grpcurl.exists():
        found.append(("grpcurl", grpcurl, {}))
    buf = ROOT / ".tools" / "node_modules" / ".bin" / "buf"
    if buf.exists():
        found.append(("buf curl", Path(__file__).with_name("by_buf"), {"BUF": str(buf)}))
    return found


class World:
    def __init__(self):
        # Short: paths of sockets are.
        self.folder = Path(tempfile.mkdtemp(prefix="cgc.", dir="/tmp"))
        self.folder.chmod(0o755)  # PostgreSQL runs as somebody else.
        programs = os.environ.get("COGNATE_BIN_DIR", str(ROOT / "build" / "release" / "bin"))
        self.demo = Demo(argparse.Namespace(bin=programs, data_dir=str(self.folder / "d"), listen="127.0.0.1:0", admin="127.0.0.1:0"))

    def start(self):
        self.demo.start()
        told = json.loads((self.folder / "d" / "up.json").read_text())
        self.address = f"127.0.0.1:{told['grpc_port']}"
        self.demo.fill()
        self.demo.connect()
        self.demo.backfill()
        self.demo.cognate("key", "create", "--role", "operator", "--out", str(self.folder / "operator.key"))
        self.make_agents()

    def make_agents(self):
        """A till that fetches its records and has people of the shop's currencies to fetch, and a blog."""
        self.demo.cognate("platform", "create", "till", "--agent", "--pull")
        self.demo.cognate("platform", "create", "blog", "--agent")
        text = {"type": "FIELD_TYPE_TEXT"}
        self.call("PlatformRegistryService/PutModels", {"platform": "platforms/till", "models": [
            {"model": "person", "key_fields": ["id"], "fields": [{"name": "id", **text}, {"name": "name", **text}]}]})
        self.call("PlatformRegistryService/PutModels", {"platform": "platforms/blog", "models": [
            {"model": "public.post", "key_fields": ["id"], "fields": [{"name": "id", **text}, {"name": "title", **text}]}]})
        self.call("ChangeCaptureService/Capture", {"platform": "blog", "changes": [
            {"change_id": "1", "model": "public.post", "local_id": "7", "operation": "OPERATION_CREATE",
             "fields": [{"name": "id", "value": {"text_value": "7"}}, {"name": "title", "value": {"text_value": "Spring"}}]}]})
        self.demo.cognate("sync", "create", "people", "--from", "atlas:public.currency", "--to", "till:person", "--map", "code=id", "--map", "name=name")
        self.demo.cognate("run", "backfill", "people")
        # A lane that nobody has taken yet gives nothing out.
        eventually("the till's lane", lambda: any(lane.get("platform") == "till" and lane.get("owner") for lane in self.call("DeliveryService/ListLanes", {}).get("lanes", [])))

    def environment(self, client):
        """Of a shell in which `grpcurl` is that client."""
        _, path, more = client
        programs = self.folder / path.name
        programs.mkdir(exist_ok=True)
        link = programs / "grpcurl"
        if not link.exists():
            link.symlink_to(path)
        return {"PATH": f"{programs}:/usr/bin:/bin", "HOME": str(self.folder), "KEY": (self.folder / "operator.key").read_text().strip(), **more}

    def shell(self, client, text):
        """A command of a page, with the address that it has here."""
        for port in ("7400", "7401"):
            text = text.replace(f"localhost:{port}", self.address)
        text = text.replace('"$COGNATE_ADDRESS"', self.address)
        return subprocess.Popen(["bash", "-c", f"exec {text}"], cwd=self.folder, env=self.environment(client), stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)

    @staticmethod
    def end(process):
        """With all that it has started: npm's buf is a program that starts another."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()

    def run(self, client, text):
        """To its end: exit code, output, errors."""
        process = self.shell(client, text)
        try:
            said, error = process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            self.end(process)
            return -1, "", f"not answered within {PATIENCE} s"
        return process.returncode, said.decode(), error.decode()

    def call(self, method, request):
        """By the first client, for what has to be there."""
        text = f"grpcurl -plaintext -d @ localhost:7400 cognate.v1.{method} <<< {shlex.quote(json.dumps(request))}"
        code, said, error = self.run(clients()[0], text)
        if code != 0:
            raise AssertionError(f"{method}: {error}")
        return json.loads(said or "{}")

    def change_something(self):
        with self.demo.atlas, self.demo.atlas.cursor() as cursor:
            cursor.execute("UPDATE country SET official_name = coalesce(official_name, '') || '.' WHERE alpha2 = 'TR'")

    def close(self):
        self.demo.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

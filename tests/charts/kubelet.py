"""Runs the pods of a rendered installation on this machine as a kubelet would: each container in the file tree of the image, read only, as
the image's user, with its volumes, variables and names. Every pod has an address of its own in 127.0.0.0/8; the one thing that is
changed is 0.0.0.0, which becomes that address."""
import base64
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

import living
from chart import PROGRAMS, ROOT, containers, not_the_images

USER = 10001
PATIENCE = 120


def may_run():
    """Why pods cannot be run here, or nothing."""
    if os.geteuid() != 0:
        return "mount namespaces need root"
    if not_the_images():
        return not_the_images()
    tried = subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False)
    return "" if tried.returncode == 0 else "this machine gives no mount namespaces"


def eventually(question, what):
    deadline = time.monotonic() + PATIENCE
    while True:
        answer = question()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"{what() if callable(what) else what}: not within {PATIENCE} s")
        time.sleep(0.05)


class Image:
    """The file tree of the image, made once."""

    def __init__(self, directory):
        self.root = Path(directory) / "image"
        subprocess.run([str(ROOT / "deploy" / "image" / "tree"), str(self.root), str(PROGRAMS)], check=True)


class Kubelet:
    """`secrets` are their names and what they hold, `hosts` further names and their addresses."""

    def __init__(self, image, objects, secrets, hosts):
        self.image, self.objects, self.secrets = image, objects, secrets
        self.directory = Path(living.make_directory("kubelet-"))
        # Two runs at once get different addresses.
        net = f"127.{40 + os.getpid() % 200}.{os.getpid() // 200 % 250}"
        self.addresses = {}
        for entry in objects.workloads():
            self.addresses[entry["metadata"]["name"]] = f"{net}.{len(self.addresses) + 10}"
        self.hosts = dict(hosts)
        for name, address in self.addresses.items():
            self.hosts[f"{name}.cognate.svc"] = address
            self.hosts[f"{name}-0.{name}.cognate.svc"] = address
        (self.directory / "hosts").write_text("127.0.0.1 localhost\n" + "".join(f"{ip} {name}\n" for name, ip in self.hosts.items()))
        self.running = {}

    # -- Pods ----------------------------------------------------------------------------------------------------------------------

    def pods(self):
        return [(entry["metadata"]["name"], entry["spec"]["template"]["spec"]) for entry in self.objects.workloads()]

    def migrate(self):
        """All init containers at once, as when all pods are new; each must end well."""
        started = [(name, self.start(name, pod, container)) for name, pod in self.pods() for container in pod.get("initContainers", [])]
        for name, process in started:
            assert process.wait(PATIENCE) == 0, f"migrations of {name}:\n{self.log(name)}"
        return len(started)

    def run_hooks(self):
        """The Jobs of migrations.mode hook, as Helm starts them before everything else; each must end well."""
        jobs = [(job["metadata"]["name"], job["spec"]["template"]["spec"]) for job in self.objects.of("Job")]
        started = [(name, self.start(name, pod, pod["containers"][0])) for name, pod in jobs]
        for name, process in started:
            assert process.wait(PATIENCE) == 0, f"{name}:\n{self.log(name)}"
        return len(started)

    def serve(self):
        for name, pod in self.pods():
            self.running[name] = self.start(name, pod, pod["containers"][0])

    def restart_what_ended(self):
        """A container that ends is started again."""
        for name, pod in self.pods():
            if self.running[name].poll() is not None:
                self.running[name] = self.start(name, pod, pod["containers"][0])

    def wait_until_ready(self):
        for name, pod in self.pods():
            container = pod["containers"][0]
            eventually(lambda name=name, container=container: self.restart_what_ended() or self.probe(name, container, "readinessProbe"),
                       lambda name=name: f"{self.log(name)[-3000:]}\n{name} is ready")
            assert self.probe(name, container, "livenessProbe"), name

    def probe(self, name, container, kind):
        asked = container[kind]["httpGet"]
        port = {entry["name"]: entry["containerPort"] for entry in container["ports"]}[asked["port"]]
        try:
            with urllib.request.urlopen(f"http://{self.addresses[name]}:{port}{asked['path']}", timeout=5) as answer:
                return answer.status == 200
        except (urllib.error.URLError, OSError):
            return False

    def run_to_end(self, name, pod, container, told=""):
        """Its exit code and what it said; it reads `told`."""
        process = self.start(name, pod, container, told)
        return process.wait(PATIENCE), self.log(name)

    def terminate(self):
        """SIGTERM to all at once; their exit codes."""
        for process in self.running.values():
            process.send_signal(signal.SIGTERM)
        return {name: process.wait(PATIENCE) for name, process in self.running.items()}

    def close(self):
        for process in self.running.values():
            if process.poll() is None:
                process.kill()
                process.wait()
        shutil.rmtree(self.directory, ignore_errors=True)

    def log(self, name):
        path = self.directory / f"{name}.log"
        return path.read_text(errors="replace") if path.exists() else ""

    # -- Containers ----------------------------------------------------------------------------------------------------------------

    def start(self, name, pod, container, told=""):
        home = self.directory / name
        volumes = {volume["name"]: self.volume(home, volume) for volume in pod.get("volumes", [])}
        mounts = [(volumes[mount["name"]], mount["mountPath"], mount.get("readOnly", False)) for mount in container.get("volumeMounts", [])]
        root = home / f"root-{container['name']}"
        root.mkdir(parents=True, exist_ok=True)
        for _, place, _ in mounts:  # As the runtime makes them.
            (self.image.root / place.lstrip("/")).mkdir(parents=True, exist_ok=True)
        (self.image.root / "etc/hosts").touch()
        lines = ["set -e", f"mount --bind {self.image.root} {root}", f"mount -o remount,bind,ro {root}",
                 f"mount --rbind /dev {root}/dev", f"mount --rbind /proc {root}/proc", f"mount --bind {self.directory}/hosts {root}/etc/hosts"]
        for source, place, read_only in mounts:
            lines.append(f"mount --bind {source} {root}{place}")
            if read_only:
                lines.append(f"mount -o remount,bind,ro {root}{place}")
        lines.append(f'exec /usr/sbin/chroot --userspec={USER}:{USER} --groups={USER} {root} "$@"')
        log = open(self.directory / f"{name}.log", "ab")  # noqa: SIM115: the process has it.
        with log, tempfile.TemporaryFile() as stdin:
            stdin.write(told.encode())
            stdin.seek(0)
            return living.spawn(["unshare", "--mount", "--propagation", "private", "sh", "-c", "\n".join(lines), "sh", *container["command"]],
                                    env=self.variables(name, container), stdout=log, stderr=log, stdin=stdin)

    def variables(self, name, container):
        found = {}
        for source in container.get("envFrom", []):
            found.update(self.objects.one("ConfigMap", source["configMapRef"]["name"])["data"])
        for entry in container.get("env", []):
            if "value" in entry:
                value = re.sub(r"\$\((\w+)\)", lambda match: found[match.group(1)], entry["value"])
            elif "fieldRef" in entry["valueFrom"]:
                value = f"{name}-0"
            else:
                reference = entry["valueFrom"]["secretKeyRef"]
                value = self.secrets[reference["name"]][reference["key"]]
            found[entry["name"]] = value
        return {"PATH": "/usr/bin", **{key: value.replace("0.0.0.0", self.addresses.get(name, "0.0.0.0")) for key, value in found.items()}}

    def volume(self, home, volume):
        directory = home / "volumes" / volume["name"]
        if directory.exists():
            return directory
        directory.mkdir(parents=True)
        os.chown(directory, 0, USER)
        directory.chmod(0o2775)
        sources = [volume] if "secret" in volume else volume.get("projected", {}).get("sources", [])
        for source in sources:
            secret = source["secret"]
            for item in secret["items"]:
                text = self.secrets[secret.get("secretName", secret.get("name"))][item["key"]]
                path = directory / item["path"]
                path.write_text(text)
                os.chown(path, 0, USER)
                path.chmod((secret if "secretName" in secret else volume["projected"])["defaultMode"])
        return directory


def generated(objects):
    """The secrets that the chart itself makes."""
    return {entry["metadata"]["name"]: {key: base64.b64decode(value).decode() for key, value in entry["data"].items()}
            for entry in objects.of("Secret")}


def pods_of_tests(objects):
    return [(entry["metadata"]["name"], entry["spec"], container) for entry in objects.of("Pod") for container in containers(entry["spec"])]

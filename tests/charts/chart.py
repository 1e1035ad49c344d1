"""The chart as tests see it: its files, and what Helm makes of them."""
import functools
import os
import re
import shutil
import subprocess
from pathlib import Path

import yaml

import living

ROOT = Path(__file__).resolve().parents[2]
CHART = ROOT / "charts" / "cognate"
TOOLS = ROOT / ".tools" / "bin"
SCHEMAS = ROOT / ".tools" / "kubernetes-schemas"
PROGRAMS = Path(os.environ.get("COGNATE_BIN_DIR", ROOT / "build" / "release" / "bin"))
CI = sorted((CHART / "ci").glob("*.yaml"))
SERVICES = ["platform-registry", "change-capture", "transformer", "delivery", "feedback", "file-transfer", "gateway"]
# The oldest that the chart takes.
KUBERNETES = "1.30.0"


def tool(name):
    """The path of helm or kubeconform, or nothing."""
    return TOOLS / name if (TOOLS / name).exists() else None


def missing_tools():
    missing = [name for name in ("helm", "kubeconform") if tool(name) is None]
    return missing if SCHEMAS.exists() else missing + ["the schemas of Kubernetes' objects"]


def values_of(path):
    return yaml.safe_load(Path(path).read_text())


def at(name):
    return CHART / "ci" / f"{name}.yaml"


@functools.lru_cache(maxsize=None)
def _helm_home():
    return living.make_directory("helm-")


def helm(*words):
    """Runs it; what it answers has stdout, stderr and returncode."""
    home = _helm_home()
    environment = dict(os.environ, HELM_CACHE_HOME=home, HELM_CONFIG_HOME=home, HELM_DATA_HOME=home)
    return subprocess.run([str(tool("helm")), *map(str, words)], env=environment, capture_output=True, text=True, check=False)


def _template(values, given):
    words = ["template", "cognate", CHART, "--namespace", "cognate", "--kube-version", KUBERNETES]
    words += ["--values", values] if values else []
    for assignment in given:
        words += ["--set-json", assignment]
    return helm(*words)


def refusal(values, *given):
    """The sentence with which values are refused; empty if they are not. `given` are assignments: 'redis.tls=true'."""
    answer = _template(values, given)
    return "" if answer.returncode == 0 else answer.stderr


@functools.lru_cache(maxsize=None)
def rendered_text(values, *given):
    answer = _template(values, given)
    if answer.returncode != 0:
        raise AssertionError(f"helm template --values {values} {' '.join(given)}\n{answer.stderr}")
    return answer.stdout


@functools.lru_cache(maxsize=None)
def notes(values, *given):
    """What Helm says after an installation."""
    copy = notes_as_object(living.make_directory("notes-"))
    words = [word for assignment in given for word in ("--set-json", assignment)]
    answer = helm("template", "cognate", copy, "-n", "cognate", "--kube-version", KUBERNETES, "-f", values, "-s", "templates/notes.yaml", *words)
    assert answer.returncode == 0, answer.stderr
    return yaml.safe_load(answer.stdout)["text"]


def notes_as_object(directory):
    """A copy of the chart in which what Helm says after an installation can be rendered: templates/notes.yaml."""
    copy = Path(directory) / "cognate"
    shutil.copytree(CHART, copy)
    notes = (copy / "templates" / "NOTES.txt").read_text()
    (copy / "templates" / "notes.yaml").write_text(
        '{{ define "notes" }}' + notes + '{{ end }}\nkind: Notes\napiVersion: v1\ntext: {{ include "notes" . | quote }}\n')
    return copy


class Objects:
    """What an installation consists of."""

    def __init__(self, values, *given):
        self.all = [entry for entry in yaml.safe_load_all(rendered_text(values, *given)) if entry]

    def of(self, kind):
        return [entry for entry in self.all if entry["kind"] == kind]

    def one(self, kind, name):
        found = [entry for entry in self.of(kind) if entry["metadata"]["name"] == name]
        assert len(found) == 1, f"{kind} {name}: {len(found)} of {[entry['metadata']['name'] for entry in self.of(kind)]}"
        return found[0]

    def workloads(self):
        """Deployments and StatefulSets of the chart's own programs."""
        return [entry for entry in self.of("Deployment") + self.of("StatefulSet") if "-dev-" not in entry["metadata"]["name"]]

    def pods(self):
        """(name, specification of the pod) of everything that runs a program of the image."""
        for entry in self.workloads() + self.of("Job"):
            yield entry["metadata"]["name"], entry["spec"]["template"]["spec"]
        for entry in self.of("CronJob"):
            yield entry["metadata"]["name"], entry["spec"]["jobTemplate"]["spec"]["template"]["spec"]
        for entry in self.of("Pod"):
            yield entry["metadata"]["name"], entry["spec"]

    def settings(self, pod, container):
        """The variables of a container, as far as they do not come from secrets."""
        variables = {}
        for source in container.get("envFrom", []):
            variables.update(self.one("ConfigMap", source["configMapRef"]["name"])["data"])
        variables.update({entry["name"]: entry.get("value") for entry in container.get("env", [])})
        return variables


def containers(pod):
    return pod.get("initContainers", []) + pod["containers"]


def program_of(container):
    return Path(container["command"][0]).name


@functools.lru_cache(maxsize=None)
def help_of(program, *words):
    return subprocess.run([str(PROGRAMS / program), *words, "--help"], env={}, capture_output=True, text=True, check=True).stdout


def settings_of(program):
    """The variables that a program knows, by its --help."""
    words = ["up"] if program == "cognate" else []
    return set(re.findall(r"\[(COGNATE_[A-Z0-9_]+)\]", help_of(program, *words)))


def facts():
    """charts/cognate/templates/_services.tpl: what the chart believes of each service."""
    text = (CHART / "templates" / "_services.tpl").read_text()
    return yaml.safe_load(re.search(r'define "cognate.facts" -}}\n(.*?){{- end', text, re.S).group(1))


def libraries_of(program):
    """The shared libraries that a program loads, as the loader finds them."""
    said = subprocess.run(["ldd", str(PROGRAMS / program)], capture_output=True, text=True, check=True).stdout
    return [Path(path) for path in re.findall(r"(?:=> )?(/\S+) \(0x", said)]


def not_the_images():
    """Why the programs of this build cannot be those of the image, or nothing."""
    if not PROGRAMS.exists():
        return f"{PROGRAMS} is not there"
    sanitized = any(re.search("lib[at]san|libubsan", path.name) for path in libraries_of("cognate"))
    return "programs with sanitizers are not those of the image" if sanitized else ""

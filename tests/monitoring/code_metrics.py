"""Which metrics there are, read out of the sources: where each is made, its name, help and labels."""

import dataclasses
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]

TEXT = r'"((?:[^"\\]|\\.)*)"'
TEXTS = rf'((?:{TEXT}\s*)+)'
LABELS = r'(?:\s*,\s*(?:[\w:]*Labels)?\{([^}]*)\})?'
MADE = re.compile(rf'\b(Counters|Gauges|Histograms)\(\s*{TEXT}\s*,\s*{TEXTS}{LABELS}')
CONSTANT = re.compile(rf'constexpr char (k\w+)\[\] =\s*{TEXTS};')
OWNED = re.compile(rf'[\w>]+[({{]\s*(?:[\w.]*metrics\w*|registry_?)\s*,\s*{TEXT}\s*,\s*{TEXTS}{LABELS}')
PLAIN = re.compile(rf'(?:Build(Counter|Gauge)\(\)\s*\.Name\(\s*{TEXT}\s*\)\s*\.Help\(\s*{TEXT}|(ProcessGauge)\(\s*{TEXT}\s*,\s*{TEXT})')


@dataclasses.dataclass(frozen=True)
class Metric:
    name: str
    type: str
    help: str
    labels: tuple
    where: str  # "services/delivery", "common/grpc"


def joined(texts):
    return "".join(re.findall(TEXT, texts))


def labels_of(text):
    return tuple(re.findall(r'"([^"]*)"', text or ""))


def metrics_of(source, where):
    for name, texts, _ in CONSTANT.findall(source):
        source = re.sub(rf"(?<=, ){name}\b", lambda _, texts=texts: texts, source)
    for kind, name, texts, _, labels in MADE.findall(source):
        yield Metric("cognate_" + name, {"Counters": "counter", "Gauges": "gauge", "Histograms": "histogram"}[kind],
                     joined(texts), labels_of(labels), where)
    for name, texts, _, labels in OWNED.findall(source):
        yield Metric("cognate_" + name, "gauge", joined(texts), labels_of(labels), where)
    for kind, name, text, process, process_name, process_text in PLAIN.findall(source):
        labels = ("label",) if name.endswith("names_refused_total") else ()
        yield Metric(name or process_name, (kind or "gauge").lower(), text or process_text, labels, where)


def all_metrics():
    """By name."""
    found = {}
    for folder in ("common", "services"):
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix not in (".cc", ".h") or "test" in path.name:
                continue
            where = "/".join(path.relative_to(ROOT).parts[:2])
            for metric in metrics_of(path.read_text(), where):
                found.setdefault(metric.name, metric)
    return found


# --- What queries name ---

WORD = re.compile(r'"(?:[^"\\]|\\.)*"|\{[^}]*\}|\[[^\]]*\]|\b((?:cognate|process)_[a-z0-9_]+|cognate:[a-z0-9_:]+)\b')


def names_in(query):
    return {name for name in WORD.findall(query) if name}


def base_name(name):
    """Of a histogram's series."""
    return re.sub(r"_(bucket|count|sum)$", "", name)

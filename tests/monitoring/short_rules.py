"""The rules as they are delivered, but quick: with a `for`, windows and limits that a test can wait for. Nothing else is changed,
so that what fires here is the rule itself."""

import pathlib
import re

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
RULES = sorted((ROOT / "charts" / "cognate" / "rules").glob("*.yaml"))

WINDOWS = {"[1d]": "[20s]", "offset 1d": "offset 20s", "[1h]": "[30s]", "[15m]": "[20s]", "[10m]": "[15s]", "[5m]": "[10s]"}
# Limits that nothing reaches within seconds, by alert.
LIMITS = {
    "ReplicationSlotGrowing": ("1073741824", "1048576"),
    "CaptureStopped": ("> 60", "> 10"),
    "PipelineStalled": ("> 60", "> 10"),
    "PlatformBehind": ("> 600", "> 8"),
    "FileTransferStuck": ("> 1800", "> 5"),
    "CanaryLate": ("> 300", "> 5"),
    "EndToEndSlow": ("> 20", "> 2"),
    "HeldTooLong": ("> 14400", "> 5"),
    "WaitingTooLong": ("> 14400", "> 5"),
}


def rules():
    """Every alert and recorded series, as in the files."""
    return [rule for path in RULES for group in yaml.safe_load(path.read_text())["groups"] for rule in group["rules"]]


def alerts():
    return [rule for rule in rules() if "alert" in rule]


def shortened(rule):
    short = dict(rule, **({"for": "3s"} if "for" in rule else {}))
    for long_window, short_window in WINDOWS.items():
        short["expr"] = short["expr"].replace(long_window, short_window)
    if rule.get("alert") in LIMITS:
        limit, low = LIMITS[rule["alert"]]
        assert limit in short["expr"], f"{rule['alert']} has no limit {limit}: change LIMITS"
        short["expr"] = short["expr"].replace(limit, low)
    assert not re.search(r"\[\d+[dhm]\]", short["expr"].replace("[7d]", "")), f"{rule}: a window that WINDOWS does not shorten"
    return short


def write_short_rules(path):
    groups = []
    for source in RULES:
        for group in yaml.safe_load(source.read_text())["groups"]:
            groups.append({"name": group["name"], "interval": "1s", "rules": [shortened(rule) for rule in group["rules"]]})
    pathlib.Path(path).write_text(yaml.safe_dump({"groups": groups}, sort_keys=False))
    return path

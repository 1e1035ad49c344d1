#!/usr/bin/env python3
"""Writes into cognate/values.schema.json which settings services.<service>.config and single.config may have, of which type: those that
the programs print with --print-config, without those that the chart gives by itself.

    charts/settings.py [--check] [directory of the programs]
"""
import json
import re
import subprocess
import sys
from pathlib import Path

SCHEMA = Path(__file__).parent / "cognate" / "values.schema.json"
SERVICES = ["platform-registry", "change-capture", "transformer", "delivery", "feedback", "file-transfer", "gateway", "single"]

# What the chart gives: addresses, TLS, files, and what has no meaning in a pod.
MANAGED = {
    "listen", "admin", "http", "plaintext", "anonymous-role", "sealing-keys-file", "tls-certificate-file",
    "tls-key-file", "tls-client-ca-file", "tls-ca-file", "redis-address", "redis-ca-file", "redis-certificate-file", "redis-key-file", "registry", "change-capture",
    "transformer", "delivery", "feedback", "file-transfer", "public-url", "advertise-address", "file-store", "file-staging", "data-dir", "database",
    "reset", "ready-file", "s3-endpoint", "s3-region", "s3-access-key", "s3-path-style",
    "s3-plaintext", "s3-ca-file", "stream-prefix", "transformer-instance", "otlp-endpoint", "otlp-ca-file", "trace-ratio",
}


def run(command, flag):
    return subprocess.run(command + [flag], env={}, capture_output=True, text=True, check=True).stdout


def printed(directory, service):
    """The settings of a program that are no secrets, and their defaults, as it prints them."""
    command = [str(directory / ("cognate" if service == "single" else service))]
    command += ["up"] if service == "single" else []
    said = run(command, "--print-config")
    found = re.findall(r"^([a-z0-9-]+) = (.*?)  # \w+$", said, re.M)
    if not found:
        raise SystemExit(f"{command[0]} --print-config: got {said!r}, want lines such as: listen = […]  # default")
    # What can be given as a file's content is a secret, and has no place in a ConfigMap.
    secrets = set(re.findall(r"A file that holds the value of --([a-z0-9-]+)", run(command, "--help")))
    return {name: default for name, default in found if name not in secrets}


WORDS = {"log-level": ["debug", "info", "warn", "error"], "log-format": ["auto", "text", "json"]}
# A whole number for a default does not mean that it must be one.
NUMBERS = {"retry-factor"}


def type_of(name, default):
    if name in WORDS:
        return {"type": "string", "enum": WORDS[name]}
    if name in NUMBERS:
        return {"type": "number"}
    if default in ("true", "false"):
        return {"type": "boolean"}
    if default.startswith("["):
        return {"type": "array", "items": {"type": "string"}}
    if re.fullmatch(r"-?\d+", default):
        return {"type": "integer"}
    if re.fullmatch(r"-?\d+\.\d+", default):
        return {"type": "number"}
    if re.fullmatch(r'"(inf|(\d+(\.\d+)?(h|m|s|ms))+)"', default):
        return {"$ref": "#/definitions/duration"}
    return {"type": "string"}


def written(value, depth=0):
    """JSON that can be read in a review: what fits into a line is one."""
    line = json.dumps(value)
    if len(line) + 2 * depth <= 140 or not isinstance(value, (dict, list)):
        return line
    indent = "  " * (depth + 1)
    if isinstance(value, dict):
        parts = [f"{indent}{json.dumps(key)}: {written(entry, depth + 1)}" for key, entry in value.items()]
    else:
        parts = [indent + written(entry, depth + 1) for entry in value]
    opening, closing = ("{", "}") if isinstance(value, dict) else ("[", "]")
    return opening + "\n" + ",\n".join(parts) + "\n" + "  " * depth + closing


def definitions(directory):
    result = {}
    for service in SERVICES:
        properties = {
            name: type_of(name, default)
            for name, default in sorted(printed(directory, service).items())
            if name not in MANAGED
        }
        result[f"config-{service}"] = {"type": "object", "additionalProperties": False, "properties": properties}
    # What all of them have can be given once, for all.
    shared = set.intersection(*({*entry["properties"]} for entry in result.values()))
    first = result["config-gateway"]["properties"]
    result["config"] = {"type": "object", "additionalProperties": False, "properties": {name: first[name] for name in sorted(shared)}}
    return result


def main():
    arguments = [word for word in sys.argv[1:] if word != "--check"]
    directory = Path(arguments[0] if arguments else Path(__file__).parent.parent / "build" / "release" / "bin")
    schema = json.loads(SCHEMA.read_text())
    now = definitions(directory)
    differing = [
        f"{name}: {setting}"
        for name, entry in now.items()
        for setting in sorted({*entry["properties"], *schema["definitions"].get(name, {}).get("properties", {})})
        if entry["properties"].get(setting) != schema["definitions"].get(name, {}).get("properties", {}).get(setting)
    ]
    schema["definitions"].update(now)
    text = written(schema) + "\n"
    if "--check" not in sys.argv:
        SCHEMA.write_text(text)
    elif SCHEMA.read_text() != text:
        raise SystemExit("charts/cognate/values.schema.json: the programs have other settings than it says; run charts/settings.py. "
                         f"Different are: {', '.join(differing) or 'its blanks alone'}")


if __name__ == "__main__":
    main()

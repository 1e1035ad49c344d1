#!/usr/bin/env python3
"""Writes cognate/README.md: README.head.md, and a table of the values with what the lines "# --" of values.yaml say of them.

    charts/readme.py [--check]
"""
import json
import sys
from pathlib import Path

import yaml

CHART = Path(__file__).parent / "cognate"


def described(text):
    """What values.yaml says, in its order: ("section", title) and ("value", path, description)."""
    path, description = [], ""
    for line in text.splitlines():
        stripped = line.strip()
        if stripped.startswith("# @section "):
            yield "section", stripped[len("# @section "):]
            description = ""
        elif stripped.startswith("# -- "):
            description = stripped[len("# -- "):]
        elif stripped.startswith("#"):
            if description:
                raise SystemExit(f"charts/cognate/values.yaml: {stripped!r} follows a description; write it into one line")
        elif stripped and not stripped.startswith("- "):
            depth = (len(line) - len(line.lstrip())) // 2
            path = path[:depth] + [stripped.split(":")[0]]
            if description:
                yield "value", list(path), description
            description = ""


def lookup(values, path):
    for name in path:
        values = values[name]
    return values


def leaves(value, path=()):
    if isinstance(value, dict) and value:
        for name, entry in value.items():
            yield from leaves(entry, path + (name,))
    else:
        yield path


def undescribed(values, rows):
    """Leaves that neither they nor something around them has a description for."""
    said = [tuple(row[1]) for row in rows if row[0] == "value"]
    return [".".join(leaf) for leaf in leaves(values) if not any(leaf[: len(path)] == path for path in said)]


def shown(value):
    text = json.dumps(value, ensure_ascii=False)
    return f"`{text}`" if len(text) <= 60 else "see values.yaml"


def render():
    text = (CHART / "values.yaml").read_text()
    values = yaml.safe_load(text)
    rows = list(described(text))
    missing = undescribed(values, rows)
    if missing:
        raise SystemExit("charts/cognate/values.yaml: no \"# --\" line says what these are: " + ", ".join(missing))
    lines = [(CHART / "README.head.md").read_text().rstrip(), "", "## Values"]
    for row in rows:
        if row[0] == "section":
            lines += ["", f"### {row[1]}", "", "| value | default | is |", "|---|---|---|"]
        else:
            description = row[2].replace("|", "\\|")
            lines.append(f"| `{'.'.join(row[1])}` | {shown(lookup(values, row[1]))} | {description} |")
    return "\n".join(lines) + "\n"


def main():
    target = CHART / "README.md"
    if "--check" not in sys.argv:
        target.write_text(render())
    elif not target.exists() or target.read_text() != render():
        raise SystemExit("charts/cognate/README.md: it does not say what values.yaml and README.head.md say; run charts/readme.py")


if __name__ == "__main__":
    main()

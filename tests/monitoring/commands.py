"""The commands of the runbooks, so that they can be tried: whoever follows a page at night must not find that an option is gone."""

import functools
import pathlib
import re
import shlex
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGES = sorted((ROOT / "docs" / "runbooks").glob("*.md"))
DATABASES = {"$COGNATE_POSTGRES_URI": "cognate", "$SOURCE_URI": "source", "$TARGET_URI": "target"}


def lines():
    """(page, command) of code blocks and of code within sentences."""
    for page in PAGES:
        text = page.read_text()
        for block in re.findall(r"```sh\n(.*?)```", text, re.S):
            for line in block.splitlines():
                yield page.stem, line
        for code in re.findall(r"`([^`]+)`", re.sub(r"```.*?```", "", text, flags=re.S)):
            yield page.stem, " ".join(code.split())


def words_of(command, program):
    command = re.sub(r"^kubectl .* -- ", "", command)  # what runs in a pod
    if not command.startswith(program + " "):
        return []
    return shlex.split(command, comments=True)[1:]


def sql():
    """(page, database, statement) of what only looks."""
    for page, command in lines():
        words = words_of(command, "psql")
        if len(words) >= 3 and words[1] == "-c":
            yield page, DATABASES[words[0]], words[2]


def rpcs():
    for page, command in lines():
        for service, method in re.findall(r"cognate\.v1\.(\w+)/(\w+)", command):
            yield page, service, method


def rpc_exists(service, method):
    protos = "\n".join(path.read_text() for path in (ROOT / "proto" / "cognate" / "v1").glob("*.proto"))
    found = re.search(rf"^service {service} \{{(.*?)^\}}", protos, re.S | re.M)
    return bool(found) and re.search(rf"\brpc {method}\(", found.group(1)) is not None


@functools.lru_cache(maxsize=None)
def help_of(program, *words):
    done = subprocess.run([program, *words, "--help"], capture_output=True, text=True, timeout=60, check=False)
    return done.stdout if done.returncode == 0 else ""


def fault_of(program, words):
    """What is wrong with `cognate <words>`, or nothing."""
    path = []
    for word in words:
        listed = re.search(r"^Subcommands:\n(.*?)(\n\n|\Z)", help_of(program, *path), re.S | re.M)
        if word.startswith("-") or not listed or not re.search(rf"^  {re.escape(word)}\s", listed.group(1), re.M):
            break
        path.append(word)
    if not path:
        return f"no such command: {words[0]}"
    text = help_of(program, *path) + (help_of(program, *path[:-1]) if len(path) > 1 else "")
    for word in words[len(path):]:
        option = re.match(r"--[a-z-]+", word)
        if option and not re.search(rf"(^|[\s,]){re.escape(option.group(0))}(?![a-z-])", text):
            return f"{' '.join(path)} has no option {option.group(0)}"
    return ""

"""The commands of the pages: what stands in blocks of shell and begins with grpcurl, with the answer that is shown below it."""
import dataclasses
import json
import re
import subprocess
from pathlib import Path

# An answer stands so many lines below its call, with a sentence between them at most.
NEAR = 6
FENCE = re.compile(r"^\s*```(\w*)\s*$")


@dataclasses.dataclass
class Command:
    page: str
    line: int
    text: str
    shown: frozenset = frozenset()  # The keys of the answer that the page shows, which may be shortened.

    @property
    def method(self):
        """`FeedbackService/Explain`; empty for `list` and `describe`."""
        found = re.search(r"\bcognate\.v1\.(\w+/\w+)", self.text)
        return found.group(1) if found else ""


def blocks(text):
    """(language, line of its first line, lines) of every fenced block."""
    language, first, lines = None, 0, []
    for number, line in enumerate(text.splitlines(), 1):
        fence = FENCE.match(line)
        if fence and language is None:
            language, first, lines = fence.group(1), number + 1, []
        elif fence:
            yield language, first, lines
            language = None
        elif language is not None:
            lines.append(line)


def whole(text):
    """Whether the shell would not wait for more."""
    if text.endswith("\\"):
        return False
    return subprocess.run(["bash", "-n", "-c", text], capture_output=True, check=False).returncode == 0


def commands_of(page, text):
    found, last, end = [], None, 0
    for language, first, lines in blocks(text):
        if language == "json" and last is not None and first - end <= NEAR:
            last.shown = frozenset(re.findall(r'"(\w+)":', "\n".join(lines)))
        last, end = None, first + len(lines)
        if language != "sh":
            continue
        number = 0
        while number < len(lines):
            begin, gathered = number, lines[number].strip()
            number += 1
            if not gathered.startswith("grpcurl "):
                continue
            while not whole(gathered):
                if number == len(lines):
                    raise AssertionError(f"{page}:{first + begin}: the command does not end within its block")
                gathered += "\n" + lines[number]
                number += 1
            last = Command(page, first + begin, gathered)
            found.append(last)
    return found


def commands_below(root):
    """Of every page of the tree, page by page."""
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "*.md"], cwd=root, capture_output=True, text=True, check=True)
    for page in sorted(listed.stdout.split()):
        yield from commands_of(page, (Path(root) / page).read_text())


def keys_of(value):
    """Every key of an answer, at whatever depth."""
    if isinstance(value, dict):
        return set(value).union(*map(keys_of, value.values()))
    return set().union(*map(keys_of, value)) if isinstance(value, list) else set()


def answers(text):
    """What a client has printed: one JSON value after the other."""
    decoder, found, at = json.JSONDecoder(), [], 0
    text = text.strip()
    while at < len(text):
        value, at = decoder.raw_decode(text, at)
        found.append(value)
        while at < len(text) and text[at].isspace():
            at += 1
    return found

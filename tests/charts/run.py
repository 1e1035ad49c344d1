"""Runs what the tests beside this find, and says aloud what they could not look at."""
import sys
import unittest
from fnmatch import fnmatch
from pathlib import Path

import living
from chart import CI, missing_tools

RENDERED = ("rendered_*_test.py", "rendered_test.py", "refusals_test.py", "run_test.py")


def chosen(word):
    """The files of tests that are meant."""
    found = sorted(path.name for path in Path(".").glob("*_test.py" if word in ("plain", "rendered") else word))
    rendered = [name for name in found if any(fnmatch(name, pattern) for pattern in RENDERED)]
    return {"plain": [name for name in found if name not in rendered], "rendered": rendered}.get(word, found)


def main():
    living.watch()
    word = sys.argv[1] if len(sys.argv) > 1 else "*_test.py"
    files = chosen(word)
    if not files:
        sys.exit(f"tests/charts/run: got {word!r}, want plain, rendered or a pattern of files such as values_test.py")
    missing = missing_tools()
    if missing and word != "plain":
        print(f"[  SKIPPED ] without {', '.join(missing)} (`make tools` installs them) nothing of the chart is rendered or run here")
        if word == "rendered":
            sys.exit(77)
    tests = unittest.TestSuite(unittest.defaultTestLoader.discover(".", pattern=name) for name in files)
    result = unittest.TextTestRunner(verbosity=2, stream=sys.stdout).run(tests)
    for test, reason in result.skipped:
        print(f"skipped: {test.id()}: {reason}")
    if not missing and word in ("rendered", "*_test.py"):
        failed = {str(test) for test, _ in result.failures + result.errors if test.id().startswith(("rendered_", "refusals_test"))}
        print(f"figure chart.rendered value_sets={len(CI)} invalid={len(failed)}")
    sys.exit(0 if result.wasSuccessful() else 1)


if __name__ == "__main__":
    main()

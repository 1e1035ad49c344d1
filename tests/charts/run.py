"""Runs what the tests beside this find, and says aloud what they could not look at."""
import sys
import unittest

import living
from chart import CI, missing_tools


def main():
    living.watch()
    missing = missing_tools()
    if missing:
        print(f"charts_test: without {', '.join(missing)} (`make tools` installs them) nothing is rendered. Only these are checked: "
              "values against their schema, the syntax of the templates, the Dockerfile, deploy/.")
    pattern = sys.argv[1] if len(sys.argv) > 1 else "*_test.py"
    result = unittest.TextTestRunner(verbosity=2, stream=sys.stdout).run(unittest.defaultTestLoader.discover(".", pattern=pattern))
    for test, reason in result.skipped:
        print(f"skipped: {test.id()}: {reason}")
    if not missing and pattern == "*_test.py":
        failed = {str(test) for test, _ in result.failures + result.errors if test.id().startswith(("rendered_", "refusals_test"))}
        print(f"figure chart.rendered value_sets={len(CI)} invalid={len(failed)}")
    sys.exit(0 if result.wasSuccessful() else 1)


if __name__ == "__main__":
    main()

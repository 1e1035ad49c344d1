"""The chart as it is packed."""
import re
import tarfile
import unittest
from pathlib import Path

import living
from chart import CHART, helm, missing_tools


@unittest.skipIf(missing_tools(), f"without {', '.join(missing_tools())}")
class PackageTest(unittest.TestCase):
    def test_what_the_readme_links_to_is_packed(self):
        directory = living.make_directory("packed-")
        answer = helm("package", "--destination", directory, CHART)
        self.assertEqual(answer.returncode, 0, answer.stderr)
        with tarfile.open(next(Path(directory).glob("*.tgz"))) as archive:
            packed = {name.removeprefix("cognate/") for name in archive.getnames()}
        links = set(re.findall(r"\]\((?!\.\./|https?:|#)([^)#]+)", (CHART / "README.md").read_text()))
        self.assertGreater(len(links), 5)
        self.assertEqual(links - packed, set())


if __name__ == "__main__":
    unittest.main()

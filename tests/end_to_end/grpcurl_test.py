#!/usr/bin/python3
"""Every grpcurl command of the pages is made as it stands there, against a cluster; only its address is another."""
import os
import re
import selectors
import signal
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).with_name("grpcurl")))

from pages import answers, commands_below, commands_of, keys_of  # noqa: E402
from world import ROOT, World, clients, eventually  # noqa: E402

# Calls whose answer goes on until somebody ends it.
STREAMS = {
    f"{path.stem.replace('_service', '').title().replace('_', '')}Service/{method}"
    for path in (ROOT / "proto" / "cognate" / "v1").glob("*_service.proto")
    for method in re.findall(r"rpc (\w+)\([^)]*\) returns \(stream ", path.read_text())
}


class PagesTest(unittest.TestCase):
    """How commands are found."""

    def test_a_command_ends_where_its_quotes_end(self):
        page = "# A\n\n```sh\nls\ngrpcurl -d '{\n  \"a\": 1}' \\\n  x y\ngrpcurl -d @ x z <<< '{\n}'   # so\n```\n\n```json\n{\"b\": [{\"c\": 1}], …}\n```\n"
        first, second = commands_of("a.md", page)
        self.assertEqual((first.line, first.text, first.shown), (5, "grpcurl -d '{\n  \"a\": 1}' \\\n  x y", frozenset()))
        self.assertEqual((second.line, second.shown), (8, {"b", "c"}))

    def test_a_command_that_does_not_end_is_told(self):
        with self.assertRaisesRegex(AssertionError, "a.md:2: the command does not end"):
            commands_of("a.md", "```sh\ngrpcurl -d '{\n```\n")

    def test_none_is_overlooked(self):
        found = list(commands_below(ROOT))
        begun = sum(len(re.findall(r"^\s*grpcurl ", (ROOT / page).read_text(), re.M)) for page in {command.page for command in found})
        self.assertEqual(len(found), begun)
        self.assertGreaterEqual(len([command for command in found if command.page == "README.md"]), 5)
        self.assertGreaterEqual(len({command.page for command in found}), 10)


class CallsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.world = World()
        cls.addClassCleanup(cls.world.close)
        signal.signal(signal.SIGTERM, cls.end)
        cls.world.start()

    @classmethod
    def end(cls, *_):
        cls.world.close()
        os._exit(128 + signal.SIGTERM)

    def make(self, client, command):
        """Makes the call of a page; what was printed."""
        text = self.with_what_is_there(command.text)
        if command.method in STREAMS:
            return self.watch(client, text)
        code, said, error = self.world.run(client, text)
        self.assertEqual(code, 0, f"{text}\n{said}{error}")
        return said

    def watch(self, client, text):
        """Until an event was told; then ends it, as Ctrl-C does."""
        process = self.world.shell(client, text)
        selector = selectors.DefaultSelector()
        selector.register(process.stdout, selectors.EVENT_READ)
        said = b""

        def told():
            nonlocal said
            self.assertIsNone(process.poll(), text)
            self.world.change_something()
            if selector.select(timeout=1):
                said += os.read(process.stdout.fileno(), 65536)
            return b'"events"' in said and self.is_whole(said.decode(errors="replace"))

        try:
            eventually(f"an event by {text}", told)
        finally:
            self.world.end(process)
        return said.decode()

    @staticmethod
    def is_whole(said):
        try:
            return bool(answers(said))
        except ValueError:
            return False

    def with_what_is_there(self, text):
        """A report is of a delivery that was lent."""
        if "0194f0c8-…" not in text:
            return text
        lent = eventually("a delivery for the till", lambda: self.world.call(
            "DeliveryService/Pull", {"platform": "till", "max_deliveries": 1, "wait": "1s"}).get("deliveries"))[0]
        for word, value in (("0194f0c8-…", lent["entityId"]), ('"version": 41', f'"version": {lent["version"]}'),
                            ("OPERATION_UPDATE", lent["operation"])):
            self.assertIn(word, text)
            text = text.replace(word, value)
        return text

    def expect_what_is_shown(self, command, said):
        self.assertTrue(said.strip(), command.text)
        if command.method or "Health/Check" in command.text:
            self.assertTrue(self.is_whole(said), said)
        if command.shown:
            self.assertLessEqual(command.shown, keys_of(answers(said)), f"{command.page}:{command.line} shows what is not answered: {said}")

    def test_every_call_of_the_pages_is_answered(self):
        client = clients()[0]
        if client[0] != "grpcurl":
            print("grpcurl_test: without grpcurl (`make tools` installs it) its calls are made by buf curl, and `describe` is left out", flush=True)
        made = 0
        for command in commands_below(ROOT):
            with self.subTest(f"{command.page}:{command.line}"):
                self.expect_what_is_shown(command, self.make(client, command))
                made += 1
        print(f"figure grpcurl.commands made={made}")

    def test_another_client_gets_the_same_answers(self):
        others = clients()[1:]
        if not others:
            self.skipTest("there is one client alone; `make lint` installs buf")
        for command in commands_of("README.md", (ROOT / "README.md").read_text()):
            with self.subTest(f"{command.page}:{command.line}"):
                self.expect_what_is_shown(command, self.make(others[0], command))


if __name__ == "__main__":
    if not clients():
        print("grpcurl_test: neither grpcurl (`make tools` installs it) nor buf (`make lint` installs it) is there: no call was made")
        sys.exit(77)
    unittest.main(verbosity=2)

"""The templates as text, without Helm: blocks that end, names that are defined, values that there are."""
import json
import re
import unittest

from chart import CHART

SCHEMA = json.loads((CHART / "values.schema.json").read_text())
FILES = [path for path in sorted((CHART / "templates").rglob("*")) if path.suffix in (".yaml", ".tpl", ".txt")]
ACTION = re.compile(r"{{-?\s*(/\*.*?\*/|.*?)\s*-?}}", re.S)


def actions(path):
    text = path.read_text()
    for found in ACTION.finditer(text):
        if not found.group(1).startswith("/*"):
            yield text.count("\n", 0, found.start()) + 1, found.group(1)


def resolve(schema):
    while "$ref" in schema:
        schema = SCHEMA["definitions"][schema["$ref"].rsplit("/", 1)[1]]
    return schema


def is_value(path):
    schema = SCHEMA
    for name in path:
        schema = resolve(schema)
        if name in schema.get("properties", {}):
            schema = schema["properties"][name]
        elif "properties" in schema or schema.get("type") != "object":
            return False
        else:
            return True  # Within a free map.
    return True


class TemplatesTest(unittest.TestCase):
    def test_every_block_ends(self):
        for path in FILES:
            with self.subTest(path.name):
                open_blocks = []
                for line, action in actions(path):
                    word = re.match(r"[a-z]*", action).group()
                    if word in ("if", "range", "with", "define", "block"):
                        open_blocks.append((line, action))
                    elif word == "else":
                        self.assertTrue(open_blocks, f"{path.name}:{line}: else without a beginning")
                    elif word == "end":
                        self.assertTrue(open_blocks, f"{path.name}:{line}: end without a beginning")
                        open_blocks.pop()
                self.assertEqual(open_blocks, [], f"{path.name}: without an end")
                text = path.read_text()
                self.assertEqual(text.count("{{"), len(ACTION.findall(text)), f"{path.name}: an action without an end")

    def test_parentheses_and_quotes_are_closed(self):
        for path in FILES:
            for line, action in actions(path):
                bare = re.sub(r'"(\\.|[^"\\])*"|`[^`]*`', '""', action)
                self.assertEqual(bare.count("("), bare.count(")"), f"{path.name}:{line}: {action}")
                self.assertEqual(bare.replace('""', "").count('"'), 0, f"{path.name}:{line}: {action}")

    def test_what_is_included_is_defined_and_what_is_defined_is_included(self):
        defined, included = set(), set()
        for path in FILES:
            for _, action in actions(path):
                defined.update(re.findall(r'^define "([^"]+)"', action))
                included.update(re.findall(r'(?:include|template) "([^"]+)"', action))
        self.assertEqual(included - defined, set())
        self.assertEqual(defined - included, set())

    def test_every_value_that_is_read_is_one(self):
        read = 0
        for path in FILES:
            for line, action in actions(path):
                for found in re.findall(r"(?:\.Values|\$values)((?:\.[A-Za-z]\w*)+)", action):
                    read += 1
                    self.assertTrue(is_value(found.strip(".").split(".")), f"{path.name}:{line}: .Values{found} is no value")
        self.assertGreater(read, 100)


if __name__ == "__main__":
    unittest.main()

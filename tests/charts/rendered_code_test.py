"""What pods are told is what the programs know: variables, commands."""
import re
import unittest

from chart import CI, PROGRAMS, Objects, containers, help_of, missing_tools, program_of, settings_of

CANNOT = f"without {', '.join(missing_tools())}" if missing_tools() else "" if PROGRAMS.exists() else f"{PROGRAMS} is not there"


@unittest.skipIf(CANNOT, CANNOT)
class RenderedCodeTest(unittest.TestCase):
    def test_every_variable_that_a_pod_gets_is_a_setting_of_its_program(self):
        # A helper of another variable, which Kubernetes puts into it.
        own = {"POD_NAME"}
        looked_at = 0
        for path in CI:
            objects = Objects(path)
            for name, pod in objects.pods():
                for container in containers(pod):
                    program = program_of(container)
                    known = settings_of(program)
                    if container["command"][1] == "backup":
                        known = set(re.findall(r"COGNATE_[A-Z0-9_]+", help_of("cognate", "backup")))
                    for variable in objects.settings(pod, container):
                        looked_at += 1
                        self.assertTrue(variable in own or variable in known or variable.removesuffix("_FILE") in known,
                                        f"{path.name}: {name}: {program} has no {variable}")
        self.assertGreater(looked_at, 500)

    def test_every_command_is_one_of_the_program(self):
        for path in CI:
            for name, pod in Objects(path).pods():
                for container in containers(pod):
                    program, words = program_of(container), container["command"][1:]
                    if program != "cognate":
                        self.assertIn(f"\n  {words[0]} ", help_of(program), name)
                        continue
                    flags = {word for word in words if word.startswith("--")}
                    commands = [word for before, word in zip([""] + words, words)
                                if not word.startswith("--") and before not in ("--address", "--key-file", "--tls-ca-file", "--tls-certificate-file", "--tls-key-file")]
                    if commands[0] == "backup":
                        self.assertLessEqual(flags, set(re.findall(r"--[a-z-]+", help_of("cognate", "backup"))), name)
                        continue
                    help_of("cognate", *commands)
                    for flag in flags:
                        self.assertIn(flag, help_of("cognate"), name)


if __name__ == "__main__":
    unittest.main()

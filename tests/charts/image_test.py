"""The Dockerfile without Docker: what it copies is there, what it installs exists, and what the programs load comes with it."""
import functools
import json
import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

import yaml

import living
from chart import CHART, CI, PROGRAMS, ROOT, SERVICES, libraries_of, not_the_images, values_of

DOCKERFILE = (ROOT / "Dockerfile").read_text()
IMAGE = ROOT / "deploy" / "image"
PACKAGES = (IMAGE / "packages").read_text().split()
# What is not linked, but read while running: authorities, time zones.
READ = {"ca-certificates", "tzdata"}


def instructions():
    """(instruction, words) with continued lines as one."""
    text = re.sub(r"\\\n", " ", re.sub(r"^#.*\n", "", DOCKERFILE, flags=re.M))
    return [(line.split()[0], line.split()[1:]) for line in text.splitlines() if line.strip()]


def output(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@functools.lru_cache(maxsize=None)
def owners():
    """Which Debian package has which library, as dpkg-query -S would say, at once."""
    found = {}
    for listed in Path("/var/lib/dpkg/info").glob("*.list"):
        for line in listed.read_text().splitlines():
            if ".so" in line:
                found[line] = listed.stem.split(":")[0]
    return found


def owner(path):
    """The package of a library; packages name some of theirs below /lib, some below /usr/lib, which are the same."""
    real = str(Path(path).resolve())
    names = (real, real.removeprefix("/usr"), "/usr" + real, str(path))
    return next((owners()[name] for name in names if name in owners()), None)


@functools.lru_cache(maxsize=None)
def depends(package):
    answer = subprocess.run(["dpkg-query", "-W", "-f=${Pre-Depends},${Depends}", package], capture_output=True, text=True, check=False)
    return {re.split(r"[\s(:|]", word.strip())[0] for word in answer.stdout.split(",") if word.strip()}


def closure(packages):
    found, left = set(), list(packages)
    while left:
        package = left.pop()
        if package not in found:
            found.add(package)
            left.extend(depends(package))
    return found


class DockerfileTest(unittest.TestCase):
    def test_what_is_copied_is_there_and_not_ignored(self):
        ignored = (ROOT / ".dockerignore").read_text().split()
        for instruction, words in instructions():
            if instruction == "COPY" and not any(word.startswith("--from") for word in words):
                for source in words[:-1]:
                    self.assertTrue((ROOT / source).exists(), source)
                    self.assertTrue(any(source == entry[1:] or source.startswith(entry[1:] + "/") for entry in ignored if entry[0] == "!"),
                                    f"{source} is not let in by .dockerignore")

    def test_every_package_that_it_installs_exists(self):
        setup = (ROOT / "scripts" / "setup").read_text()
        build = re.findall(r"^  (\S+)", re.search(r"^build=\((.*?)^\)", setup, re.M | re.S).group(1), re.M)
        self.assertGreater(len(build), 20)
        unknown = [package for package in build + PACKAGES if not self.is_known(package)]
        self.assertEqual(unknown, [])

    @staticmethod
    def is_known(package):
        installed = subprocess.run(["dpkg-query", "-W", "-f=${Status}", package], capture_output=True, text=True, check=False)
        return "ok installed" in installed.stdout or f"Package: {package}\n" in output("apt-cache", "show", "--no-all-versions", package)

    def test_the_base_is_named_by_its_digest_and_compose_has_the_same(self):
        base = re.search(r"^ARG DEBIAN=(\S+)", DOCKERFILE, re.M).group(1)
        self.assertRegex(base, r"^debian:12-slim@sha256:[0-9a-f]{64}$")
        compose = yaml.safe_load((ROOT / "deploy" / "compose" / "compose.yaml").read_text())
        self.assertEqual([entry["image"] for entry in compose["services"].values() if entry["image"].startswith("debian")], [base])

    def build(self, *words, **environment):
        """How deploy/image/build calls Docker; a Docker that only says so, and what it looks up."""
        with tempfile.TemporaryDirectory() as directory:
            docker = Path(directory) / "docker"
            docker.write_text('#!/bin/sh\ncase "$*" in *imagetools*) echo "sha256:$(printf %064d 7)";; *) printf "%s\\n" "$@";; esac\n')
            docker.chmod(0o755)
            environment = {"PATH": f"{directory}:/usr/bin:/bin", "HOME": directory, "GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "safe.directory",
                           "GIT_CONFIG_VALUE_0": "*", **environment}
            return subprocess.run([str(IMAGE / "build"), *words], capture_output=True, text=True, check=False, env=environment)

    def test_what_is_built_has_the_base_of_the_dockerfile_and_says_so(self):
        base = re.search(r"^ARG DEBIAN=(\S+)", DOCKERFILE, re.M).group(1)
        said = self.build("cognate:1", "--load").stdout.splitlines()
        self.assertIn(f"DEBIAN={base}", said)
        self.assertIn(f"BASE_DIGEST={base.split('@')[1]}", said)
        other = "debian:12-slim@sha256:" + "a" * 64
        self.assertIn(f"DEBIAN={other}", self.build("cognate:1", "--load", DEBIAN=other).stdout.splitlines())
        refused = self.build("cognate:1", DEBIAN="debian:12-slim")
        self.assertEqual(refused.returncode, 2)
        self.assertIn("want a digest", refused.stderr)

    def test_what_the_tag_has_now_is_printed_for_the_commit_that_moves_it(self):
        self.assertEqual(self.build("--base").stdout, f"debian:12-slim@sha256:{7:064d}\n")

    def test_it_builds_the_programs_that_the_build_has(self):
        programs = (IMAGE / "programs").read_text().split()
        self.assertEqual(set(programs), {"cognate", *SERVICES})
        for program in programs:
            noun = program.replace("-", "_")
            folder = "cli" if program == "cognate" else f"services/{noun}"
            self.assertIn(f"cognate_binary({noun} ", (ROOT / folder / "CMakeLists.txt").read_text())

    def test_the_image_is_nobodys_and_needs_no_shell(self):
        last = {instruction: words for instruction, words in instructions()}
        self.assertEqual(last["USER"], ["10001:10001"])
        check = " ".join(last["HEALTHCHECK"])
        self.assertEqual(json.loads(check[check.index("["):])[:2], ["/usr/local/bin/cognate", "health"])
        self.assertEqual(last["ENV"], ["COGNATE_ADMIN=127.0.0.1:7480"])
        self.assertEqual(json.loads(" ".join(last["CMD"]))[0], "/usr/local/bin/cognate")
        self.assertNotIn("ENTRYPOINT", last)
        for label in ("title", "description", "version", "revision", "base.name", "base.digest"):
            self.assertIn(f"org.opencontainers.image.{label}=", DOCKERFILE)
        self.assertIn("io.cognate.sbom=", DOCKERFILE)

    def use_snapshot(self, address):
        """Whether it is taken, and what packages come from then."""
        with tempfile.TemporaryDirectory() as directory:
            (Path(directory) / "sources.list.d").mkdir()
            today = Path(directory) / "sources.list.d" / "debian.sources"
            today.write_text("today")
            answer = subprocess.run([str(IMAGE / "use-snapshot"), address, directory], capture_output=True, text=True, check=False)
            written = Path(directory) / "sources.list"
            self.assertEqual(today.exists(), not written.exists())
            return answer, written.read_text() if written.exists() else ""

    def test_packages_come_from_the_archive_that_is_named(self):
        self.assertEqual(self.use_snapshot("")[1], "")
        for address in ("http://archive.example.org/debian/20261101T000000Z", "http://archive.example.org/of/debian/20261101T000000Z/"):
            answer, written = self.use_snapshot(address)
            self.assertEqual(answer.returncode, 0, answer.stderr)
            address = address.rstrip("/")
            parts = re.findall(r"^deb \[check-valid-until=no\] (\S+) (\S+) main$", written, re.M)
            security = address.replace("/debian/", "/debian-security/")
            self.assertEqual(parts, [(address, "bookworm"), (address, "bookworm-updates"), (security, "bookworm-security")])

    def test_what_is_no_archive_is_refused(self):
        for address in ("yesterday", "20261101T000000Z", "http:///debian", "http://archive.example.org/", "ftp://archive.example.org/debian",
                        "http://a b/debian", "http://a/debian\ndeb http://b/debian x", "http://a/debian/$(id)"):
            answer, written = self.use_snapshot(address)
            self.assertEqual((answer.returncode, written), (2, ""), address)
            self.assertIn("want the address of a Debian archive of one moment", answer.stderr)


class NamesTest(unittest.TestCase):
    """Which registry images come from is said by whoever builds and runs them."""

    @staticmethod
    def images():
        yield "Dockerfile", re.search(r"^ARG DEBIAN=(\S+)", DOCKERFILE, re.M).group(1)
        yield "deploy/image/build", re.search(r"^tag=\$\{1:-(\S+)\}", (IMAGE / "build").read_text(), re.M).group(1)
        compose = yaml.safe_load((ROOT / "deploy" / "compose" / "compose.yaml").read_text())
        for name, entry in compose["services"].items():
            yield f"compose: {name}", entry["image"].removeprefix("${COGNATE_IMAGE:-").removesuffix("}")
        for path in [CHART / "values.yaml", *CI]:
            values = values_of(path)
            dev = values.get("devDependencies", {})
            for image in (values.get("image", {}).get("repository"), dev.get("postgresImage"), dev.get("redisImage")):
                if image:
                    yield path.name, image

    def test_no_image_has_a_host(self):
        found = list(self.images())
        self.assertGreater(len(found), 20)
        for where, image in found:
            first = image.split("/")[0] if "/" in image else ""
            self.assertFalse(not first.endswith(".example.org") and ("." in first or ":" in first or first == "localhost"), f"{where}: {image}")

    def test_cognates_own_is_nobody_elses(self):
        """A name with a path and no host, such as cognate/cognate, is fetched from Docker Hub, whoever has put it there."""
        self.assertEqual(values_of(CHART / "values.yaml")["image"]["repository"], "")
        own = [(where, re.split(r":\$|:[0-9]", image)[0]) for where, image in self.images() if "cognate" in image]
        self.assertGreater(len(own), 20)
        for where, name in own:
            self.assertTrue(name == "cognate" or re.fullmatch(r"registry\.example\.org/(integration/)?cognate", name), f"{where}: {name}")
        compose = yaml.safe_load((ROOT / "deploy" / "compose" / "compose.yaml").read_text())
        for name, entry in compose["services"].items():
            if "cognate" in entry["image"]:
                self.assertEqual(entry["pull_policy"], "${COGNATE_PULL_POLICY:-never}", name)

    def test_no_archive_is_named(self):
        for path in [ROOT / "Dockerfile", *IMAGE.iterdir()]:
            hosts = re.findall(r"https?://([\w.-]+)", path.read_text())
            self.assertEqual([host for host in hosts if not host.endswith((".example.org", ".invalid"))], [], path)


@unittest.skipIf(not_the_images(), not_the_images())
class ContentsTest(unittest.TestCase):
    def test_every_library_of_every_program_belongs_to_a_package_that_comes_along(self):
        comes = closure(PACKAGES)
        for program in (IMAGE / "programs").read_text().split():
            for library in libraries_of(program):
                self.assertIn(owner(library), comes, f"{program} loads {library}")

    def test_no_package_is_installed_that_no_program_asks_for(self):
        asked = set()
        for program in (IMAGE / "programs").read_text().split():
            named = set(re.findall(r"NEEDED\s+(\S+)", output("objdump", "-p", str(PROGRAMS / program))))
            asked.update(owner(library) for library in libraries_of(program) if library.name in named)
        self.assertEqual(set(PACKAGES), (asked - {"libc6"}) | READ)

    def test_the_tree_runs_every_program_and_names_its_packages(self):
        directory = living.make_directory("image-")
        self.addCleanup(shutil.rmtree, directory, ignore_errors=True)
        tree = Path(directory) / "tree"
        subprocess.run([str(IMAGE / "tree"), str(tree), str(PROGRAMS)], check=True)
        self.assertFalse((tree / "bin" / "sh").exists())
        sbom = json.loads((tree / "usr/share/cognate/sbom.spdx.json").read_text())
        self.assertLessEqual(set(PACKAGES), {package["name"] for package in sbom["packages"]})
        self.assertTrue(all(re.fullmatch(r"SPDXRef-[A-Za-z0-9.-]+", package["SPDXID"]) for package in sbom["packages"]))
        self.assertTrue((tree / "etc/ssl/certs/ca-certificates.crt").exists())
        self.assertTrue((tree / "usr/share/zoneinfo/Europe/Vienna").exists())
        changed = subprocess.run(["chroot", "--userspec=10001:10001", str(tree), "/usr/local/bin/cognate", "up", "--version"],
                                 capture_output=True, text=True, check=False)
        if "Operation not permitted" in changed.stderr:
            self.skipTest("chroot needs root")
        for program in SERVICES:
            said = output("chroot", "--userspec=10001:10001", str(tree), f"/usr/local/bin/{program}", "--version")
            self.assertTrue(said.startswith(program), said)


if __name__ == "__main__":
    unittest.main()

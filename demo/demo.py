#!/usr/bin/python3
"""The demo: 13,000 real records travel from one database to another, then live changes follow, then a proof.

  make demo                 runs it, and leaves everything running until Ctrl-C when a person is watching
  demo/demo.py --bin DIR    with the programs of another build; --keep or --stop says what to do at the end
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import time

import psycopg2

from load_atlas import load
from mapping import FILES, SYNCS

HERE = os.path.dirname(os.path.abspath(__file__))
BOLD, DIM, PLAIN = ("\033[1m", "\033[2m", "\033[0m") if sys.stdout.isatty() else ("", "", "")


def heading(text):
    print(f"\n{BOLD}{text}{PLAIN}", flush=True)


class Demo:
    def __init__(self, arguments):
        self.program = os.path.join(arguments.bin, "cognate")
        self.data_dir = os.path.abspath(arguments.data_dir)
        self.files = os.path.join(self.data_dir, "sites")
        self.grpc, self.http = arguments.listen, arguments.admin
        self.socket = f"unix:{self.data_dir}/cognate.sock"
        self.up = None

    def cognate(self, *words, capture=False):
        command = [self.program, *words]
        environment = {**os.environ, "COGNATE_ADDRESS": self.socket}
        if capture:
            return subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout
        print(f"{DIM}$ cognate {' '.join(words)}{PLAIN}", flush=True)
        subprocess.run(command, check=True, env=environment)
        return None

    def start(self):
        """A private cluster with private servers; what an earlier demo left is thrown away."""
        shutil.rmtree(self.data_dir, ignore_errors=True)
        for platform in ("atlas", "shop"):
            os.makedirs(os.path.join(self.files, platform))
        ready_file = os.path.join(self.data_dir, "up.json")
        self.up = subprocess.Popen(
            [self.program, "up", "--data-dir", self.data_dir, "--reset", "--listen", f"{self.socket},{self.grpc}",
             "--plaintext", "--anonymous-role", "operator", "--admin", self.http,
             "--file-roots", self.files, "--log-level", "warn", "--ready-file", ready_file, "--database", "atlas", "--database", "shop"],
            start_new_session=True,
        )
        deadline = time.monotonic() + 60
        while not os.path.exists(ready_file):
            if self.up.poll() is not None:
                sys.exit("cognate up ended; the reason stands above")
            if time.monotonic() > deadline:
                sys.exit("cognate up is not ready after 60 s")
            time.sleep(0.01)
        with open(ready_file, encoding="utf-8") as file:
            ready = json.load(file)
        self.uris = ready["databases"]
        self.atlas = psycopg2.connect(self.uris["atlas"])
        self.shop = psycopg2.connect(self.uris["shop"])
        self.shop.autocommit = True

    def stop(self):
        if self.up is not None and self.up.poll() is None:
            self.up.send_signal(signal.SIGTERM)
            self.up.wait(60)

    def fill(self):
        for connection, name in ((self.atlas, "atlas"), (self.shop, "shop")):
            with open(os.path.join(HERE, f"{name}.sql"), encoding="utf-8") as file, connection, connection.cursor() as cursor:
                cursor.execute(file.read())
        counts = load(self.atlas, os.path.join(self.files, "atlas"))
        print(", ".join(f"{count:,} {noun}" for noun, count in counts.items()), "are in atlas;")
        print("shop has four tables of its own with other names, columns and ids, and five rows of its own.")

    def connect(self):
        self.cognate("platform", "create", "atlas", "--postgres", self.uris["atlas"], "--capture", "replication",
                     "--files", os.path.join(self.files, "atlas"))
        self.cognate("platform", "create", "shop", "--postgres", self.uris["shop"], "--files", os.path.join(self.files, "shop"))
        for name, source, target, mapping, _ in SYNCS:
            maps = [word for pair in mapping.items() for word in ("--map", "=".join(pair))]
            for field, (column, directory) in FILES.get(name, {}).items():
                maps += ["--map", f"{field}={column}", "--file", f"{field}={directory}", "--file-types", "png"]
            self.cognate("sync", "create", name, "--from", f"atlas:public.{source}", "--to", f"shop:public.{target}", *maps)

    def backfill(self):
        started = time.monotonic()
        self.cognate("run", "backfill", *[name for name, *_ in SYNCS], "--wait")
        print(f"Backfill: {time.monotonic() - started:.1f} s from the first command to the last record.")

    def live(self, what, change, arrived):
        """Makes one change on atlas and waits until `arrived` holds on shop; prints how long that took."""
        with self.atlas, self.atlas.cursor() as cursor:
            for statement in change if isinstance(change, list) else [change]:
                cursor.execute(statement)
        committed = time.monotonic()
        with self.shop.cursor() as cursor:
            while True:
                cursor.execute(f"SELECT {arrived}")
                if cursor.fetchone()[0]:
                    break
                if time.monotonic() - committed > 30:
                    self.cognate("status")
                    self.cognate("troubles")
                    sys.exit(f"{what}: not on shop after 30 s")
        print(f"  {what:<58} {1000 * (time.monotonic() - committed):7.1f} ms", flush=True)

    def changes(self):
        self.live(
            "rename a country: Turkey becomes Türkiye (twice, to be sure)",
            ["UPDATE country SET name = 'Turkiye' WHERE alpha2 = 'TR'", "UPDATE country SET name = 'Türkiye (new)' WHERE alpha2 = 'TR'"],
            "title = 'Türkiye (new)' FROM nations WHERE iso2 = 'TR'",
        )
        self.live(
            "insert a child before its parent, in one transaction",
            [
                "INSERT INTO subdivision (id, code, name, type, country_id, parent_id) SELECT 900002, 'IS-X1', 'Surtsey', 'Islet',"
                " id, 900001 FROM country WHERE alpha2 = 'IS'",
                "INSERT INTO subdivision (id, code, name, type, country_id) SELECT 900001, 'IS-X0', 'Vestmannaeyjar', 'Islands',"
                " id FROM country WHERE alpha2 = 'IS'",
            ],
            "EXISTS (SELECT FROM regions c JOIN regions p ON p.region_no = c.within_no WHERE c.iso_code = 'IS-X1'"
            " AND p.iso_code = 'IS-X0')",
        )
        self.live(
            "move a subdivision to another parent and another country",
            "UPDATE subdivision SET parent_id = NULL, country_id = (SELECT id FROM country WHERE alpha2 = 'NO') WHERE code = 'IS-X1'",
            "EXISTS (SELECT FROM regions r JOIN nations n USING (nation_no) WHERE r.iso_code = 'IS-X1' AND n.iso2 = 'NO'"
            " AND r.within_no IS NULL)",
        )
        self.live(
            "delete a currency",
            "DELETE FROM currency WHERE code = 'XTS'",
            "NOT EXISTS (SELECT FROM monies WHERE iso_code = 'XTS')",
        )

    def compare_files(self):
        """Every flag of atlas against the file that the shop's own row leads to."""
        with self.atlas, self.atlas.cursor() as cursor:
            cursor.execute("SELECT alpha2, flag_file FROM country WHERE flag_file IS NOT NULL")
            wanted = dict(cursor.fetchall())
        with self.shop.cursor() as cursor:
            cursor.execute("SELECT iso2, flag_image FROM nations WHERE flag_image IS NOT NULL")
            arrived = dict(cursor.fetchall())
        wrong = [code for code, path in wanted.items() if not self.is_same_file(path, arrived.get(code))]
        print(f"Files: {len(arrived):,} of {len(wanted):,} flags arrived; " +
              ("all are equal, byte for byte." if not wrong else f"{len(wrong)} are missing or differ: {', '.join(wrong[:20])}"))
        return len(wrong)

    def is_same_file(self, source, target):
        if target is None or not os.path.isfile(os.path.join(self.files, "shop", target)):
            return False
        contents = []
        for platform, path in (("atlas", source), ("shop", target)):
            with open(os.path.join(self.files, platform, path), "rb") as file:
                contents.append(file.read())
        return contents[0] == contents[1]

    def prove(self):
        uris = [self.uris["atlas"], self.uris["shop"], self.uris["cognate"]]
        return subprocess.run([os.path.join(HERE, "compare"), *uris], check=False).returncode + self.compare_files()

    def look_around(self):
        self.cognate("status")
        with self.atlas, self.atlas.cursor() as cursor:
            cursor.execute("SELECT id FROM subdivision WHERE code = 'IS-X1'")
            subdivision = str(cursor.fetchone()[0])
        print()
        self.cognate("explain", "atlas", "public.subdivision", subdivision)
        heading("Look around yourself")
        print(f"{DIM}So that you can try things, whoever is on this machine may do everything at {self.grpc}, without a key.{PLAIN}")
        key = json.dumps({"record": {"platform": "atlas", "model": "public.subdivision", "local_id": subdivision}})
        for line in (
            f"grpcurl -plaintext {self.grpc} list",
            f"grpcurl -plaintext {self.grpc} describe cognate.v1.FeedbackService.Explain",
            f"grpcurl -plaintext -d '{key}' {self.grpc} cognate.v1.FeedbackService/Explain",
            f"grpcurl -plaintext -d '{{\"service\":\"cognate.v1.LedgerService\"}}' {self.grpc} grpc.health.v1.Health/Check",
            f"export COGNATE_ADDRESS={self.socket}",
            f"{os.path.relpath(self.program)} watch",
            f"curl http://{self.http}/readyz",
            f"psql '{self.uris['atlas']}'      change something, and watch it arrive",
        ):
            print(f"  {line}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", default="build/release/bin")
    parser.add_argument("--data-dir", default=".cognate/demo")
    parser.add_argument("--listen", default="127.0.0.1:7400")
    parser.add_argument("--admin", default="127.0.0.1:7480")
    end = parser.add_mutually_exclusive_group()
    end.add_argument("--keep", action="store_true", default=sys.stdin.isatty() and sys.stdout.isatty())
    end.add_argument("--stop", dest="keep", action="store_false")
    arguments = parser.parse_args()
    demo = Demo(arguments)
    try:
        heading("1. Start: every service in one process, with a private PostgreSQL and Redis")
        demo.start()
        demo.fill()
        demo.connect()
        heading("2. Backfill: what is there already")
        demo.backfill()
        heading("3. Live: from commit on atlas to visible on shop")
        demo.changes()
        heading("4. Proof: both databases compared through the identities, by a program of its own")
        failed = demo.prove()
        heading("5. What the cluster says")
        demo.look_around()
        if failed:
            sys.exit(1)
        if arguments.keep:
            print("\nEverything goes on running. Ctrl-C stops it.", flush=True)
            demo.up.wait()
    except KeyboardInterrupt:
        print("\nStopping.")
    except subprocess.CalledProcessError as error:
        sys.exit(f"failed: {' '.join(error.cmd)}")
    finally:
        demo.stop()


if __name__ == "__main__":
    main()

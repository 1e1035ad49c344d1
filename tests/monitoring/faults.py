"""What every alert is for, done to a running cluster; each is mended again once its alert has fired."""

import concurrent.futures
import json
import re
import subprocess
import time

from cluster import PATIENCE, eventually
from ports import free_port

FUTURE = "2100-01-01T00:00:00Z"


class Faults:
    def __init__(self, world, prometheus):
        self.world = world
        self.prometheus = prometheus
        self.seen = set()

    def all(self):
        """Names of the alerts that have fired."""
        self.begin_what_takes_time()
        self.close_shop()
        self.expect("EndToEndSlow", self.slow_target, mend=lambda: self.world.sql("target", "DROP TRIGGER slow ON thing"))
        for alert in ("DeadLettersGrowing", "DeliveryErrorRatio", "PlatformBehind", "FileTransferStuck", "CertExpiring", "CertReloadFailed",
                      "ClockSkew", "HeldTooLong", "WaitingTooLong", "DeadLettersOpen", "ConflictsOpen"):
            self.expect(alert, meanwhile=self.go_on)
        self.expect("RedisMemoryHigh", self.narrow_redis, mend=lambda: self.world.redis("CONFIG", "SET", "maxmemory", "0"))
        self.expect("FilesDamaged", self.damage_a_file)
        self.expect("SyncBroken", self.break_a_sync, mend=self.mend_the_sync)
        self.expect("TargetDown", self.gateway.stop)
        self.expect("ServiceAbsent", lambda: self.prometheus.remove("gateway"))
        self.stop_the_log()
        self.expect("ReplicationSlotInvalid", self.drop_the_slot)
        self.expect("CaptureStopped", lambda: self.allow("source", False), mend=lambda: self.allow("source", True))
        self.saturate_a_pool()
        self.refuse_names()
        return self.seen

    def expect(self, alert, fault=None, mend=None, meanwhile=None):
        """Makes the fault, waits for the alert, mends. An alert that does not come is told at the end, with the others."""
        began = time.monotonic()
        if fault is not None:
            fault()

        def has_fired():
            self.world.check_alive()
            if meanwhile is not None:
                meanwhile()
            self.seen |= self.prometheus.fired()
            return alert in self.seen

        try:
            eventually(f"{alert} fires", has_fired)
            print(f"fired after {time.monotonic() - began:5.1f} s: {alert}", flush=True)
        except AssertionError as error:
            print(error, flush=True)
        finally:
            if mend is not None:
                mend()

    # --- Things that need a while ---

    def begin_what_takes_time(self):
        """An agent that came once and was refused by its platform; records that are refused; records that a target alone has; one that
        two records of the target could be; a file that is nowhere; a certificate for five days, and a key that is not its own."""
        world = self.world
        world.run("sync", "create", "tills", "--from", "source:public.item", "--to", "till:product", "--map", "name=title")
        self.refuse_a_login(eventually("the agent of till gets a delivery", lambda: self.pull_for_till()))
        world.sql("source", "INSERT INTO brand VALUES (1, 'twice')")
        eventually("attic has the brand", lambda: world.sql("attic", "SELECT count(*) FROM mark")[0][0] == 2)
        world.run("run", "mirror", "marks")  # counts what attic alone has, and is held
        world.sql("source", "INSERT INTO item VALUES (900, 'waits for its file', 'gone.txt')")
        self.refused = 1000
        self.gateway = self.start_gateway()
        self.go_on()

    def go_on(self):
        """What must happen again and again to be an alert."""
        self.refused += 1
        self.world.sql("source", f"INSERT INTO item VALUES ({self.refused}, 'refused', NULL)")
        record = {"changeId": f"till-{self.refused}", "model": "product", "localId": "1", "operation": "OPERATION_UPDATE", "sourceTime": FUTURE,
                  "fields": [{"name": "title", "value": {"textValue": f"title {self.refused}"}}]}
        status, answer = self.world.call("ChangeCaptureService/Capture", {"platform": "till", "changes": [record]},
                                         key=self.till())
        assert status == 200 and "error" not in json.dumps(answer), answer

    def pull_for_till(self):
        status, answer = self.world.call("DeliveryService/Pull", {"platform": "till", "maxDeliveries": 1, "wait": "1s"}, key=self.till())
        return status == 200 and answer.get("deliveries") and answer

    def refuse_a_login(self, pulled):
        delivery = pulled["deliveries"][0]
        result = {key: delivery[key] for key in ("entityId", "model", "version", "operation")}
        result |= {"status": "OUTCOME_STATUS_UNAUTHENTICATED", "error": {"reason": "LOGIN_REFUSED", "message": "the password has expired"}}
        status, answer = self.world.call("DeliveryService/Report", {"platform": "till", "lease": pulled["lease"], "results": [result]},
                                         key=self.till())
        assert status == 200, answer

    def till(self):
        return self.world.key("till", "--role", "platform", "--platform", "till")

    def start_gateway(self):
        """A second program, with an admin port of its own and a certificate that ends soon."""
        world = self.world
        key, certificate = world.folder / "tls.key", world.folder / "tls.crt"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key,
                        "-out", certificate, "-days", "5", "-subj", "/CN=localhost"], check=True, capture_output=True)
        admin = free_port()
        peers = [f"--{peer}={world.grpc}" for peer in ("registry", "change-capture", "feedback", "transformer", "delivery", "file-transfer")]
        gateway = world.start("gateway", "--admin", f"127.0.0.1:{admin}", "--listen", "127.0.0.1:0", "--http", "127.0.0.1:0",
                              "--tls-certificate-file", certificate, "--tls-key-file", key, "--log-level", "warn", *peers)
        self.prometheus.add("gateway", admin)
        eventually("the second gateway is read", lambda: self.check_running(gateway) and self.prometheus.now(
            'cognate_tls_certificate_expiry_timestamp_seconds{job="gateway"}'))
        key.write_text("a renewal that went wrong\n")
        return gateway

    @staticmethod
    def check_running(process):
        if not process.alive():
            raise AssertionError("a program has ended:\n" + process.log.read_text()[-3000:])
        return True

    # --- Faults ---

    def allow(self, database, allowed):
        self.world.sql("cognate", f"ALTER DATABASE {database} ALLOW_CONNECTIONS {str(allowed).lower()}")
        if not allowed:
            self.world.sql("cognate", f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}'")

    def close_shop(self):
        """So long that its canary is missed. What has waited for it comes late, and wakes nobody."""
        self.allow("shop", False)
        self.world.sql("source", "INSERT INTO item SELECT i, 'while shop was closed', NULL FROM generate_series(10001, 12000) AS i")
        self.expect("PlatformFailing")
        self.expect("CanaryLate")
        self.allow("shop", True)

    def slow_target(self):
        """It can be reached, and takes its time. Late changes of runs are none."""
        eventually("no run to target has been under way for a while", lambda: not self.prometheus.now(
            'max(max_over_time(cognate_runs_unfinished{platform="target", state="running"}[30s])) > 0'))
        self.world.sql("target", """CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS
                                    $$ BEGIN PERFORM pg_sleep(6); RETURN NULL; END $$""",
                       "CREATE TRIGGER slow BEFORE INSERT OR UPDATE ON thing FOR EACH STATEMENT EXECUTE FUNCTION slow()")

    def narrow_redis(self):
        used = int(re.search(r"used_memory:(\d+)", self.world.redis("INFO", "memory")).group(1))
        self.world.redis("CONFIG", "SET", "maxmemory-policy", "noeviction")
        self.world.redis("CONFIG", "SET", "maxmemory", used * 11 // 10)

    def damage_a_file(self):
        """As a disk does it: a byte is another one, and nobody says so."""
        stored = self.world.folder / "stored.txt"
        stored.write_text("this will be damaged\n" * 50)
        self.world.run("file", "put", "--platform", "source", stored)
        for pack in (self.world.folder / "d").rglob("*"):
            if pack.is_file() and "packs" in pack.parts and (data := pack.read_bytes()):
                pack.write_bytes(data[:-9] + bytes([data[-9] ^ 1]) + data[-8:])
        subprocess.run([self.world.programs / "cognate", "--address", self.world.grpc, "file", "scrub"], check=False,
                       capture_output=True, timeout=PATIENCE)

    def break_a_sync(self):
        self.world.sql("shop", "ALTER TABLE good RENAME COLUMN title TO heading")
        self.world.run("platform", "analyze", "shop")

    def mend_the_sync(self):
        self.world.sql("shop", "ALTER TABLE good RENAME COLUMN heading TO title")
        self.world.run("platform", "analyze", "shop")

    def drop_the_slot(self):
        dropped = """DO $$ BEGIN
          PERFORM pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = 'cognate_source' AND active;
          FOR i IN 1..200 LOOP
            BEGIN
              PERFORM pg_drop_replication_slot('cognate_source');
              RETURN;
            EXCEPTION WHEN object_in_use THEN PERFORM pg_sleep(0.01);
            END;
          END LOOP;
        END $$"""
        self.world.sql("source", dropped)

    def stop_the_log(self):
        """Nobody can write to the change log: its stage stands still, and the source's server keeps what it has."""
        with self.world.connect("cognate") as locker:
            locker.autocommit = False
            with locker.cursor() as cursor:
                cursor.execute("LOCK TABLE change_capture.changes IN ACCESS EXCLUSIVE MODE")
                self.world.sql("source", "INSERT INTO pad SELECT i, repeat(md5(i::text), 40) FROM generate_series(1, 4000) AS i")
                self.expect("PipelineStalled")
                self.expect("ReplicationSlotGrowing")
            locker.rollback()

    def refuse_names(self):
        """A second registry, in whose metrics there is room for fewer syncs than there are."""
        world = self.world
        admin = free_port()
        registry = world.start("platform-registry", "--admin", f"127.0.0.1:{admin}", "--listen", f"unix:{world.folder}/names.sock",
                               "--postgres-uri", world.uris["cognate"], "--feedback", world.grpc,
                               "--metrics-max-names", "1", "--log-level", "warn")
        self.prometheus.add("platform-registry", admin)
        self.expect("MetricsNamesRefused", meanwhile=lambda: self.check_running(registry), mend=registry.stop)

    def saturate_a_pool(self):
        """Many look at troubles, which somebody has locked."""
        with self.world.connect("cognate") as locker, concurrent.futures.ThreadPoolExecutor(32) as pool:
            locker.autocommit = False
            with locker.cursor() as cursor:
                cursor.execute("LOCK TABLE feedback.troubles IN ACCESS EXCLUSIVE MODE")
                calls = [pool.submit(self.world.call, "FeedbackService/ListTroubles", {}, PATIENCE) for _ in range(32)]

                def ask_again():
                    for i, call in enumerate(calls):
                        if call.done():
                            calls[i] = pool.submit(self.world.call, "FeedbackService/ListTroubles", {}, PATIENCE)

                self.expect("DbPoolSaturated", meanwhile=ask_again)
            locker.rollback()

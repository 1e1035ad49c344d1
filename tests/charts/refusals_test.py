"""Values that cannot work, and the sentences with which they are refused."""
import unittest

from chart import at, missing_tools, refusal


@unittest.skipIf(missing_tools(), f"without {', '.join(missing_tools())}")
class RefusalsTest(unittest.TestCase):
    def test_what_cannot_work_is_refused_with_a_sentence(self):
        for values, given, words in [
            (None, [], "image.repository: got nothing, want where your image is; build and push one: deploy/image/build"),
            (None, ['image.repository="cognate"'], "secrets: the services would not know each other; give secrets.existingSecret"),
            ("minimal", ['postgres.sslMode="verify-full"'], "postgres.sslMode: the secret holds the whole address, so it must be said there"),
            ("minimal", ['postgres.sslMode="verify-full"'], "sslrootcert=/etc/cognate/postgres-ca/ca.crt"),
            ("minimal", ['postgres.parameters={"application_name": "a"}', "postgres.port=6432"], "postgres.parameters, postgres.port: the secret"),
            ("minimal", ['postgres.database="other"', 'postgres.username="other"'], "postgres.database, postgres.username: the secret"),
            ("minimal", ["backup.enabled=true"], "backup.existingSecret: got nothing, want a secret with a login"),
            ("production", ["networkPolicy.clients=[]"], "networkPolicy.clients: got none, but ingress, httpRoute, grpcRoute leads in from outside"),
            ("minimal", ["networkPolicy.enabled=true", 'services.gateway.service.type="LoadBalancer"'], "but services.gateway.service.type leads in"),
            ("split", ["networkPolicy.peers=[]"], "networkPolicy.peers: got none, but services.file-transfer.externalAddress is dns:///files"),
            ("minimal", ["secrets.generate=true"], "existingSecret and generate are both given"),
            ("minimal", ['secrets.keys.serviceKey=""'], "the services would not know each other"),
            ("minimal", ['postgres.existingSecret=""'], "postgres.existingSecret: got nothing for platform-registry"),
            ("minimal", ['redis.address=""'], "redis.address: got nothing, want host:port"),
            ("minimal", ['redis.address="redis://:word@redis:6379"'], "the password comes from redis.existingSecret"),
            ("minimal", ['redis.mode="cluster"'], "redis.nodes: got none, want host:port of each"),
            ("cluster", ['redis.address="redis:6379"'], "redis.address: got \"redis:6379\", want nothing"),
            ("cluster", ["redis.tls=false"], "redis.caSecret, redis.clientSecret: certificates need redis.tls=true"),
            ("tryout", ["redis.tls=true"], "redis.tls: the Redis of devDependencies has no TLS"),
            ("minimal", ['redis.mode="sentinel"'], "redis.sentinels: got none, want host:port of each"),
            ("sentinel", ['redis.address="redis:6379"'], "redis.address: got \"redis:6379\", want nothing"),
            ("sentinel", ['redis.mode="standalone"', 'redis.address="redis:6379"'], "redis.sentinels: given, but redis.mode is standalone"),
            ("minimal", ["tls.enabled=true"], "tls.existingSecret: got nothing"),
            ("minimal", ['tls.clientCa.existingSecret="ca"'], "certificates of callers need tls.enabled=true"),
            ("minimal", ['files.store="s3"'], "files.s3.bucket: got nothing"),
            ("s3", ['files.s3.existingSecret=""'], "files.s3.existingSecret: got nothing"),
            ("s3", ['files.s3.endpoint="http://minio:9000"'], "files.s3.endpoint: it has no TLS"),
            ("minimal", ["services.file-transfer.replicaCount=2"], "several replicas share one volume"),
            ("minimal", ["services.change-capture.autoscaling.enabled=true"], "one replica reads each source"),
            ("minimal", ["services.gateway.autoscaling={\"enabled\": true, \"minReplicas\": 9}"], "minReplicas is 9 and maxReplicas is 6"),
            ("minimal", ['config.drain-timeout="1m30s"'], "terminationGracePeriodSeconds: got 45, want at least 105"),
            ("minimal", ["services.transformer.enabled=false"], "services.transformer: it is not enabled, but change-capture calls it"),
            ("minimal", ["ingress.enabled=true"], "ingress.hosts: got none"),
            ("split", ["ingress={\"enabled\": true, \"hosts\": [\"a.example.org\"]}"], "they lead to the gateway, which is not enabled"),
            ("minimal", ["grpcRoute.enabled=true"], "grpcRoute.parentRefs: got none"),
            ("tryout", ['migrations.mode="hook"'], "Jobs before an installation need what is there before it"),
            ("minimal", ["metrics={\"serviceMonitor\": {\"enabled\": true}, \"podMonitor\": {\"enabled\": true}}"], "read everything twice"),
            ("single", ["single.replicaCount=2"], "in mode single there is one process"),
            ("minimal", ["services.delivery.replicas=2"], "additional properties 'replicas' not allowed"),
            ("minimal", ['mode="cluster"'], "value must be one of 'services', 'single'"),
        ]:
            with self.subTest(f"{values} {given}"):
                said = refusal(values and at(values), *given)
                self.assertIn(words, said)

    def test_what_is_near_to_that_is_taken(self):
        for values, given in [
            ("minimal", ["services.file-transfer.replicaCount=2", 'files.pvc.accessModes=["ReadWriteMany"]']),
            ("minimal", ["services.change-capture.replicaCount=2"]),
            ("minimal", ['config.drain-timeout="30s"']),
            ("s3", ['files.s3.endpoint="http://minio:9000"', "files.s3.plaintext=true"]),
            ("minimal", ['postgres.caSecret="ca"']),
            ("minimal", ["networkPolicy.enabled=true", "postgres.port=6432"]),
            ("tryout", ["backup.enabled=true"]),
        ]:
            with self.subTest(f"{values} {given}"):
                self.assertEqual(refusal(at(values), *given), "")


if __name__ == "__main__":
    unittest.main()

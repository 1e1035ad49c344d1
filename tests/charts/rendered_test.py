"""What Helm makes of the chart: every file of ci/ is an installation that Kubernetes would take, and what must hold of each holds."""
import json
import subprocess
import unittest

from chart import CHART, CI, KUBERNETES, SCHEMAS, SERVICES, Objects, at, containers, helm, missing_tools, rendered_text, tool


@unittest.skipIf(missing_tools(), f"without {', '.join(missing_tools())}")
class EveryInstallationTest(unittest.TestCase):
    def each(self):
        for path in CI:
            with self.subTest(path.name):
                yield Objects(path)

    def each_pod(self):
        for objects in self.each():
            for name, pod in objects.pods():
                yield objects, name, pod

    def test_lint_finds_nothing(self):
        for path in CI:
            with self.subTest(path.name):
                answer = helm("lint", "--strict", "--kube-version", KUBERNETES, CHART, "--values", path)
                self.assertEqual(answer.returncode, 0, answer.stdout + answer.stderr)

    def test_kubernetes_knows_every_object_and_every_field(self):
        for path in CI:
            with self.subTest(path.name):
                location = str(SCHEMAS / "{{.Group}}-{{.ResourceAPIVersion}}-{{.ResourceKind}}.json")
                command = [str(tool("kubeconform")), "-strict", "-schema-location", location, "-"]
                answer = subprocess.run(command, input=rendered_text(path), capture_output=True, text=True, check=False)
                self.assertEqual(answer.returncode, 0, answer.stdout + answer.stderr)

    def test_a_field_that_there_is_not_would_be_found(self):
        location = str(SCHEMAS / "{{.Group}}-{{.ResourceAPIVersion}}-{{.ResourceKind}}.json")
        text = rendered_text(at("minimal")).replace("enableServiceLinks:", "enableServiceLink:", 1)
        command = [str(tool("kubeconform")), "-strict", "-schema-location", location, "-"]
        answer = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
        self.assertIn("enableServiceLink", answer.stdout)

    def test_no_two_objects_have_one_name(self):
        for objects in self.each():
            names = [(entry["kind"], entry["metadata"].get("namespace"), entry["metadata"]["name"]) for entry in objects.all]
            self.assertEqual(len(names), len(set(names)))
            for _, _, name in names:
                self.assertLessEqual(len(name), 63)

    def test_no_pod_may_more_than_it_needs(self):
        for _, name, pod in self.each_pod():
            self.assertIs(pod["automountServiceAccountToken"], False, name)
            self.assertIs(pod["enableServiceLinks"], False, name)
            self.assertIs(pod["securityContext"]["runAsNonRoot"], True, name)
            self.assertEqual(pod["securityContext"]["seccompProfile"], {"type": "RuntimeDefault"}, name)
            for container in containers(pod):
                context = container["securityContext"]
                self.assertIs(context["allowPrivilegeEscalation"], False, name)
                self.assertIs(context["readOnlyRootFilesystem"], True, name)
                self.assertEqual(context["capabilities"], {"drop": ["ALL"]}, name)
                self.assertIn("memory", container["resources"]["limits"], name)

    def test_no_pod_needs_a_shell(self):
        for _, name, pod in self.each_pod():
            for container in containers(pod):
                self.assertTrue(container["command"][0].startswith("/usr/local/bin/"), name)
                self.assertNotIn("args", container)
                self.assertNotIn("exec", str(container.get("lifecycle", "")) + str(container.get("readinessProbe", "")))

    def test_what_is_mounted_is_a_volume_and_every_volume_is_mounted(self):
        for _, name, pod in self.each_pod():
            volumes = {volume["name"] for volume in pod.get("volumes", [])}
            mounted = set()
            for container in containers(pod):
                mounts = [mount["name"] for mount in container.get("volumeMounts", [])]
                self.assertEqual(len(mounts), len(set(mounts)), name)
                mounted.update(mounts)
            self.assertEqual(mounted, volumes, name)

    def test_files_that_settings_name_lie_in_volumes(self):
        for objects, name, pod in self.each_pod():
            for container in containers(pod):
                places = [mount["mountPath"] for mount in container.get("volumeMounts", [])]
                for variable, value in objects.settings(pod, container).items():
                    if isinstance(value, str) and value.startswith("/") and container["name"] != "migrate":
                        self.assertTrue(any(value.startswith(place) for place in places), f"{name}: {variable}={value} in {places}")

    def test_services_lead_to_pods_and_are_headless(self):
        for objects in self.each():
            for service in objects.of("Service"):
                selector = service["spec"]["selector"].items()
                found = [entry for entry in objects.of("Deployment") + objects.of("StatefulSet")
                         if selector <= entry["spec"]["template"]["metadata"]["labels"].items()]
                self.assertEqual(len(found), 1, service["metadata"]["name"])
                names = {port["name"] for container in found[0]["spec"]["template"]["spec"]["containers"] for port in container["ports"]}
                for port in service["spec"]["ports"]:
                    self.assertIn(port.get("targetPort", port["name"]), names)
                if not service["metadata"]["name"].endswith("-http"):
                    self.assertEqual(service["spec"]["clusterIP"], "None", service["metadata"]["name"])

    def test_selectors_choose_their_own_pods_alone(self):
        for objects in self.each():
            workloads = objects.of("Deployment") + objects.of("StatefulSet")
            for workload in workloads:
                selector = workload["spec"]["selector"]["matchLabels"].items()
                chosen = [entry for entry in workloads if selector <= entry["spec"]["template"]["metadata"]["labels"].items()]
                self.assertEqual(chosen, [workload])

    def test_a_pod_has_time_to_drain(self):
        for objects in self.each():
            for workload in objects.workloads():
                pod = workload["spec"]["template"]["spec"]
                container = pod["containers"][0]
                drain = int(objects.settings(pod, container)["COGNATE_DRAIN_TIMEOUT"].rstrip("s"))
                pause = container["lifecycle"]["preStop"]["sleep"]["seconds"]
                self.assertGreaterEqual(pod["terminationGracePeriodSeconds"], drain + pause + 10)
                self.assertNotEqual(objects.settings(pod, container)["COGNATE_CONNECTION_AGE"], "inf")

    def test_replicas_are_spread_and_a_budget_is_there_only_for_several(self):
        for objects in self.each():
            budgets = {entry["metadata"]["name"] for entry in objects.of("PodDisruptionBudget")}
            scaled = {entry["metadata"]["name"]: entry["spec"]["minReplicas"] for entry in objects.of("HorizontalPodAutoscaler")}
            for workload in objects.workloads():
                name = workload["metadata"]["name"]
                for constraint in workload["spec"]["template"]["spec"]["topologySpreadConstraints"]:
                    self.assertEqual(constraint["labelSelector"]["matchLabels"], workload["spec"]["selector"]["matchLabels"])
                self.assertEqual("replicas" in workload["spec"], name not in scaled, name)
                if workload["spec"].get("replicas", scaled.get(name)) < 2:
                    self.assertNotIn(name, budgets)
            self.assertNotIn("cognate-change-capture", scaled)

    def test_secrets_are_files_and_no_variables(self):
        for objects, name, pod in self.each_pod():
            for container in containers(pod):
                for variable in container.get("env", []):
                    self.assertNotIn("secretKeyRef", str(variable), name)
                    self.assertNotIn("password=", str(variable), name)
                self.assertNotIn("secretRef", str(container.get("envFrom")), name)

    def test_a_new_pod_must_have_been_ready_before_an_old_one_goes(self):
        for objects in self.each():
            for workload in objects.workloads():
                self.assertGreaterEqual(workload["spec"]["minReadySeconds"], 15, workload["metadata"]["name"])

    def test_no_secret_is_in_a_configmap_or_a_command(self):
        for objects in self.each():
            for entry in objects.of("ConfigMap"):
                for variable, value in (entry.get("data") or {}).items():
                    if any(word in variable for word in ("PASSWORD", "SECRET", "SERVICE_KEY", "POSTGRES_URI", "SEALING", "TOKEN", "LINK_KEY")):
                        self.assertTrue(variable.endswith("_FILE"), f"{variable}={value}")
        self.assertEqual(Objects(at("production")).of("Secret"), [])

    def test_jobs_of_hooks_use_nothing_of_the_chart(self):
        jobs = Objects(at("hook")).of("Job")
        self.assertEqual(len(jobs), 5)
        for job in jobs:
            self.assertEqual(job["metadata"]["annotations"]["helm.sh/hook"], "pre-install,pre-upgrade")
            pod = job["spec"]["template"]["spec"]
            self.assertNotIn("serviceAccountName", pod)
            self.assertNotIn("envFrom", pod["containers"][0])
            for volume in pod["volumes"]:
                self.assertIn("secret", volume)
        for _, pod in Objects(at("hook")).pods():
            self.assertNotIn("initContainers", pod)


@unittest.skipIf(missing_tools(), f"without {', '.join(missing_tools())}")
class SingleThingsTest(unittest.TestCase):
    def test_every_service_runs_and_those_with_tables_migrate_first(self):
        objects = Objects(at("minimal"))
        self.assertEqual({entry["metadata"]["name"] for entry in objects.workloads()}, {f"cognate-{name}" for name in SERVICES})
        migrating = {name for name, pod in objects.pods() if pod.get("initContainers")}
        self.assertEqual(migrating, {f"cognate-{name}" for name in SERVICES if name not in ("transformer", "gateway")})

    def test_a_pod_whose_volume_is_for_one_node_ends_before_the_next_one_starts(self):
        for modes, wanted in (["ReadWriteOnce"], "Recreate"), (["ReadWriteOncePod"], "Recreate"), (["ReadWriteMany"], "RollingUpdate"):
            objects = Objects(at("minimal"), f"files.pvc.accessModes={json.dumps(modes)}")
            self.assertEqual(objects.one("Deployment", "cognate-file-transfer")["spec"]["strategy"]["type"], wanted, modes)

    def test_what_a_service_says_counts_over_the_defaults_also_where_it_is_false_or_nothing(self):
        objects = Objects(at("production"), "services.delivery.autoscaling.enabled=false", "services.feedback.preStopSleepSeconds=0")
        budgets = {entry["metadata"]["name"] for entry in objects.of("PodDisruptionBudget")}
        self.assertNotIn("cognate-gateway", budgets)
        self.assertIn("cognate-feedback", budgets)
        self.assertEqual(objects.one("StatefulSet", "cognate-delivery")["spec"]["replicas"], 2)
        feedback = objects.one("Deployment", "cognate-feedback")["spec"]["template"]["spec"]["containers"][0]
        self.assertNotIn("lifecycle", feedback)
        switched = Objects(at("minimal"), "tests.enabled=false", "serviceAccount.create=false")
        self.assertEqual(switched.of("Pod") + switched.of("ServiceAccount"), [])

    def test_settings_are_text_as_the_services_read_it(self):
        objects = Objects(at("production"))
        gateway = objects.one("ConfigMap", "cognate-gateway")["data"]
        self.assertEqual(gateway["COGNATE_HTTP_MAX_UPLOAD_BYTES"], "1099511627776")
        self.assertEqual(gateway["COGNATE_HTTP_TRUSTED_PROXIES"], "10.0.0.0/8")
        self.assertEqual(gateway["COGNATE_RPC_THREADS"], "256")
        self.assertEqual(objects.one("ConfigMap", "cognate-feedback")["data"]["COGNATE_RETRY_FACTOR"], "2.5")
        self.assertEqual(objects.one("ConfigMap", "cognate-change-capture")["data"]["COGNATE_CAPTURE_MAX_QUEUED_BYTES"], "134217728")

    def test_a_login_of_its_own_is_used_by_its_service_alone(self):
        objects = Objects(at("production"))
        logins = {name: volume["secret"]["secretName"] for name, pod in objects.pods() for volume in pod["volumes"] if volume["name"] == "postgres"}
        self.assertEqual(logins.pop("cognate-feedback"), "cognate-feedback")
        self.assertEqual(logins.pop("cognate-backup"), "cognate-backup")
        self.assertEqual(set(logins.values()), {"cognate-db-app"})
        feedback = objects.one("Deployment", "cognate-feedback")["spec"]["template"]["spec"]["containers"][0]
        self.assertIn("user='cognate_feedback'", {entry["name"]: entry["value"] for entry in feedback["env"]}["COGNATE_POSTGRES_URI"])

    def test_what_a_name_in_the_database_contains_is_not_cut_short(self):
        objects = Objects(at("production"), "postgres.username=" + json.dumps("o'brien \\ $(HOME)"))
        entry = objects.one("Deployment", "cognate-change-capture")["spec"]["template"]["spec"]["containers"][0]["env"][0]
        self.assertIn(r"user='o\'brien \\ $$(HOME)' sslmode=", entry["value"])

    def test_a_backup_is_taken_by_a_login_of_its_own_into_a_volume(self):
        self.assertEqual(Objects(at("minimal")).of("CronJob"), [])
        pods = {name: dict(Objects(at(name)).pods())["cognate-backup"] for name in ("production", "s3")}
        for pod in pods.values():
            self.assertEqual(pod["containers"][0]["command"], ["/usr/local/bin/cognate", "backup", "/var/lib/cognate/backups", "--keep", "14"])
        volumes = {name: {volume["name"]: volume for volume in pod["volumes"]} for name, pod in pods.items()}
        self.assertEqual(volumes["production"]["backups"]["persistentVolumeClaim"]["claimName"], "backups")
        self.assertEqual(volumes["s3"]["backups"]["persistentVolumeClaim"]["claimName"], "cognate-backup")
        self.assertIn("postgres-ca", volumes["production"])
        self.assertEqual(Objects(at("s3")).one("PersistentVolumeClaim", "cognate-backup")["metadata"]["annotations"], {"helm.sh/resource-policy": "keep"})
        own = Objects(at("tryout"), "backup.enabled=true").one("CronJob", "cognate-backup")["spec"]["jobTemplate"]["spec"]["template"]["spec"]
        self.assertIn("cognate-dev", str(own["volumes"]))

    def test_with_tls_everything_is_served_and_called_with_it(self):
        for name in ("tls", "production"):
            for entry in Objects(at(name)).of("ConfigMap"):
                if "COGNATE_LISTEN" in entry.get("data", {}):
                    self.assertIn("COGNATE_TLS_CERTIFICATE_FILE", entry["data"])
                    self.assertIn("COGNATE_TLS_CA_FILE", entry["data"])
                    self.assertNotIn("COGNATE_PLAINTEXT", entry["data"])
        mutual = Objects(at("tls"))
        self.assertIn("COGNATE_TLS_CLIENT_CA_FILE", mutual.one("ConfigMap", "cognate-delivery")["data"])
        self.assertNotIn("COGNATE_SERVICE_KEY_FILE", mutual.one("ConfigMap", "cognate-delivery")["data"])
        secrets = str(mutual.one("StatefulSet", "cognate-delivery")["spec"]["template"]["spec"]["volumes"])
        self.assertIn("cognate-delivery-tls", secrets)
        self.assertNotIn("cognate-delivery-tls", str(mutual.one("Deployment", "cognate-feedback")))

    def test_policies_let_nobody_reach_the_inside_by_naming_it(self):
        policies = {entry["metadata"]["name"]: entry["spec"] for entry in Objects(at("production")).of("NetworkPolicy")}
        self.assertEqual(set(policies), {f"cognate-{name}" for name in [*SERVICES, "backup"]})
        backup = policies.pop("cognate-backup")
        self.assertNotIn("ingress", backup)
        self.assertEqual([port["port"] for rule in backup["egress"] for port in rule["ports"]], [53, 53, 5432])
        for name, spec in policies.items():
            blocks = [peer["ipBlock"] for rule in spec["egress"] for peer in rule.get("to", []) if "ipBlock" in peer]
            reaches = name.removeprefix("cognate-") in ("platform-registry", "change-capture", "delivery", "feedback", "gateway")
            self.assertEqual(len(blocks), 2 if reaches else 0, name)
            if reaches:
                self.assertTrue({"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16"} <= set(blocks[0]["except"]))
            admin = [rule for rule in spec["ingress"] if rule["ports"] == [{"port": "admin", "protocol": "TCP"}]]
            self.assertEqual(len(admin), 1, name)

    def test_policies_let_through_what_is_configured(self):
        single = Objects(at("single")).of("NetworkPolicy")[0]["spec"]["ingress"][0]
        self.assertIn("ingress-nginx", str(single["from"]))
        policies = {entry["metadata"]["name"]: entry["spec"]["egress"] for entry in Objects(at("split")).of("NetworkPolicy")}
        outside = {"ports": [{"port": 7406, "protocol": "TCP"}], "to": [{"ipBlock": {"cidr": "192.0.2.7/32"}}]}
        for name, rules in policies.items():
            self.assertEqual(outside in rules, name == "cognate-delivery", name)

    def test_traces_are_sent_where_it_is_said_and_nowhere_else(self):
        for entry in Objects(at("minimal")).of("ConfigMap"):
            self.assertNotIn("OTLP", str(entry["data"]))
        objects = Objects(at("production"))
        settings = objects.one("ConfigMap", "cognate-transformer")["data"]
        self.assertEqual(settings["COGNATE_OTLP_ENDPOINT"], "https://collector.observability.svc:4318")
        self.assertEqual(settings["COGNATE_TRACE_RATIO"], "0.1")
        policy = objects.one("NetworkPolicy", "cognate-transformer")["spec"]["egress"]
        self.assertIn([{"port": 4318, "protocol": "TCP"}], [rule.get("ports") for rule in policy])

    def test_the_routes_lead_where_the_ports_are(self):
        objects = Objects(at("production"))
        services = {entry["metadata"]["name"]: {port["port"] for port in entry["spec"]["ports"]} for entry in objects.of("Service")}
        for route in objects.of("GRPCRoute") + objects.of("HTTPRoute"):
            for rule in route["spec"]["rules"]:
                for backend in rule["backendRefs"]:
                    self.assertIn(backend["port"], services[backend["name"]])
        backend = objects.one("Ingress", "cognate")["spec"]["rules"][0]["http"]["paths"][0]["backend"]["service"]
        self.assertIn(backend["name"], services)

    def test_measures_keep_their_own_labels(self):
        monitor = Objects(at("production")).of("ServiceMonitor")[0]["spec"]["endpoints"][0]
        rule = 'metrics.serviceMonitor.metricRelabelings=[{"action": "drop", "regex": "x", "sourceLabels": ["name"]}]'
        pods = Objects(at("single"), rule).of("PodMonitor")[0]["spec"]["podMetricsEndpoints"][0]
        self.assertEqual(pods["metricRelabelings"][0]["action"], "drop")
        self.assertIs(monitor["honorLabels"], True)
        self.assertIs(pods["honorLabels"], True)


if __name__ == "__main__":
    unittest.main()

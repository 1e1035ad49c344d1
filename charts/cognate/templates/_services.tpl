{{/* What each service is, whatever the values say. `setting` is the name by which others are told where it is; `outside`: calls
addresses that users name; `answers`: the services of the contracts. tests/charts compares all of it with the code. */}}
{{- define "cognate.facts" -}}
platform-registry:
  setting: registry
  grpc: 7401
  admin: 7481
  calls: [feedback]
  postgres: true
  outside: true
  addresses: true
  answers: [AssignmentService, CheckService, DueService, KeyService, LedgerService, PipelineService, PlatformRegistryService, RulesService]
change-capture:
  setting: change-capture
  grpc: 7402
  admin: 7482
  calls: [platform-registry, transformer, feedback]
  postgres: true
  redis: true
  outside: true
  answers: [BackupService, ChangeCaptureService, ConflictService, ExpansionService]
transformer:
  setting: transformer
  grpc: 7403
  admin: 7483
  calls: [platform-registry, change-capture, feedback]
  redis: true
  answers: [TransformerService]
delivery:
  setting: delivery
  grpc: 7404
  admin: 7484
  calls: [platform-registry, feedback, file-transfer]
  postgres: true
  redis: true
  outside: true
  stateful: true
  answers: [DeliveryService]
feedback:
  setting: feedback
  grpc: 7405
  admin: 7485
  calls: [platform-registry, change-capture, transformer, delivery]
  postgres: true
  redis: true
  outside: true
  answers: [AuditService, EventService, FeedbackService]
file-transfer:
  setting: file-transfer
  grpc: 7406
  admin: 7486
  calls: [platform-registry, feedback]
  postgres: true
  files: true
  addresses: true
  answers: [FileTransferService]
gateway:
  grpc: 7407
  admin: 7487
  http: 7490
  outside: true
  calls: [platform-registry, change-capture, transformer, delivery, feedback, file-transfer]
single:
  grpc: 7400
  admin: 7480
  http: 7490
  addresses: true
  calls: []
  postgres: true
  redis: true
  files: true
  outside: true
{{- end -}}

{{/* Which of them this release runs, as a YAML list under "names". */}}
{{- define "cognate.names" -}}
names:
{{- if eq .Values.mode "single" }}
  - single
{{- else }}
{{- range $name := list "platform-registry" "change-capture" "transformer" "delivery" "feedback" "file-transfer" "gateway" }}
{{- if (index $.Values.services $name).enabled }}
  - {{ $name }}
{{- end }}
{{- end }}
{{- end }}
{{- end -}}

{{/* One service: what its block says over what the defaults say, with its facts: (dict "root" $ "name" "delivery") */}}
{{- define "cognate.service" -}}
{{- $own := dict -}}
{{- if eq .name "single" -}}{{- $own = .root.Values.single -}}{{- else -}}{{- $own = index .root.Values.services .name -}}{{- end -}}
{{- $service := mustMergeOverwrite (deepCopy .root.Values.defaults) (deepCopy $own) -}}
{{- $_ := set $service "facts" (index (fromYaml (include "cognate.facts" .root)) .name) -}}
{{- $_ := set $service "autoscaled" (and (ne .name "change-capture") (ne .name "single") $service.autoscaling.enabled) -}}
{{- if $service.autoscaled -}}
{{- $_ := set $service "atLeast" $service.autoscaling.minReplicas -}}
{{- else -}}
{{- $_ := set $service "atLeast" $service.replicaCount -}}
{{- end -}}
{{- toYaml $service -}}
{{- end -}}

{{/* How many connections to PostgreSQL all pods hold at most, with those that a rollout adds for a while. */}}
{{- define "cognate.connections" -}}
{{- $sum := 0 -}}
{{- range $name := (fromYaml (include "cognate.names" .)).names -}}
{{- $service := fromYaml (include "cognate.service" (dict "root" $ "name" $name)) -}}
{{- if $service.facts.postgres -}}
{{- $pool := int (dig "postgres-pool-size" 16 (default dict $service.config)) -}}
{{- $pods := int (ternary $service.autoscaling.maxReplicas $service.replicaCount (default false $service.autoscaled)) -}}
{{- if eq $name "single" -}}
{{- $sum = add $sum 69 -}}
{{- else if eq $name "delivery" -}}
{{- $sum = add $sum (mul $pods (min 4 $pool)) -}}
{{- else if eq $name "change-capture" -}}
{{- $sum = add $sum (mul (add $pods 1) (add $pool 1)) -}}
{{- else -}}
{{- $sum = add $sum (mul (add $pods 1) $pool) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{ $sum }}
{{- end -}}

{{/* Where a service is found by others. */}}
{{- define "cognate.peer" -}}
{{- $service := index .root.Values.services .name -}}
{{- $facts := index (fromYaml (include "cognate.facts" .root)) .name -}}
{{- if $service.enabled -}}
dns:///{{ include "cognate.host" . }}:{{ $facts.grpc }}
{{- else -}}
{{ required (printf "services.%s: it is not enabled, but %s calls it; give services.%s.externalAddress, host:port or dns:///host:port" .name .by .name) $service.externalAddress }}
{{- end -}}
{{- end -}}

{{/* A setting's value as text: whole numbers without exponents. */}}
{{- define "cognate.text" -}}
{{- if kindIs "float64" . -}}
{{- if eq (floor .) . -}}{{ int64 . }}{{- else -}}{{ . }}{{- end -}}
{{- else if kindIs "slice" . -}}
{{- join "," . -}}
{{- else -}}
{{ . }}
{{- end -}}
{{- end -}}

{{/* "20s", "1m30s", "1h": seconds, rounded up. */}}
{{- define "cognate.seconds" -}}
{{- $seconds := 0.0 -}}
{{- range $part := regexFindAll "[0-9.]+(ms|us|ns|h|m|s)" . -1 -}}
{{- $number := float64 (regexFind "^[0-9.]+" $part) -}}
{{- if hasSuffix "ms" $part -}}{{- $seconds = addf $seconds (divf $number 1000) -}}
{{- else if or (hasSuffix "us" $part) (hasSuffix "ns" $part) -}}{{- $seconds = $seconds -}}
{{- else if hasSuffix "h" $part -}}{{- $seconds = addf $seconds (mulf $number 3600) -}}
{{- else if hasSuffix "m" $part -}}{{- $seconds = addf $seconds (mulf $number 60) -}}
{{- else -}}{{- $seconds = addf $seconds $number -}}
{{- end -}}
{{- end -}}
{{ int64 (ceil $seconds) }}
{{- end -}}

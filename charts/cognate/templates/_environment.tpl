{{/* What a process is told: its settings as variables, COGNATE_<NAME>. Those that are no secret and the same for all pods of a service
stand in its ConfigMap ("cognate.settings"), the others in the container ("cognate.env"); secrets are files. */}}

{{- define "cognate.settings" -}}
{{- $root := .root -}}
{{- $service := .service -}}
{{- $facts := $service.facts -}}
{{- $settings := dict -}}
{{- range $name, $value := mustMergeOverwrite (deepCopy $root.Values.config) (default dict $service.config) -}}
{{- $_ := set $settings (printf "COGNATE_%s" ($name | upper | replace "-" "_")) (include "cognate.text" $value) -}}
{{- end -}}
{{- $_ := set $settings "COGNATE_LISTEN" (printf "0.0.0.0:%v" (int $facts.grpc)) -}}
{{- $_ := set $settings "COGNATE_ADMIN" (printf "0.0.0.0:%v" (int $facts.admin)) -}}
{{- if $facts.http -}}
{{- $_ := set $settings "COGNATE_HTTP" (printf "0.0.0.0:%v" (int $facts.http)) -}}
{{- end -}}
{{- if $facts.addresses -}}
{{- with include "cognate.publicUrl" $root -}}
{{- $_ := set $settings "COGNATE_PUBLIC_URL" . -}}
{{- end -}}
{{- end -}}
{{- $peers := fromYaml (include "cognate.facts" $root) -}}
{{- range $peer := $facts.calls -}}
{{- $variable := printf "COGNATE_%s" ((index $peers $peer).setting | upper | replace "-" "_") -}}
{{- $_ := set $settings $variable (include "cognate.peer" (dict "root" $root "name" $peer "by" $.name)) -}}
{{- end -}}
{{- if $root.Values.tls.enabled -}}
{{- $_ := set $settings "COGNATE_TLS_CERTIFICATE_FILE" "/etc/cognate/tls/tls.crt" -}}
{{- $_ := set $settings "COGNATE_TLS_KEY_FILE" "/etc/cognate/tls/tls.key" -}}
{{- $_ := set $settings "COGNATE_TLS_CA_FILE" "/etc/cognate/tls/ca.crt" -}}
{{- if $root.Values.tls.clientCa.existingSecret -}}
{{- $_ := set $settings "COGNATE_TLS_CLIENT_CA_FILE" "/etc/cognate/tls/client-ca.crt" -}}
{{- end -}}
{{- else -}}
{{- $_ := set $settings "COGNATE_PLAINTEXT" "true" -}}
{{- end -}}
{{- with include "cognate.secret" $root -}}
{{- with $root.Values.secrets.keys.serviceKey -}}
{{- $_ := set $settings "COGNATE_SERVICE_KEY_FILE" "/etc/cognate/keys/service-key" -}}
{{- end -}}
{{- with $root.Values.secrets.keys.sealingKeys -}}
{{- $_ := set $settings "COGNATE_SEALING_KEYS_FILE" "/etc/cognate/keys/sealing-keys" -}}
{{- end -}}
{{- if and $facts.files $root.Values.secrets.keys.linkKey -}}
{{- $_ := set $settings "COGNATE_LINK_KEY_FILE" "/etc/cognate/keys/link-key" -}}
{{- end -}}
{{- end -}}
{{- if $facts.postgres -}}
{{- if include "cognate.postgresHost" $root -}}
{{- $_ := set $settings "COGNATE_POSTGRES_PASSWORD_FILE" "/etc/cognate/postgres/password" -}}
{{- else -}}
{{- $_ := set $settings "COGNATE_POSTGRES_URI_FILE" "/etc/cognate/postgres/uri" -}}
{{- end -}}
{{- end -}}
{{- if $facts.redis -}}
{{- $_ := set $settings "COGNATE_REDIS_ADDRESS" (include "cognate.redisAddress" $root) -}}
{{- with include "cognate.redisSecret" $root -}}
{{- $_ := set $settings "COGNATE_REDIS_PASSWORD_FILE" "/etc/cognate/redis/password" -}}
{{- end -}}
{{- with include "cognate.sentinelSecret" $root -}}
{{- $_ := set $settings "COGNATE_REDIS_SENTINEL_PASSWORD_FILE" "/etc/cognate/sentinel/password" -}}
{{- end -}}
{{- if $root.Values.redis.caSecret -}}
{{- $_ := set $settings "COGNATE_REDIS_CA_FILE" "/etc/cognate/redis-ca/ca.crt" -}}
{{- end -}}
{{- if $root.Values.redis.clientSecret -}}
{{- $_ := set $settings "COGNATE_REDIS_CERTIFICATE_FILE" "/etc/cognate/redis-client/tls.crt" -}}
{{- $_ := set $settings "COGNATE_REDIS_KEY_FILE" "/etc/cognate/redis-client/tls.key" -}}
{{- end -}}
{{- end -}}
{{- if $facts.files -}}
{{- include "cognate.fileSettings" (dict "root" $root "settings" $settings) -}}
{{- end -}}
{{- with $root.Values.traces -}}
{{- if .endpoint -}}
{{- $_ := set $settings "COGNATE_OTLP_ENDPOINT" .endpoint -}}
{{- $_ := set $settings "COGNATE_TRACE_RATIO" (include "cognate.text" .ratio) -}}
{{- if .headersSecret -}}{{- $_ := set $settings "COGNATE_OTLP_HEADERS_FILE" "/etc/cognate/traces/headers" -}}{{- end -}}
{{- if .caSecret -}}{{- $_ := set $settings "COGNATE_OTLP_CA_FILE" "/etc/cognate/traces-ca/ca.crt" -}}{{- end -}}
{{- end -}}
{{- end -}}
{{- toYaml $settings -}}
{{- end -}}

{{/* Where readers reach the gateway: as it is said, or by the first name that leads to it. */}}
{{- define "cognate.publicUrl" -}}
{{- if .Values.publicUrl -}}
{{ .Values.publicUrl }}
{{- else if and .Values.ingress.enabled .Values.ingress.hosts -}}
{{ ternary "https" "http" (not (empty .Values.ingress.tlsSecret)) }}://{{ first .Values.ingress.hosts }}
{{- else if and .Values.httpRoute.enabled .Values.httpRoute.hostnames -}}
https://{{ first .Values.httpRoute.hostnames }}
{{- end -}}
{{- end -}}

{{- define "cognate.fileSettings" -}}
{{- $settings := .settings -}}
{{- with .root.Values.files -}}
{{- if eq .store "s3" -}}
{{- $_ := set $settings "COGNATE_FILE_STORE" (printf "s3://%s/%s" .s3.bucket .s3.prefix | trimSuffix "/") -}}
{{- $_ := set $settings "COGNATE_FILE_STAGING" "/var/lib/cognate/staging" -}}
{{- $_ := set $settings "COGNATE_S3_REGION" .s3.region -}}
{{- if .s3.endpoint -}}{{- $_ := set $settings "COGNATE_S3_ENDPOINT" .s3.endpoint -}}{{- end -}}
{{- if .s3.pathStyle -}}{{- $_ := set $settings "COGNATE_S3_PATH_STYLE" "true" -}}{{- end -}}
{{- if .s3.plaintext -}}{{- $_ := set $settings "COGNATE_S3_PLAINTEXT" "true" -}}{{- end -}}
{{- if .s3.caSecret -}}{{- $_ := set $settings "COGNATE_S3_CA_FILE" "/etc/cognate/s3-ca/ca.crt" -}}{{- end -}}
{{- $_ := set $settings "COGNATE_S3_ACCESS_KEY_FILE" "/etc/cognate/s3/access-key" -}}
{{- $_ := set $settings "COGNATE_S3_SECRET_KEY_FILE" "/etc/cognate/s3/secret-key" -}}
{{- if .s3.sessionTokenKey -}}{{- $_ := set $settings "COGNATE_S3_SESSION_TOKEN_FILE" "/etc/cognate/s3/session-token" -}}{{- end -}}
{{- else -}}
{{- $_ := set $settings "COGNATE_FILE_STORE" "/var/lib/cognate/files" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "cognate.env" -}}
{{- $root := .root -}}
{{- $service := .service -}}
{{- $facts := $service.facts -}}
{{- if $facts.stateful }}
- name: POD_NAME
  valueFrom:
    fieldRef:
      fieldPath: metadata.name
- name: COGNATE_ADVERTISE_ADDRESS
  value: $(POD_NAME).{{ include "cognate.host" . }}:{{ int $facts.grpc }}
{{- end }}
{{- if and $facts.postgres (include "cognate.postgresHost" $root) }}
- name: COGNATE_POSTGRES_URI
  value: {{ include "cognate.postgresPairs" (dict "login" (mustMergeOverwrite (deepCopy $root.Values.postgres) (default dict $service.postgres))) | quote }}
{{- end }}
{{- with $service.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* libpq's key=value pairs; the password is a file, since it would be readable in a variable. */}}
{{- define "cognate.postgresPairs" -}}
{{- $login := .login -}}
host={{ $login.host }} port={{ int $login.port }} dbname={{ include "cognate.postgresText" $login.database }} user={{ include "cognate.postgresText" $login.username }} sslmode={{ $login.sslMode }}
{{- if $login.caSecret }} sslrootcert=/etc/cognate/postgres-ca/ca.crt{{ end }}
{{- range $name, $value := $login.parameters }} {{ $name }}={{ include "cognate.postgresText" $value }}{{ end }}
{{- end -}}

{{- define "cognate.postgresText" -}}
'{{ . | replace "\\" "\\\\" | replace "'" "\\'" | replace "$(" "$$(" }}'
{{- end -}}

{{- define "cognate.postgresHost" -}}
{{- if not .Values.devDependencies.enabled -}}{{ .Values.postgres.host }}{{- end -}}
{{- end -}}

{{/* The secret with the address, of a service. */}}
{{- define "cognate.postgresSecret" -}}
{{- if .root.Values.devDependencies.enabled -}}
{{ include "cognate.fullname" .root }}-dev
{{- else -}}
{{- (mustMergeOverwrite (deepCopy .root.Values.postgres) (default dict .service.postgres)).existingSecret -}}
{{- end -}}
{{- end -}}

{{- define "cognate.redisAddress" -}}
{{- if .Values.devDependencies.enabled -}}
{{ include "cognate.fullname" . }}-dev-redis.{{ .Release.Namespace }}.svc:6379
{{- else -}}
{{- $scheme := ternary "rediss" "redis" .Values.redis.tls -}}
{{- if eq .Values.redis.mode "sentinel" -}}
{{ $scheme }}-sentinel://{{ join "," .Values.redis.sentinels }}/{{ .Values.redis.primaryName }}
{{- else if eq .Values.redis.mode "cluster" -}}
{{ $scheme }}-cluster://{{ join "," .Values.redis.nodes }}
{{- else if .Values.redis.tls -}}
rediss://{{ .Values.redis.address }}
{{- else -}}
{{ .Values.redis.address }}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* The ports that Redis and its sentinels are reached at. */}}
{{- define "cognate.redisPorts" -}}
{{- $ports := list -}}
{{- if or .Values.devDependencies.enabled (eq .Values.redis.mode "standalone") -}}
{{- $ports = append $ports (include "cognate.redisAddress" . | splitList ":" | last | int) -}}
{{- else -}}
{{- $ports = append $ports (int .Values.redis.primaryPort) -}}
{{- range concat .Values.redis.sentinels .Values.redis.nodes -}}{{- $ports = append $ports (splitList ":" . | last | int) -}}{{- end -}}
{{- end -}}
{{- toYaml (dict "ports" ($ports | uniq)) -}}
{{- end -}}

{{- define "cognate.sentinelSecret" -}}
{{- if and (not .Values.devDependencies.enabled) (eq .Values.redis.mode "sentinel") -}}{{ .Values.redis.sentinelSecret }}{{- end -}}
{{- end -}}

{{- define "cognate.redisSecret" -}}
{{- if not .Values.devDependencies.enabled -}}{{ .Values.redis.existingSecret }}{{- end -}}
{{- end -}}

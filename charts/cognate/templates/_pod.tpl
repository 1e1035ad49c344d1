{{/* The pod of a service: (dict "root" $ "name" "delivery" "service" <cognate.service>) */}}
{{- define "cognate.pod" -}}
{{- $root := .root -}}
{{- $service := .service -}}
{{- $facts := $service.facts -}}
{{- $migrates := and $facts.postgres (eq $root.Values.migrations.mode "initContainer") (ne .name "single") -}}
metadata:
  labels:
    {{- /* Not the chart's version: pods that stay as they are need not be replaced by an upgrade. */}}
    {{- toYaml (mustMergeOverwrite (deepCopy $root.Values.commonLabels) $service.podLabels (fromYaml (include "cognate.selector" .))) | nindent 4 }}
  annotations:
    {{- $annotations := dict "checksum/settings" (include "cognate.settings" . | sha256sum) "kubectl.kubernetes.io/default-container" .name }}
    {{- toYaml (mustMergeOverwrite (deepCopy $root.Values.commonAnnotations) $service.podAnnotations $annotations) | nindent 4 }}
spec:
  serviceAccountName: {{ include "cognate.serviceAccount" $root }}
  automountServiceAccountToken: false
  # Otherwise each Service of the namespace becomes variables, some with names of settings.
  enableServiceLinks: false
  {{- with $root.Values.imagePullSecrets }}
  imagePullSecrets:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  securityContext:
    {{- toYaml $service.podSecurityContext | nindent 4 }}
  terminationGracePeriodSeconds: {{ int $service.terminationGracePeriodSeconds }}
  {{- with $service.priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
  {{- with $service.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $service.affinity }}
  affinity:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $service.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $service.topologySpreadConstraints }}
  topologySpreadConstraints:
    {{- range . }}
    {{- $selector := dict "labelSelector" (dict "matchLabels" (fromYaml (include "cognate.selector" $))) }}
    - {{- toYaml (merge (deepCopy .) $selector) | nindent 6 }}
    {{- end }}
  {{- end }}
  {{- if $migrates }}
  initContainers:
    - name: migrate
      command: [/usr/local/bin/{{ .name }}, migrate]
      {{- include "cognate.container" . | nindent 6 }}
  {{- end }}
  containers:
    - name: {{ .name }}
      {{- if eq .name "single" }}
      command: [/usr/local/bin/cognate, up]
      {{- else }}
      command: [/usr/local/bin/{{ .name }}, serve]
      {{- end }}
      {{- include "cognate.container" . | nindent 6 }}
      ports:
        - {name: grpc, containerPort: {{ int $facts.grpc }}}
        - {name: admin, containerPort: {{ int $facts.admin }}}
        {{- if $facts.http }}
        - {name: http, containerPort: {{ int $facts.http }}}
        {{- end }}
      startupProbe:
        {{- include "cognate.probe" (list "/livez" $service.probes.startup) | nindent 8 }}
      livenessProbe:
        {{- include "cognate.probe" (list "/livez" $service.probes.liveness) | nindent 8 }}
      readinessProbe:
        {{- include "cognate.probe" (list "/readyz/calls" $service.probes.readiness) | nindent 8 }}
      {{- if $service.preStopSleepSeconds }}
      lifecycle:
        preStop:
          sleep:
            seconds: {{ int $service.preStopSleepSeconds }}
      {{- end }}
  {{- with include "cognate.volumes" . | trim }}
  volumes:
    {{- . | nindent 4 }}
  {{- end }}
{{- end -}}

{{/* What a service's containers have in common: that which serves, and that which migrates. With `inline` the settings stand in the
container, for a pod that comes before its ConfigMap. */}}
{{- define "cognate.container" -}}
image: {{ include "cognate.image" .root }}
imagePullPolicy: {{ .root.Values.image.pullPolicy }}
securityContext:
  {{- toYaml .service.containerSecurityContext | nindent 2 }}
resources:
  {{- toYaml .service.resources | nindent 2 }}
{{- if not .inline }}
envFrom:
  - configMapRef:
      name: {{ include "cognate.serviceName" . }}
{{- end }}
{{- $own := include "cognate.env" . | trim }}
{{- if or $own .inline }}
env:
  {{- if .inline }}
  {{- range $name, $value := fromYaml (include "cognate.settings" .) }}
  - {name: {{ $name }}, value: {{ $value | quote }}}
  {{- end }}
  {{- end }}
  {{- with $own }}
  {{- . | nindent 2 }}
  {{- end }}
{{- end }}
{{- with include "cognate.mounts" . | trim }}
volumeMounts:
  {{- . | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "cognate.probe" -}}
httpGet:
  path: {{ first . }}
  port: admin
{{ toYaml (last .) }}
{{- end -}}

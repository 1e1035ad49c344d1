{{/* Names and labels. */}}

{{- define "cognate.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if contains $name .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* The name of a service's objects: "cognate-delivery"; of the single process: the release's. */}}
{{- define "cognate.serviceName" -}}
{{- $fullname := include "cognate.fullname" .root -}}
{{- if eq .name "single" -}}{{ $fullname }}{{- else -}}{{ $fullname }}-{{ .name }}{{- end -}}
{{- end -}}

{{/* The name by which it is called, and which its certificate must have. */}}
{{- define "cognate.host" -}}
{{ include "cognate.serviceName" . }}.{{ .root.Release.Namespace }}.svc
{{- end -}}

{{- define "cognate.image" -}}
{{- $image := .Values.image -}}
{{- if $image.digest -}}
{{ $image.repository }}@{{ $image.digest }}
{{- else -}}
{{ $image.repository }}:{{ default .Chart.AppVersion $image.tag }}
{{- end -}}
{{- end -}}

{{- define "cognate.selector" -}}
app.kubernetes.io/name: {{ default .root.Chart.Name .root.Values.nameOverride }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
{{- with .name }}
app.kubernetes.io/component: {{ . }}
{{- end }}
{{- end -}}

{{/* metadata of an object: (dict "root" $ "object" "its name" "name" "the service, if of one" "annotations" (dict)) */}}
{{- define "cognate.metadata" -}}
name: {{ .object }}
namespace: {{ default .root.Release.Namespace .namespace }}
labels:
  {{- include "cognate.labels" . | nindent 2 }}
{{- $annotations := mustMergeOverwrite (deepCopy .root.Values.commonAnnotations) (default dict .annotations) }}
{{- with $annotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "cognate.labels" -}}
{{- $own := fromYaml (include "cognate.selector" .) -}}
{{- $_ := set $own "app.kubernetes.io/version" .root.Chart.AppVersion -}}
{{- $_ := set $own "app.kubernetes.io/managed-by" .root.Release.Service -}}
{{- $_ := set $own "helm.sh/chart" (printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_") -}}
{{- toYaml (mustMergeOverwrite (deepCopy .root.Values.commonLabels) (default dict .labels) $own) -}}
{{- end -}}

{{- define "cognate.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{ default (include "cognate.fullname" .) .Values.serviceAccount.name }}
{{- else -}}
{{ default "default" .Values.serviceAccount.name }}
{{- end -}}
{{- end -}}

{{- define "cognate.secret" -}}
{{- if .Values.secrets.generate -}}{{ include "cognate.fullname" . }}-keys{{- else -}}{{ .Values.secrets.existingSecret }}{{- end -}}
{{- end -}}

{{/* Whether the services know each other by a key. */}}
{{- define "cognate.hasServiceKey" -}}
{{- if and (include "cognate.secret" .) .Values.secrets.keys.serviceKey -}}true{{- end -}}
{{- end -}}

{{/* The Service of the HTTP door. */}}
{{- define "cognate.httpService" -}}
{{ include "cognate.fullname" . }}-http
{{- end -}}

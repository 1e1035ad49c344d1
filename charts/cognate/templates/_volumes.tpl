{{/* Files of a pod. Each secret is a directory of its own, so that a renewed one counts without a restart. */}}

{{/* One secret as files: (dict "name" "tls" "secret" "…" "items" (list "key=path" …)) */}}
{{- define "cognate.secretVolume" -}}
- name: {{ .name }}
  secret:
    secretName: {{ .secret }}
    defaultMode: 0440
    items:
      {{- range $item := .items }}
      - key: {{ (splitList "=" $item) | first }}
        path: {{ (splitList "=" $item) | last }}
      {{- end }}
{{- end -}}

{{- define "cognate.volumes" -}}
{{- $root := .root -}}
{{- $service := .service -}}
{{- $facts := $service.facts -}}
{{- $keys := $root.Values.secrets.keys -}}
{{- with include "cognate.secret" $root }}
{{- $items := list }}
{{- if $keys.serviceKey }}{{ $items = append $items (printf "%s=service-key" $keys.serviceKey) }}{{ end }}
{{- if $keys.sealingKeys }}{{ $items = append $items (printf "%s=sealing-keys" $keys.sealingKeys) }}{{ end }}
{{- if and $facts.files $keys.linkKey }}{{ $items = append $items (printf "%s=link-key" $keys.linkKey) }}{{ end }}
{{- if $items }}
{{ include "cognate.secretVolume" (dict "name" "keys" "secret" . "items" $items) }}
{{- end }}
{{- end }}
{{- if $root.Values.tls.enabled }}
{{ include "cognate.tlsVolume" . }}
{{- end }}
{{- if $facts.postgres }}
{{ include "cognate.postgresVolumes" (dict "root" $root "login" (default dict $service.postgres)) }}
{{- end }}
{{- if $facts.redis }}
{{- with include "cognate.redisSecret" $root }}
{{ include "cognate.secretVolume" (dict "name" "redis" "secret" . "items" (list (printf "%s=password" $root.Values.redis.passwordKey))) }}
{{- end }}
{{- with include "cognate.sentinelSecret" $root }}
{{ include "cognate.secretVolume" (dict "name" "sentinel" "secret" . "items" (list (printf "%s=password" $root.Values.redis.sentinelPasswordKey))) }}
{{- end }}
{{- with $root.Values.redis.caSecret }}
{{ include "cognate.secretVolume" (dict "name" "redis-ca" "secret" . "items" (list (printf "%s=ca.crt" $root.Values.redis.caKey))) }}
{{- end }}
{{- with $root.Values.redis.clientSecret }}
{{ include "cognate.secretVolume" (dict "name" "redis-client" "secret" . "items" (list "tls.crt=tls.crt" "tls.key=tls.key")) }}
{{- end }}
{{- end }}
{{- if $facts.files }}
{{ include "cognate.fileVolumes" $root }}
{{- end }}
{{- with $root.Values.traces }}
{{- if and .endpoint .headersSecret }}
{{ include "cognate.secretVolume" (dict "name" "traces" "secret" .headersSecret "items" (list (printf "%s=headers" .headersKey))) }}
{{- end }}
{{- if and .endpoint .caSecret }}
{{ include "cognate.secretVolume" (dict "name" "traces-ca" "secret" .caSecret "items" (list (printf "%s=ca.crt" .caKey))) }}
{{- end }}
{{- end }}
{{- with $service.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* The database's address or password, and its authority: (dict "root" $ "login" <what counts instead of .Values.postgres>) */}}
{{- define "cognate.postgresVolumes" -}}
{{- $login := mustMergeOverwrite (deepCopy .root.Values.postgres) .login -}}
{{- $item := printf "%s=uri" (ternary "uri" $login.uriKey .root.Values.devDependencies.enabled) -}}
{{- if include "cognate.postgresHost" .root -}}{{- $item = printf "%s=password" $login.passwordKey -}}{{- end -}}
{{ include "cognate.secretVolume" (dict "name" "postgres" "secret" (include "cognate.postgresSecret" (dict "root" .root "service" (dict "postgres" .login))) "items" (list $item)) }}
{{- with $login.caSecret }}
{{ include "cognate.secretVolume" (dict "name" "postgres-ca" "secret" . "items" (list (printf "%s=ca.crt" $login.caKey))) }}
{{- end }}
{{- end -}}

{{- define "cognate.postgresMounts" -}}
- {name: postgres, mountPath: /etc/cognate/postgres, readOnly: true}
{{- if .Values.postgres.caSecret }}
- {name: postgres-ca, mountPath: /etc/cognate/postgres-ca, readOnly: true}
{{- end }}
{{- end -}}

{{/* The certificate, its authority and that of callers, which may lie in three secrets. */}}
{{- define "cognate.tlsVolume" -}}
{{- $tls := .root.Values.tls -}}
{{- $own := default $tls.existingSecret (default dict .service.tls).existingSecret -}}
- name: tls
  projected:
    defaultMode: 0440
    sources:
      - secret:
          name: {{ $own }}
          items:
            - key: {{ $tls.certificateKey }}
              path: tls.crt
            - key: {{ $tls.privateKeyKey }}
              path: tls.key
      - secret:
          name: {{ default $own $tls.ca.existingSecret }}
          items:
            - key: {{ $tls.ca.key }}
              path: ca.crt
      {{- with $tls.clientCa.existingSecret }}
      - secret:
          name: {{ . }}
          items:
            - key: {{ $tls.clientCa.key }}
              path: client-ca.crt
      {{- end }}
{{- end -}}

{{- define "cognate.fileVolumes" -}}
{{- $files := .Values.files -}}
{{- if eq $files.store "s3" -}}
{{- $items := list (printf "%s=access-key" $files.s3.accessKeyKey) (printf "%s=secret-key" $files.s3.secretKeyKey) -}}
{{- with $files.s3.sessionTokenKey -}}{{- $items = append $items (printf "%s=session-token" .) -}}{{- end -}}
{{ include "cognate.secretVolume" (dict "name" "s3" "secret" $files.s3.existingSecret "items" $items) }}
{{- with $files.s3.caSecret }}
{{ include "cognate.secretVolume" (dict "name" "s3-ca" "secret" . "items" (list (printf "%s=ca.crt" $files.s3.caKey))) }}
{{- end }}
- name: staging
  {{- if $files.s3.stagingClaim }}
  persistentVolumeClaim:
    claimName: {{ $files.s3.stagingClaim }}
  {{- else }}
  emptyDir:
    sizeLimit: {{ $files.s3.stagingSize }}
  {{- end }}
{{- else -}}
- name: files
  persistentVolumeClaim:
    claimName: {{ default (printf "%s-files" (include "cognate.fullname" .)) $files.pvc.existingClaim }}
{{- end -}}
{{- end -}}

{{- define "cognate.mounts" -}}
{{- $root := .root -}}
{{- $facts := .service.facts -}}
{{- $keys := $root.Values.secrets.keys -}}
{{- if and (include "cognate.secret" $root) (or $keys.serviceKey $keys.sealingKeys (and $facts.files $keys.linkKey)) }}
- {name: keys, mountPath: /etc/cognate/keys, readOnly: true}
{{- end }}
{{- if $root.Values.tls.enabled }}
- {name: tls, mountPath: /etc/cognate/tls, readOnly: true}
{{- end }}
{{- if $facts.postgres }}
{{ include "cognate.postgresMounts" $root }}
{{- end }}
{{- if and $facts.redis (include "cognate.redisSecret" $root) }}
- {name: redis, mountPath: /etc/cognate/redis, readOnly: true}
{{- end }}
{{- if and $facts.redis (include "cognate.sentinelSecret" $root) }}
- {name: sentinel, mountPath: /etc/cognate/sentinel, readOnly: true}
{{- end }}
{{- if and $facts.redis $root.Values.redis.caSecret }}
- {name: redis-ca, mountPath: /etc/cognate/redis-ca, readOnly: true}
{{- end }}
{{- if and $facts.redis $root.Values.redis.clientSecret }}
- {name: redis-client, mountPath: /etc/cognate/redis-client, readOnly: true}
{{- end }}
{{- if $facts.files }}
{{- if eq $root.Values.files.store "s3" }}
- {name: s3, mountPath: /etc/cognate/s3, readOnly: true}
{{- if $root.Values.files.s3.caSecret }}
- {name: s3-ca, mountPath: /etc/cognate/s3-ca, readOnly: true}
{{- end }}
- {name: staging, mountPath: /var/lib/cognate/staging}
{{- else }}
- {name: files, mountPath: /var/lib/cognate/files}
{{- end }}
{{- end }}
{{- with $root.Values.traces }}
{{- if and .endpoint .headersSecret }}
- {name: traces, mountPath: /etc/cognate/traces, readOnly: true}
{{- end }}
{{- if and .endpoint .caSecret }}
- {name: traces-ca, mountPath: /etc/cognate/traces-ca, readOnly: true}
{{- end }}
{{- end }}
{{- with .service.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end -}}

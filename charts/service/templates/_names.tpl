{{- define "service.name" -}}
{{- .Values.name | default .Chart.Name -}}
{{- end -}}

{{- define "service.selector" -}}
app.kubernetes.io/name: {{ include "service.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{/* A second version's pods: no object of the first one counts them as its own. */}}
{{- define "service.canarySelector" -}}
app.kubernetes.io/name: {{ include "service.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}-canary
{{- end -}}

{{/* The pods of both versions. */}}
{{- define "service.pods" -}}
app.kubernetes.io/name: {{ include "service.name" . }}
app.kubernetes.io/part-of: symphony
{{- end -}}

{{- define "service.commonLabels" -}}
app.kubernetes.io/part-of: symphony
app.kubernetes.io/version: {{ .Values.image.tag | default .Values.global.image.tag | default .Chart.AppVersion | trunc 63 | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "service-%s" .Chart.Version }}
{{- end -}}

{{- define "service.labels" -}}
{{ include "service.selector" . }}
{{ include "service.commonLabels" . }}
{{- end -}}

{{- define "service.image" -}}
{{- $registry := .Values.image.registry | default .Values.global.image.registry -}}
{{- $repository := .Values.image.repository | default (printf "symphony-%s" (include "service.name" .)) -}}
{{- if $registry }}{{ trimSuffix "/" $registry }}/{{ end }}{{ $repository }}
{{- if .Values.image.digest }}@{{ .Values.image.digest }}{{ else }}:{{ .Values.image.tag | default .Values.global.image.tag | default .Chart.AppVersion }}{{ end -}}
{{- end -}}

{{/* Where the canary names no image of its own, it is the first version's. */}}
{{- define "service.canaryImage" -}}
{{- $image := deepCopy .Values.image -}}
{{- if or .Values.canary.image.tag .Values.canary.image.digest -}}
{{- $_ := set $image "tag" .Values.canary.image.tag -}}
{{- $_ := set $image "digest" .Values.canary.image.digest -}}
{{- end -}}
{{- include "service.image" (dict "Values" (dict "name" .Values.name "image" $image "global" .Values.global) "Chart" .Chart) -}}
{{- end -}}

{{/* The ConfigMap's content. In a pod the sidecar and the probes reach the service by the pod's address. */}}
{{- define "service.settings" -}}
HOST: 0.0.0.0
PORT: {{ .Values.ports.http | quote }}
{{- if .Values.ports.grpc }}
GRPC_PORT: {{ .Values.ports.grpc | quote }}
{{- end }}
{{- if .Values.global.development }}
DRAIN_DELAY_MS: "0"
{{- else }}
DRAIN_DELAY_MS: {{ .Values.drainDelayMs | int | quote }}
{{- end }}
{{- if .Values.global.debug }}
LOG_LEVEL: debug
NODE_OPTIONS: --inspect=127.0.0.1:9229
{{- end }}
{{- with .Values.global.telemetry.otlpEndpoint }}
# Whether a trace is recorded is decided by the first sidecar: mesh/base/namespace-policies.yaml.
OTEL_EXPORTER_OTLP_ENDPOINT: {{ . | quote }}
OTEL_SERVICE_NAME: {{ include "service.name" $ }}
OTEL_RESOURCE_ATTRIBUTES: service.version={{ $.Values.image.tag | default $.Values.global.image.tag | default $.Chart.AppVersion }}
{{- end }}
# Less than the startup probe allows, so that the log tells why a service did not start.
STARTUP_DEADLINE_MS: "80000"
{{- range $variable, $value := .Values.env }}
{{ $variable }}: {{ if kindIs "float64" $value }}{{ $value | int64 | quote }}{{ else }}{{ $value | quote }}{{ end }}
{{- end }}
{{- end -}}

{{/*
The sidecar's own settings. Istio drops most of Envoy's statistics; these are what the gateway's breaker metric,
"fault status" and the tests read.
*/}}
{{- define "service.proxyConfig" -}}
holdApplicationUntilProxyStarts: true
# The sidecar's spans and the service's carry one name.
tracingServiceName: CANONICAL_NAME_ONLY
proxyStatsMatcher:
  inclusionRegexps:
    - cluster\.(out|in)bound.*\.(membership_.*|outlier_detection\..*|circuit_breakers\..*|upstream_rq_(total|[0-9]xx|[0-9]+|completed|active|retry.*|timeout|per_try_timeout|pending_.*|cancelled|rx_reset|tx_reset)|upstream_cx_(total|active|connect_fail|overflow))
    - http\.(out|in)bound.*\.(fault\..*|rbac\..*|downstream_rq_(total|[0-9]xx|active|rx_reset|tx_reset))
    - .*rbac\.(allowed|denied|shadow_allowed|shadow_denied)
    - .*fault\..*
{{- end -}}

{{/* Annotations with which the mesh sizes one sidecar, of {requests, limits}. */}}
{{- define "service.sidecarResources" -}}
{{- range $annotation, $amount := dict
  "proxyCPU" (dig "requests" "cpu" "" .)
  "proxyMemory" (dig "requests" "memory" "" .)
  "proxyCPULimit" (dig "limits" "cpu" "" .)
  "proxyMemoryLimit" (dig "limits" "memory" "" .) }}
{{- with $amount }}
sidecar.istio.io/{{ $annotation }}: {{ . | quote }}
{{- end }}
{{- end }}
{{- end -}}

{{/*
What would leave pods hanging is told before anything is installed. Only where there is a cluster to ask: a mere
rendering finds nothing with lookup, and so neither the namespace's own account nor kube-system. The account is asked
for first, because who installs into a namespace that is there may be allowed to read nothing outside of it; kube-system
is for --create-namespace, which makes the namespace only after this.
*/}}
{{- define "service.requirements" -}}
{{- $namespace := .Release.Namespace -}}
{{- if or (lookup "v1" "ServiceAccount" $namespace "default") (lookup "v1" "Namespace" "" "kube-system") -}}
{{- if not (.Capabilities.APIVersions.Has "security.istio.io/v1") -}}
{{- fail "Istio is not installed in this cluster. Fix: see docs/kubernetes.md, \"A kind cluster\"" -}}
{{- end -}}
{{- range $variable, $source := .Values.secretEnv -}}
{{- $secret := lookup "v1" "Secret" $namespace $source.secret -}}
{{- if not $secret -}}
{{- fail (printf "%s needs the Secret %s/%s, which does not exist. Fix: k8s/secrets makes all of them on a kind cluster; elsewhere create it with the key %s, or name another one in %s.secretEnv.%s" (include "service.name" $) $namespace $source.secret $source.key (include "service.name" $) $variable) -}}
{{- end -}}
{{- if not (hasKey ($secret.data | default dict) $source.key) -}}
{{- fail (printf "%s needs the key %s in the Secret %s/%s. Fix: add it, or name another one in %s.secretEnv.%s" (include "service.name" $) $source.key $namespace $source.secret (include "service.name" $) $variable) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}

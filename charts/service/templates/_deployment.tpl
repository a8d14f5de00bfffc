{{/*
The Deployment of one version: (dict "root" $ "canary" false). The pods of both versions belong to one Service;
apart from that neither knows of the other.
*/}}
{{- define "service.deployment" -}}
{{- $canary := .canary -}}
{{- $selector := ternary "service.canarySelector" "service.selector" $canary -}}
{{- $root := .root -}}
{{- with $root -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "service.name" . }}{{ if $canary }}-canary{{ end }}
  labels: {{- include "service.labels" . | nindent 4 }}
spec:
  {{- if $canary }}
  replicas: {{ .Values.canary.replicas }}
  {{- else if not .Values.autoscaling.enabled }}
  replicas: {{ .Values.replicas }}
  {{- end }}
  revisionHistoryLimit: 3
  # A failed migration or a bad setting is told after two minutes; the old version serves meanwhile.
  progressDeadlineSeconds: 120
  strategy:
    rollingUpdate:
      maxSurge: 1
      maxUnavailable: 0
  selector:
    matchLabels: {{- include $selector . | nindent 6 }}
  template:
    metadata:
      labels:
        {{- include "service.commonLabels" . | nindent 8 }}
        {{- include $selector . | nindent 8 }}
        # The subsets of mesh/canary.
        symphony.dev/track: {{ ternary "canary" "stable" $canary }}
        {{- with .Values.podLabels }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      annotations:
        # A changed setting rolls the pods.
        checksum/config: {{ include "service.settings" . | sha256sum }}
        prometheus.io/scrape: "true"
        prometheus.io/port: {{ .Values.ports.http | quote }}
        prometheus.io/path: /metrics
        proxy.istio.io/config: {{ include "service.proxyConfig" . | fromYaml | toJson | squote }}
        {{- with include "service.sidecarResources" .Values.sidecar.resources | trim }}
        {{- . | nindent 8 }}
        {{- end }}
        {{- with .Values.podAnnotations }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
    spec:
      serviceAccountName: {{ include "service.name" . }}
      automountServiceAccountToken: false
      terminationGracePeriodSeconds: {{ .Values.terminationGracePeriodSeconds }}
      securityContext:
        runAsNonRoot: true
        runAsUser: 10001
        runAsGroup: 10001
        fsGroup: 10001
        seccompProfile:
          type: RuntimeDefault
      {{- with .Values.image.pullSecrets }}
      imagePullSecrets:
        {{- range . }}
        - name: {{ . }}
        {{- end }}
      {{- end }}
      containers:
        - name: {{ include "service.name" . }}
          {{- if $canary }}
          image: {{ include "service.canaryImage" . | quote }}
          {{- else }}
          image: {{ include "service.image" . | quote }}
          {{- end }}
          imagePullPolicy: {{ .Values.image.pullPolicy }}
          {{- if .Values.global.development }}
          # Exchanges the program when a file of it changes.
          command: [node, dist/k8s/reload/main.js]
          {{- end }}
          ports:
            - name: http
              containerPort: {{ .Values.ports.http }}
            {{- if .Values.ports.grpc }}
            - name: grpc
              containerPort: {{ .Values.ports.grpc }}
            {{- end }}
          envFrom:
            - configMapRef:
                name: {{ include "service.name" . }}
          {{- with .Values.secretEnv }}
          env:
            {{- range $variable, $source := . }}
            - name: {{ $variable }}
              valueFrom:
                secretKeyRef:
                  name: {{ $source.secret }}
                  key: {{ $source.key }}
            {{- end }}
          {{- end }}
          # Startup covers the wait for the database and the migrations. Readiness asks the database; it does not ask
          # the broker, whose absence must not take away a service that can still accept orders. It is patient, because
          # a node on which all pods start at once makes answers late, and late ones are better than none from the only
          # replica; a pod that fails its callers is taken out by the mesh. Liveness asks only whether the event loop
          # answers.
          startupProbe:
            httpGet: {path: /readyz, port: http}
            periodSeconds: 1
            failureThreshold: 90
          readinessProbe:
            httpGet: {path: /readyz, port: http}
            periodSeconds: 2
            failureThreshold: 3
            timeoutSeconds: 5
          livenessProbe:
            httpGet: {path: /livez, port: http}
            periodSeconds: 10
            failureThreshold: 6
            timeoutSeconds: 5
          resources: {{- toYaml .Values.resources | nindent 12 }}
          securityContext:
            allowPrivilegeEscalation: false
            readOnlyRootFilesystem: {{ not .Values.global.development }}
            capabilities:
              drop: [ALL]
      {{- if .Values.topologySpread.enabled }}
      topologySpreadConstraints:
        {{- range $key := list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
        - maxSkew: 1
          topologyKey: {{ $key }}
          whenUnsatisfiable: ScheduleAnyway
          labelSelector:
            matchLabels: {{- include $selector $root | nindent 14 }}
        {{- end }}
      {{- end }}
      {{- with .Values.dnsConfig }}
      dnsConfig: {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with .Values.nodeSelector }}
      nodeSelector: {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with .Values.tolerations }}
      tolerations: {{- toYaml . | nindent 8 }}
      {{- end }}
{{- end -}}
{{- end -}}

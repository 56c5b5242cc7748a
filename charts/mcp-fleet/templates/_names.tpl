{{- define "mcp-fleet.fullname" -}}
{{- .Values.fullnameOverride | default .Release.Name | trunc 50 | trimSuffix "-" }}
{{- end }}

{{- define "mcp-fleet.selectorLabels" -}}
app.kubernetes.io/name: mcp-fleet
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "mcp-fleet.podLabels" -}}
{{ include "mcp-fleet.selectorLabels" . }}
app.kubernetes.io/component: operator
{{- end }}

{{- define "mcp-fleet.labels" -}}
{{ include "mcp-fleet.podLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{- define "mcp-fleet.serviceAccountName" -}}
{{- if not (or .Values.serviceAccount.create .Values.serviceAccount.name) }}
{{- fail "serviceAccount.create is false: set serviceAccount.name to one that exists" }}
{{- end }}
{{- .Values.serviceAccount.name | default (include "mcp-fleet.fullname" .) }}
{{- end }}

{{- define "mcp-fleet.image" -}}
{{- if .digest }}{{ .repository }}@{{ .digest }}{{ else }}{{ .repository }}:{{ .tag }}{{ end }}
{{- end }}

{{- define "freshet.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}

{{- define "freshet.labels" -}}
app.kubernetes.io/name: freshet
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "freshet.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "freshet.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{- /* Properties of all workers, then the worker's own: a later file overrides an earlier one. Helm
reads numbers as floating ones, and would write 1790000000000 as 1.79e+12. */}}
{{- define "freshet.properties" -}}
{{- range $key, $value := . }}
{{- if or (kindIs "map" $value) (kindIs "slice" $value) }}
{{- fail (printf "properties: %s is no text; write whole keys (\"%s.NAME\": VALUE; with --set: %s\\.NAME=VALUE)" $key $key $key) }}
{{- else if and (kindIs "float64" $value) (eq (floor $value) $value) }}
{{ $key }}={{ int64 $value }}
{{- else }}
{{ $key }}={{ $value }}
{{- end }}
{{- end }}
{{- end }}

{{- define "freshet.files" -}}
{{- with .Values.filesSecretName }}
- name: files
  secret:
    secretName: {{ . }}
    defaultMode: 0440
{{- end }}
{{- end }}

{{- define "freshet.filesMount" -}}
{{- if .Values.filesSecretName }}
- name: files
  mountPath: /etc/freshet-files
  readOnly: true
{{- end }}
{{- end }}

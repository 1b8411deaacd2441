{{/* Labels of everything; call with a dict of root and component. */}}
{{- define "skydesk.labels" -}}
{{ include "skydesk.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
{{- end }}

{{/* Labels that tell one component's pods from all others. */}}
{{- define "skydesk.selector" -}}
app.kubernetes.io/name: skydesk
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{- define "skydesk.image" -}}
{{ printf "%s:%s" .image.name (.image.tag | default .root.Chart.AppVersion) }}
{{- end }}

{{/* What every container of this chart may not do. */}}
{{- define "skydesk.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}

{{/* User and group 1000, as the pods of jobs have, so that each may write where the other did. */}}
{{- define "skydesk.podSecurity" -}}
runAsNonRoot: true
runAsUser: 1000
runAsGroup: 1000
fsGroup: 1000
fsGroupChangePolicy: OnRootMismatch
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{/* How the database is reached: libpq's own variables, so that no password stands in a URL. */}}
{{- define "skydesk.postgresql" -}}
- {name: PGHOST, value: {{ .Values.database.host | quote }}}
- {name: PGPORT, value: {{ .Values.database.port | quote }}}
- {name: PGDATABASE, value: {{ .Values.database.name | quote }}}
- {name: PGUSER, value: {{ .Values.database.user | quote }}}
- {name: PGSSLMODE, value: {{ .Values.database.sslMode | quote }}}
- name: PGPASSWORD
  valueFrom:
    secretKeyRef: {{ toYaml .Values.database.passwordSecret | nindent 6 }}
{{- end }}

{{- define "skydesk.databaseUrl" -}}
{{- if .Values.database.host -}}
postgresql+psycopg://$(PGUSER)@$(PGHOST):$(PGPORT)/$(PGDATABASE)
{{- else -}}
sqlite:////var/lib/skydesk/skydesk.sqlite
{{- end -}}
{{- end }}

{{/* A rule that lets connections out to one place: an address range, or whatever runs in a namespace. */}}
{{- define "skydesk.destination" -}}
{{- if .namespace -}}
- to: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: {{ .namespace }}}}}]
{{- else -}}
- to: [{ipBlock: {cidr: {{ .cidr }}}}]
{{- end }}
  ports: [{protocol: TCP, port: {{ .port }}}]
{{- end }}

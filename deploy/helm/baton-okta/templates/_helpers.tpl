{{/* The name of everything that belongs to this release. */}}
{{- define "baton-okta.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if contains $name .Release.Name -}}
{{- .Release.Name | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 52 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* What the pods of this release are found by; it can never change. */}}
{{- define "baton-okta.selectorLabels" -}}
app: {{ include "baton-okta.fullname" . }}
{{- end -}}

{{- define "baton-okta.labels" -}}
{{ include "baton-okta.selectorLabels" . }}
baton: "true"
baton-app: okta
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{- define "baton-okta.image" -}}
{{- $repository := required "image.repository is not set: where is your image?" .Values.image.repository -}}
{{- if .Values.image.digest -}}
{{ $repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ $repository }}:{{ default .Chart.AppVersion .Values.image.tag }}
{{- end -}}
{{- end -}}

{{- define "baton-okta.secretName" -}}
{{- if .Values.secret.existing -}}
{{ .Values.secret.existing }}
{{- else -}}
{{ include "baton-okta.fullname" . }}-secrets
{{- end -}}
{{- end -}}

{{- define "baton-okta.claimName" -}}
{{- if .Values.persistence.existingClaim -}}
{{ .Values.persistence.existingClaim }}
{{- else -}}
{{ include "baton-okta.fullname" . }}-data
{{- end -}}
{{- end -}}

{{/* The variables of what is set in values.yaml. */}}
{{- define "baton-okta.env" -}}
- name: BATON_HOST_ID
  value: {{ default (include "baton-okta.fullname" .) .Values.hostId | quote }}
- name: BATON_C1Z_TEMP_DIR
  value: /data
- name: TMPDIR
  value: /data
- name: BATON_HEALTH_CHECK
  value: "true"
- name: BATON_HEALTH_CHECK_BIND_ADDRESS
  value: {{ .Values.health.bindAddress | quote }}
{{- if ne (int .Values.health.port) 8081 }}
- name: BATON_HEALTH_CHECK_PORT
  value: {{ .Values.health.port | quote }}
{{- end }}
{{- if and .Values.secret.existing .Values.okta.domain }}
- name: BATON_DOMAIN
  value: {{ .Values.okta.domain | quote }}
{{- end }}
{{- with .Values.okta.oauth }}
{{- if .clientId }}
- name: BATON_AUTH_METHOD
  value: private-key-group
- name: BATON_OKTA_CLIENT_ID
  value: {{ .clientId | quote }}
- name: BATON_OKTA_PRIVATE_KEY_ID
  value: {{ required "okta.oauth.privateKeyId is not set: the id that Okta shows beside the key" .privateKeyId | quote }}
- name: BATON_OKTA_PRIVATE_KEY
  value: /etc/baton-okta/{{ .privateKey.key }}
{{- end }}
{{- end }}
{{- if .Values.provisioning }}
- name: BATON_PROVISIONING
  value: "true"
{{- end }}
{{- range $name, $value := .Values.options }}
- name: BATON_{{ $name | replace "-" "_" | upper }}
  value: {{ if kindIs "slice" $value }}{{ join "," $value | quote }}{{ else }}{{ $value | toString | quote }}{{ end }}
{{- end }}
{{- with .Values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end -}}

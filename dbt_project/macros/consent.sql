{# Consent, in SQL. The rule is churn_assets/consent/rule.py; tests hold the two against each other. #}

{# The newest yes and the newest no on a channel among rows of fct_consents, as seen at `moment`. A no counts as soon as it
   is known, whatever time it gives; a yes only once that time has come. #}
{% macro newest_consents(channel, moment) -%}
  max(counts_at) filter (where {{ channel }}_consent and counts_at < {{ moment }}) as {{ channel }}_given_at,
  max(counts_at) filter (where not {{ channel }}_consent) as {{ channel }}_ended_at
{%- endmacro %}

{# Consent holds where a yes is newer than every no; of two at one moment the no counts. Null: nothing was ever said. #}
{% macro consent_holds(channel) -%}
  case
    when {{ channel }}_given_at is null and {{ channel }}_ended_at is null then cast(null as boolean)
    else coalesce({{ channel }}_given_at > {{ channel }}_ended_at, {{ channel }}_ended_at is null)
  end
{%- endmacro %}

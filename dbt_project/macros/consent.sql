{# Consent, in SQL. The rule is churn_assets/consent/rule.py; tests hold the two against each other. #}

{# The newest yes and the newest no on a channel among rows of fct_consents, as seen at `moment`. A no counts as soon as
   it is known, whatever time it gives; a yes only once that time has come. #}
{% macro newest_consents(channel, moment) -%}
  max(counts_at) filter (where {{ channel }}_consent and changed_at < {{ moment }}) as {{ channel }}_given_at,
  max(counts_at) filter (where not {{ channel }}_consent) as {{ channel }}_ended_at
{%- endmacro %}

{# Consent holds where a yes is newer than every no, and no no to everything stands; of two at one moment the no counts.
   Null: nothing was ever said. #}
{% macro consent_holds(channel) -%}
  case
    when {{ channel }}_given_at is null and {{ channel }}_ended_at is null then cast(null as boolean)
    else {{ channel }}_given_at is not null
      and {{ is_newer(channel ~ "_given_at", channel ~ "_ended_at") }}
      and {{ is_newer("all_given_at", "all_ended_at") }}
  end
{%- endmacro %}

{% macro is_newer(given_at, ended_at) -%}
  ({{ ended_at }} is null or coalesce({{ given_at }} > {{ ended_at }}, false))
{%- endmacro %}

{# Whether a row of staging or of fct_consents ends something, or touches nothing. #}
{% macro is_no() -%}
  not coalesce(greatest(
    {%- for channel in run_var("channels") + ["all"] %}
    {{ channel }}_consent{{ "," if not loop.last }}
    {%- endfor %}
  ), false)
{%- endmacro %}

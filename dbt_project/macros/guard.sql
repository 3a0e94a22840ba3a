{# What dbt must not do to the warehouse of a shop, whoever starts it. On-run-start: nothing has been changed by
   then. #}
{% macro refuse_what_would_lose_rows() %}
  {% if execute and flags.WHICH not in ("parse", "compile", "list", "generate", "show") %}
    {% if not run_var("landing") %}
      {% do refuse_without_landing() %}
    {% elif flags.FULL_REFRESH and not run_var("rebuild") %}
      {% do refuse_refresh_of_some() %}
    {% elif flags.EMPTY %}
      {% do refuse_empty() %}
    {% endif %}
  {% endif %}
{% endmacro %}

{# dbt by itself does not know where the raw files are: every table would be built of nothing, and a snapshot listed
   that nobody asked for. #}
{% macro refuse_without_landing() %}
  {% do exceptions.raise_compiler_error(
    "dbt " ~ flags.WHICH ~ " was not told where the raw tables are, and would build every table empty. "
    ~ "Nothing was changed. Use " ~ safe_command()
  ) %}
{% endmacro %}

{% macro refuse_refresh_of_some() %}
  {% do exceptions.raise_compiler_error(
    "--full-refresh would keep the snapshots of this run only, and lose all others. "
    ~ "Nothing was changed. Use " ~ safe_command() ~ ", which makes every built snapshot again."
  ) %}
{% endmacro %}

{% macro refuse_empty() %}
  {% do exceptions.raise_compiler_error(
    "--empty would replace the rows of a snapshot by none. Nothing was changed."
  ) %}
{% endmacro %}

{# The same command through `churn`, which knows the home. #}
{% macro safe_command() -%}
  {%- set refresh = " --full-refresh" if flags.FULL_REFRESH else "" -%}
  {{ return(
    "churn dbt -- " ~ flags.WHICH ~ refresh ~ " (--home DIR and --snapshot DATE come before the --)"
  ) }}
{%- endmacro %}

{# dbt's own clone makes a view of each table that selects from itself where there is one database, which is what a home
   has: with --full-refresh it dropped them all (dbt 1.11, 2026-11). #}
{% materialization clone, default %}
  {% do exceptions.raise_compiler_error(
    "dbt clone has nothing to clone into: a home has one warehouse. Copy the home."
  ) %}
{% endmaterialization %}

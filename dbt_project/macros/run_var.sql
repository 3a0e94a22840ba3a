{# A variable of this run: what `churn-dbt` was told with --vars, else dbt's own (--vars of plain dbt, or
   dbt_project.yml). Looked up only while dbt executes, so that what it parsed once holds for every run
   (churn_assets/warehouse/child.py). #}
{% macro run_var(name) -%}
  {%- set told = fromjson(env_var("CHURN_RUN_VARS", "{}")) if execute else {} -%}
  {{ return(told[name] if name in told else var(name)) }}
{%- endmacro %}

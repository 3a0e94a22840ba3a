{# One query for all columns that must be there: a test per column would cost ten seconds a run. `<channel>` in a name
   stands for each channel. #}
{% test never_null(model, columns) %}
{{
  config(meta={
    "description": "No row lacks " ~ columns | join(", ") ~ "."
  })
}}
{%- set names = [] -%}
{%- for column in columns -%}
  {%- for channel in (run_var("channels") if "<channel>" in column else [""]) -%}
    {%- do names.append(column | replace("<channel>", channel)) -%}
  {%- endfor -%}
{%- endfor %}
select *
from {{ model }}
where {% for name in names %}{{ name }} is null{{ " or " if not loop.last }}{% endfor %}
{% endtest %}

{# Extra columns of users and orders, as the settings declare them (features.extra): per column its table and name, and
   the features made of it, each with an aggregate over the orders of a user, and the word that a flag or share is of
   (churn_assets/warehouse/variables.py). #}

{% macro extra_columns(table) -%}
  {{ return(run_var("extra") | selectattr("table", "equalto", table) | list) }}
{%- endmacro %}

{# Names of the columns of a table, as a list. #}
{% macro extra_names(table) -%}
  {%- set names = [] -%}
  {%- for column in extra_columns(table) -%}
    {%- do names.append(adapter.quote(column.name)) -%}
  {%- endfor -%}
  {{ return(names) }}
{%- endmacro %}

{# The features made of a table's columns, each after a comma. `given`: of rows that have them already, by this name. #}
{% macro extra_features(table, given=none) -%}
  {%- for column in extra_columns(table) -%}
    {%- for feature in column.features -%}
    {%- set name = adapter.quote(feature.name) -%}
    ,
  {{ given ~ "." ~ name if given else extra_feature(adapter.quote(column.name), feature) ~ " as " ~ name }}
    {%- endfor -%}
  {%- endfor -%}
{%- endmacro %}

{# One feature: of the row of a user, or over the rows of the orders of one. #}
{% macro extra_feature(column, feature) -%}
  {%- set word = (feature.word or "") | replace("'", "''") -%}
  {%- set has_word = "cast(" ~ extra_word(column) ~ " = '" ~ word ~ "' as integer)" -%}
  {%- set value = column if feature.word is none else has_word -%}
  {%- if feature.aggregate == "last" -%}
    {%- set value = "arg_max(" ~ value ~ ", (ordered_at, order_id)) filter (where " ~ column ~ " is not null)" -%}
  {%- elif feature.aggregate in ("mean", "share") -%}
    {%- set value = mean(value) -%}
  {%- elif feature.aggregate -%}
    {%- set value = feature.aggregate ~ "(" ~ value ~ ")" -%}
  {%- endif -%}
  cast({{ value }} as {{ "double" if feature.word is none or feature.aggregate == "share" else "integer" }})
{%- endmacro %}

{# The form in which words are compared: small letters, and a whole number without its .0 (settings/extra.py). #}
{% macro extra_word(column) -%}
  {{ return(adapter.dispatch("extra_word")(column)) }}
{%- endmacro %}

{% macro default__extra_word(column) -%}
  regexp_replace(lower({{ column }}), '^(-?[0-9]+)\.0+$', '\1')
{%- endmacro %}

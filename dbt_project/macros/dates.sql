{# Lists of dates, one per user and snapshot. Other engines have other functions for them. #}

{# All values of a group, ascending; of lists, those in them. #}
{% macro collected(value, are_lists=false) -%}
  {{ return(adapter.dispatch("collected")(value, are_lists)) }}
{%- endmacro %}

{% macro default__collected(value, are_lists) -%}
  list_sort({{ "flatten(list(" ~ value ~ "))" if are_lists else "list(" ~ value ~ ")" }})
{%- endmacro %}

{% macro first_of(dates) -%}
  {{ return(adapter.dispatch("first_of")(dates)) }}
{%- endmacro %}

{% macro default__first_of(dates) -%}
  {{ dates }}[1]
{%- endmacro %}

{% macro last_of(dates) -%}
  {{ return(adapter.dispatch("last_of")(dates)) }}
{%- endmacro %}

{% macro default__last_of(dates) -%}
  {{ dates }}[-1]
{%- endmacro %}

{# Days from each date of an ascending list to the next other one. #}
{% macro gaps_between(dates) -%}
  {{ return(adapter.dispatch("gaps_between")(dates)) }}
{%- endmacro %}

{% macro default__gaps_between(dates) -%}
  [
    {{ dates }}[i] - {{ dates }}[i - 1]
    for i in range(2, len({{ dates }}) + 1)
    if {{ dates }}[i] > {{ dates }}[i - 1]
  ]
{%- endmacro %}

{% macro sum_of_squares(numbers) -%}
  {{ return(adapter.dispatch("sum_of_squares")(numbers)) }}
{%- endmacro %}

{% macro default__sum_of_squares(numbers) -%}
  list_sum([number * number for number in {{ numbers }}])
{%- endmacro %}

{# The dates from `first` on. #}
{% macro dates_from(dates, first) -%}
  {{ return(adapter.dispatch("dates_from")(dates, first)) }}
{%- endmacro %}

{% macro default__dates_from(dates, first) -%}
  list_filter({{ dates }}, lambda day: day >= {{ first }})
{%- endmacro %}

{# A list of dates has none from `first` to `last`; one that is null has none at all. #}
{% macro none_between(dates, first, last) -%}
  {{ return(adapter.dispatch("none_between")(dates, first, last)) }}
{%- endmacro %}

{% macro default__none_between(dates, first, last) -%}
  coalesce(len(list_filter({{ dates }}, lambda day: day >= {{ first }} and day <= {{ last }})), 0) = 0
{%- endmacro %}

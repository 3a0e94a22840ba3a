{# Rules about words that shops write, in English and Chinese. #}

{# Reasons for a return that speak of the product's quality; parts of words, lower case. #}
{% macro quality_words() -%}
  {{ return([
    "defect",
    "faulty",
    "broken",
    "broke",
    "damage",
    "quality",
    "not as described",
    "does not work",
    "not working",
    "fake",
    "counterfeit",
    "expired",
    "torn",
    "质量",
    "瑕疵",
    "损坏",
    "破损",
    "坏了",
    "次品",
    "故障",
    "与描述不符",
    "假货",
    "过期",
    "做工",
  ]) }}
{%- endmacro %}

{% macro speaks_of_quality(reason) -%}
  {{ contains_any("lower(" ~ reason ~ ")", quality_words()) }}
{%- endmacro %}

{% macro contains_any(text, words) -%}
  ({%- for word in words %}{{ text }} like '%{{ word }}%'{{ " or " if not loop.last }}{% endfor -%})
{%- endmacro %}

{# Null where the word is neither. #}
{% macro is_female(gender) -%}
case
  when lower({{ gender }}) in ('f', 'female', 'woman', 'w', '女', '女性') then true
  when lower({{ gender }}) in ('m', 'male', 'man', '男', '男性') then false
end
{%- endmacro %}

{# The first digit of 1, tier 2, T3, 二线, 三线城市; 新一线 is read as 一线. Null where there is none. #}
{% macro tier_number(tier) -%}
  {{ return(adapter.dispatch("tier_number")(tier)) }}
{%- endmacro %}

{% macro default__tier_number(tier) -%}
  try_cast(regexp_extract(translate({{ tier }}, '一二三四五六', '123456'), '[0-9]+') as integer)
{%- endmacro %}

{# The different pairs of neighbouring characters, as a list: they need no dictionary and fit Chinese and English
   alike. #}
{% macro character_pairs(text) -%}
  {{ return(adapter.dispatch("character_pairs")(text)) }}
{%- endmacro %}

{% macro default__character_pairs(text) -%}
  list_distinct(
    list_transform(range(1, length({{ text }})), lambda position: lower(substring({{ text }}, position, 2)))
  )
{%- endmacro %}

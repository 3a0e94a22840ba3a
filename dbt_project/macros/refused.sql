{# The refused rows of one raw table, with their values as the files have them. #}
{% macro refused(name) %}
select '{{ name }}' as source_table, refused_because as reason, row_key, known_at, row_json
from {{ source("raw", name) }}
where refused_because is not null
{% endmacro %}

{# Values of optional columns that could not be read and are taken as unknown, counted by column. #}
{% macro unread(name) %}
select '{{ name }}' as source_table, unread_columns, count(*) as row_count, min(row_key) as example_row_key
from {{ source("raw", name) }}
where refused_because is null and unread_columns is not null
group by unread_columns
{% endmacro %}

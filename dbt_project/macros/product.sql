{# Product of two amounts, prices or quantities. DuckDB keeps that of two decimal(18, 4) in 18 digits
   and stops at 100,000 times 100,000; 100,000 rupiah are 5 euros. #}
{% macro product(left, right) -%} cast({{ left }} as decimal(38, 4)) * {{ right }} {%- endmacro %}

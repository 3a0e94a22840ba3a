{# Tables with a row per user and snapshot, made anew for the snapshots of a run: a few snapshots per statement, so that
   memory follows the number of users and not the length of a backfill (33 snapshots of 20,000 users at once took
   4.2 GB, 2026-11), and straight into the table, without dbt's copy on the way. #}
{% materialization by_snapshot, default %}
  {%- set table = this.incorporate(type="table") -%}
  {%- set is_new = load_cached_relation(this) is none or should_full_refresh() -%}
  {{ run_hooks(pre_hooks) }}
  {%- for days in snapshot_batches() %}
    {%- set rows = compiled_code | replace(snapshots(), snapshots(days)) %}
    {%- if is_new and loop.first %}
      {%- call statement("main") %} create or replace table {{ table }} as ({{ rows }}) {% endcall %}
    {%- else %}
      {%- call statement("deletion") %}
        delete from {{ table }} where snapshot_date in (select snapshot_date from {{ snapshots(days) }})
      {%- endcall %}
      {%- call statement("main") %} insert into {{ table }} by name ({{ rows }}) {% endcall %}
    {%- endif %}
  {%- endfor %}
  {{ run_hooks(post_hooks) }}
  {%- do adapter.commit() %}
  {{ return({"relations": [table]}) }}
{% endmaterialization %}

{# The snapshots of this run, in lists of which each makes about `rows_per_statement` rows. #}
{% macro snapshot_batches() -%}
  {%- set users = run_query("select count(*) from marts.dim_users").rows[0][0] -%}
  {%- set size = [run_var("rows_per_statement") // [users, 1] | max, 1] | max -%}
  {{ return(run_var("calendar").snapshots | batch(size) | list) }}
{%- endmacro %}

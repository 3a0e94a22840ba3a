"""SQL that Python runs on the DuckDB file. Knows no Dagster."""

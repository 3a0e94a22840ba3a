"""Raw files: which are read, how, and what their rows are under the raw contract. Knows DuckDB, and no Dagster."""

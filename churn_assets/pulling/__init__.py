"""Reading raw rows from databases and addresses into the home, where they stay. Knows SQLAlchemy, and no Dagster."""

# The program in an image; the home is a volume. Build: docker build -t churn-assets .   (docs/operations.md, In containers)
FROM python:3.12-slim-bookworm

# CatBoost, scikit-learn and DuckDB compute with libgomp; reports show Chinese with a font of the machine that opens them.
RUN apt-get update && apt-get install -y --no-install-recommends libgomp1 && rm -rf /var/lib/apt/lists/*

WORKDIR /app
COPY requirements.lock pyproject.toml README.md LICENSE ./
RUN python -m pip install --no-cache-dir --no-deps --no-compile --require-hashes -r requirements.lock
COPY churn_assets churn_assets
COPY dbt_project dbt_project
COPY expectations expectations
COPY dagster.yaml workspace.yaml ./
# Editable, as the dbt project is found beside the package; parsed once, so that no container writes into the image.
RUN python -m pip install --no-cache-dir --no-deps --no-build-isolation --editable . \
    && CHURN_HOME=/tmp/none churn prepare && rm -rf /tmp/none

# Nobody's files but its own: the home is closed to all others, and has to belong to this user.
RUN useradd --uid 10001 --create-home churn && mkdir -p /srv/churn/data && chown churn:churn /srv/churn/data
USER churn
ENV CHURN_HOME=/srv/churn/data DO_NOT_TRACK=1 DBT_SEND_ANONYMOUS_USAGE_STATS=False GX_ANALYTICS_ENABLED=False \
    PYTHONUNBUFFERED=1
VOLUME /srv/churn/data
ENTRYPOINT ["churn"]
CMD ["doctor"]

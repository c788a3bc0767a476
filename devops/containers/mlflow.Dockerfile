# MLflow's tracking server: basic auth, PostgreSQL, artifacts by way of S3. Built with devops/containers as context:
#
#   docker build --file devops/containers/mlflow.Dockerfile --tag wms-mlflow devops/containers
#
# The base is pinned by digest. To take a newer one: `docker buildx imagetools inspect python:3.12-slim-bookworm`,
# write its exact tag and digest here, and build.
FROM python:3.12.13-slim-bookworm@sha256:4766d8b510c428e595d74b9cc5bbb2fae8e26316fffb4adc89908d79aacd58a2 AS build

RUN python -m venv /opt/mlflow
# requirements.txt is compiled from the project's own lock by `make lock`, so server and clients are one version.
COPY mlflow/requirements.txt /tmp/requirements.txt
RUN /opt/mlflow/bin/pip install --no-cache-dir --no-compile --only-binary :all: --requirement /tmp/requirements.txt \
 && /opt/mlflow/bin/python -m compileall -q /opt/mlflow/lib

FROM python:3.12.13-slim-bookworm@sha256:4766d8b510c428e595d74b9cc5bbb2fae8e26316fffb4adc89908d79aacd58a2

RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin mlflow
COPY --from=build /opt/mlflow /opt/mlflow
COPY --chmod=0555 mlflow/entrypoint.sh mlflow/admin.py mlflow/ready.py /app/

ENV PATH=/opt/mlflow/bin:$PATH \
    HOME=/tmp \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
USER 10001:10001
WORKDIR /tmp
EXPOSE 5000
ENTRYPOINT ["/app/entrypoint.sh"]

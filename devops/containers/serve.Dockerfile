# The service: `wms serve` with a model's folder, on ONNX Runtime alone. Built with devops/containers as context, after
# serve/prepare.sh has put the wheel of wms there:
#
#   devops/containers/serve/prepare.sh && docker build --file devops/containers/serve.Dockerfile --tag wms-serve devops/containers
#   docker run --read-only --tmpfs /tmp --publish 8000:8000 --volume ./model:/model:ro wms-serve
#
# The base is that of mlflow.Dockerfile, pinned by digest in the same way.
FROM python:3.12.13-slim-bookworm@sha256:4766d8b510c428e595d74b9cc5bbb2fae8e26316fffb4adc89908d79aacd58a2 AS build

RUN python -m venv --without-pip /opt/wms
# requirements.txt is compiled from the project's own lock by `make lock`. It has only what serving a folder needs: all
# that `wms` can use is three times as large.
COPY serve/requirements.txt /tmp/requirements.txt
RUN pip --python /opt/wms/bin/python install --no-cache-dir --no-compile --only-binary :all: --requirement /tmp/requirements.txt
COPY serve/dist /tmp/dist
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
# Only the modules that the service imports are compiled, and what it never imports is left out: the image stays below
# 400 MB, and it starts as fast.
RUN pip --python /opt/wms/bin/python install --no-cache-dir --no-compile --no-deps /tmp/dist/*.whl \
 && site="$(/opt/wms/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')" \
 && rm -rf "${site}"/wms/training "${site}"/onnxruntime/{transformers,tools,quantization,datasets} \
 && find "${site}/scipy" -depth -type d -name tests -exec rm -r {} + \
 && /opt/wms/bin/python -c 'import wms.cli.serve, wms.serving.run, wms.model.bundle, onnxruntime'

FROM python:3.12.13-slim-bookworm@sha256:4766d8b510c428e595d74b9cc5bbb2fae8e26316fffb4adc89908d79aacd58a2

RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin wms
COPY --from=build /opt/wms /opt/wms

ENV PATH=/opt/wms/bin:$PATH \
    HOME=/tmp \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
USER 10001:10001
WORKDIR /tmp
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s \
  CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/ready', timeout=4)"]
ENTRYPOINT ["wms", "serve"]
CMD ["--host", "0.0.0.0", "--model", "/model"]

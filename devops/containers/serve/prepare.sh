#!/usr/bin/env bash
# Puts the wheel of wms where serve.Dockerfile takes it: devops/containers/serve/dist.
set -euo pipefail
cd "$(dirname "$0")"
rm -rf dist
"${PYTHON:-python3}" -m pip wheel --quiet --no-deps --wheel-dir dist ../../..

#!/bin/sh
# requirements.txt from pyproject.toml: every package of the environment, for Python 3.11 and newer, with hashes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder"
"$folder/bin/pip" install --quiet uv
"$folder/bin/uv" pip compile pyproject.toml --quiet --universal --python-version 3.11 --generate-hashes --no-header --output-file requirements.txt

#!/bin/sh
# requirements.txt from pyproject.toml: every package of the environment, for Python 3.11 and newer, with hashes. Run
# through make; VENV comes from it. uv is pinned because another version may resolve or write the same list differently.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 130' INT TERM
"$VENV/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --only-binary :all: --target "$folder" uv==0.13.9
"$folder/bin/uv" pip compile pyproject.toml --all-extras --quiet --universal --python "$VENV/bin/python" --python-version 3.11 --generate-hashes --no-header --output-file requirements.txt

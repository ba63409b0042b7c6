#!/bin/sh
# Builds the release wheel into dist/ and installs exactly that into an environment, so that what
# is tested and demonstrated is what is shipped. Cargo makes the second time cheap.
#
#   scripts/install.sh [environment]
set -eu

environment=${1:-.venv}
python=.venv/bin/python

rm -rf dist
"$python" -m maturin build --release --locked --quiet --interpreter "$python" --out dist
"$python" -m uv pip install --quiet --no-deps --reinstall \
    --python "$environment/bin/python" dist/layerscope-*.whl

#!/bin/sh
# The first stage of the tests is the promise that layerscope works where torch is not installed.
if .venv/bin/python -c 'import importlib.util, sys; sys.exit(importlib.util.find_spec("torch") is None)'; then
    echo "layerscope: .venv must not hold torch, since its tests show that none is needed; run: .venv/bin/python -m uv pip uninstall --python .venv/bin/python torch" >&2
    exit 1
fi

#!/bin/sh
# The short form of every Python bench, one after the other: timings want the machine to themselves.
set -eu
found=
for bench in benches/python/*.py; do
    case $(basename "$bench") in _*) continue ;; esac
    found=yes
    echo "== $bench"
    .venv/bin/python "$bench"
done
[ -n "$found" ] || { echo "benches/python must hold a bench; found none" >&2; exit 1; }

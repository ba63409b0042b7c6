#!/bin/sh
# Pins what requirements/*.in ask for, with hashes and without index addresses. Pins already
# written are kept unless UPGRADE=--upgrade is set.
set -eu
pin() { # name, further options
    name=$1
    shift
    # shellcheck disable=SC2086  # UPGRADE is one word or none
    .venv/bin/python -m uv pip compile --quiet --universal --generate-hashes --no-emit-index-url \
        --python-version 3.11 --custom-compile-command "make pins" ${UPGRADE:-} "$@" \
        "requirements/$name.in" --output-file "requirements/$name.txt"
}
pin build
pin dev --constraint requirements/build.txt
pin runtime --constraint requirements/dev.txt
pin torch --constraint requirements/dev.txt
pin bench --constraint requirements/dev.txt

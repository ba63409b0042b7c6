#!/bin/sh
# Makes .venv where there is none and fills it with what a chore needs. Cheap when nothing changed.
#
#   scripts/environment.sh runtime    what `pip install layerscope` brings, and the build tools
#   scripts/environment.sh dev        everything that lint, tests and benches need, but torch
#   scripts/environment.sh torch      .venv-torch: dev and torch; hard links from uv's cache
#   scripts/environment.sh bench      .venv-bench: dev and the peers that the benches time
#
# Paths stay relative and tools are started as `python -m`: both survive a space in the path of
# the checkout, which the first lines of installed scripts do not.
set -eu

kind=$1
python=.venv/bin/python

usable() {
    [ -e "$1/.complete" ] && "$1/bin/python" -c '' >/dev/null 2>&1
}

# What an environment was filled from is kept beside it; a changed pin fills it again.
filled_from() {
    cmp -s "requirements/$2.txt" "$1/.filled-from-$2.txt"
}

fill() { # environment, requirements...
    environment=$1
    shift
    changed=
    for name; do
        filled_from "$environment" "$name" || changed=yes
    done
    [ -n "$changed" ] || return 0
    arguments=
    for name; do
        arguments="$arguments -r requirements/$name.txt"
    done
    # shellcheck disable=SC2086  # the names hold no spaces
    "$python" -m uv pip install --quiet --python "$environment/bin/python" --require-hashes $arguments
    for name; do
        cp "requirements/$name.txt" "$environment/.filled-from-$name.txt"
    done
}

if ! usable .venv; then
    with=$(scripts/check-tools.sh)
    echo "making .venv with $("$with" --version)"
    # Keeps an environment that someone made by hand, as long as its Python runs.
    if .venv/bin/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        with=.venv/bin/python
        "$with" -m ensurepip >/dev/null
    else
        "$with" -m venv --clear .venv
    fi
    "$python" -m pip install --quiet --disable-pip-version-check --require-hashes \
        -r requirements/build.txt
    cp requirements/build.txt .venv/.filled-from-build.txt
    touch .venv/.complete
fi
filled_from .venv build || {
    "$python" -m pip install --quiet --disable-pip-version-check --require-hashes \
        -r requirements/build.txt
    cp requirements/build.txt .venv/.filled-from-build.txt
}

separate() { # environment
    usable "$1" && return 0
    "$python" -m uv venv --quiet --clear --python .venv/bin/python "$1"
    touch "$1/.complete"
}

case $kind in
runtime) fill .venv runtime ;;
dev) fill .venv dev ;;
torch)
    separate .venv-torch
    if [ -n "${TORCH_FROM:-}" ]; then
        # A folder of wheels at hand, a CPU build for example: same version, not our hashes.
        fill .venv-torch dev
        version=$(sed -n 's/^torch==/torch==/p' requirements/torch.in)
        "$python" -m uv pip install --quiet --python .venv-torch/bin/python \
            --find-links "$TORCH_FROM" "$version"
    else
        fill .venv-torch dev torch
    fi
    ;;
bench)
    separate .venv-bench
    fill .venv-bench bench
    ;;
*)
    echo "scripts/environment.sh: runtime, dev, torch or bench; got $kind" >&2
    exit 2
    ;;
esac

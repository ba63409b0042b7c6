#!/bin/sh
# Says in one sentence what is missing, or prints the Python that the environment is made with.
#
#   scripts/check-tools.sh          Python, cargo and a linker: enough to build and run
#   scripts/check-tools.sh lint     rustfmt and clippy too
#
# PYTHON=/path/to/python names the interpreter to use.
set -u

fail() {
    echo "layerscope: $*" >&2
    exit 1
}

# A name on PATH may be a stub that cannot run, so each candidate is asked, not looked up.
new_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

if [ -n "${PYTHON:-}" ]; then
    new_enough "$PYTHON" || fail "PYTHON must name a Python of at least 3.11; got $PYTHON."
    python=$PYTHON
else
    python=
    for candidate in python3 python3.13 python3.12 python3.11 python; do
        if new_enough "$candidate"; then
            python=$candidate
            break
        fi
    done
    if [ -z "$python" ]; then
        found=$(python3 --version 2>/dev/null || python --version 2>/dev/null || echo "no Python at all")
        fail "Python 3.11 or newer must be on PATH (or named by PYTHON=); found $found."
    fi
fi

"$python" -c 'import ensurepip, venv' >/dev/null 2>&1 ||
    fail "$python must be able to make environments; install its venv package (python3-venv on Debian and Ubuntu)."

command -v cargo >/dev/null 2>&1 ||
    fail "cargo (Rust) must be on PATH; https://rustup.rs installs it."

# Cargo.toml is the one place that states the oldest Rust.
oldest=$(sed -n 's/^rust-version = "\([0-9.]*\)".*/\1/p' Cargo.toml)
version=$(cargo --version 2>/dev/null | sed -n 's/^cargo \([0-9]*\.[0-9]*\).*/\1/p')
[ -n "$version" ] ||
    fail "cargo must run; 'cargo --version' failed (after a fresh rustup: rustup default stable)."
"$python" - "$version" "$oldest" <<'PYTHON' ||
import sys
have, need = (tuple(map(int, text.split(".")[:2])) for text in sys.argv[1:])
sys.exit(have < need)
PYTHON
    fail "cargo must be at least $oldest; found $version (rustup update)."

command -v "${CC:-cc}" >/dev/null 2>&1 ||
    fail "a C linker (cc) must be on PATH, since Rust links with it; install gcc or clang."

if [ "${1:-}" = lint ]; then
    cargo fmt --version >/dev/null 2>&1 && cargo clippy --version >/dev/null 2>&1 ||
        fail "cargo must have rustfmt and clippy; run: rustup component add rustfmt clippy."
fi

echo "$python"

#!/usr/bin/env bash
# What a stranger does: clone, `make demo`, `make test`. In fresh clones whose path holds a space,
# in either order, each command twice. The first clone shares nothing with this checkout but uv's
# downloads: it compiles into the path with the space and runs the whole of `make test`, torch and
# all. The second, which is about the order, takes compiled dependencies from this checkout and the
# tests' quick form.
set -euo pipefail
cd "$(dirname "$0")/.."

place=$(mktemp -d "${TMPDIR:-/tmp}/layer scope XXXXXX")
trap 'rm -rf "$place"' EXIT
unset CARGO_TARGET_DIR
shared_target=$PWD/target

# A checkout that belongs to another user, as in containers, is ours to read all the same.
export GIT_CONFIG_GLOBAL="$place/gitconfig"
git config --global safe.directory '*'
if ! git diff --quiet HEAD; then
    echo "check-clone: only what is committed is checked" >&2
fi

# One word in, one line out; the whole output only when something went wrong.
step() { # clone, target
    local started=$SECONDS
    if (cd "$place/$1" && make "$2") >"$place/output" 2>&1; then
        echo "check-clone: $1: make $2 ($((SECONDS - started)) s)"
    else
        cat "$place/output"
        echo "check-clone: make $2 failed in clone '$1'" >&2
        exit 1
    fi
}

for clone in "demo first" "test first"; do
    git clone --quiet --no-hardlinks . "$place/$clone"
done
# What tests read beside the project is beside the clones too.
[ ! -e ../shared ] || ln -s "$(cd ../shared && pwd)" "$place/shared"

for target in demo demo test test-quick; do
    step "demo first" "$target"
    [ "$target" != demo ] || [ -s "$place/demo first/layerscope-report.html" ] || {
        echo "check-clone: make demo must write layerscope-report.html" >&2
        exit 1
    }
done
rm -rf "$place/demo first"
export CARGO_TARGET_DIR="$shared_target"
for target in test-quick demo test-quick; do
    step "test first" "$target"
done
echo "check-clone: both orders, twice, from a path with a space: passed"

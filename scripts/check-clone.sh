#!/usr/bin/env bash
# What a stranger does: clone, `make demo`, `make test`. In fresh clones whose path holds a space,
# in either order, each command twice. Of the tests those that a path or an order can break, in their
# quick form: no number depends on where a clone lies. TEST=test asks for all. The first clone shares
# nothing with this checkout but uv's downloads: it compiles into the path with the space. The
# second, which is about the order, takes compiled dependencies from here.
set -euo pipefail
cd "$(dirname "$0")/.."

place=$(mktemp -d "${TMPDIR:-/tmp}/layer scope XXXXXX")
trap 'rm -rf "$place"' EXIT
unset CARGO_TARGET_DIR
shared_target=$PWD/target

# A checkout that belongs to another user, as in containers, is ours to read all the same.
export GIT_CONFIG_GLOBAL="$place/gitconfig"
git config --global safe.directory '*'
if git rev-parse --verify --quiet HEAD >/dev/null; then
    git diff --quiet HEAD || echo "check-clone: only what is committed is checked" >&2
    copy() { git clone --quiet --no-hardlinks . "$1"; }
else
    # An exported tree has nothing to clone: everything that is no product of a build is copied.
    copy() {
        mkdir "$1"
        tar --create --exclude='./.venv*' --exclude=./.uv-cache --exclude=./target \
            --exclude=./dist . | tar --extract --directory "$1"
    }
fi

# One word in, one line out; the whole output only when something went wrong.
step() { # clone, target
    local started=$SECONDS
    if (cd "$place/$1" && make "$2" ${chosen:+"PYTEST_ARGS=$chosen"}) >"$place/output" 2>&1; then
        echo "check-clone: $1: make $2 ($((SECONDS - started)) s)"
    else
        cat "$place/output"
        echo "check-clone: make $2 failed in clone '$1'" >&2
        exit 1
    fi
}

for clone in "demo first" "test first"; do
    copy "$place/$clone"
done
# What tests read beside the project is beside the clones too.
[ ! -e ../shared ] || ln -s "$(cd ../shared && pwd)" "$place/shared"

test=${TEST:-test-quick}
chosen="tests/architecture tests/seam tests/report tests/test_documents.py tests/test_setup.py"
[ "$test" = test-quick ] || chosen=
for target in demo demo "$test" "$test"; do
    step "demo first" "$target"
    [ "$target" != demo ] || [ -s "$place/demo first/layerscope-report.html" ] || {
        echo "check-clone: make demo must write layerscope-report.html" >&2
        exit 1
    }
done
rm -rf "$place/demo first"
export CARGO_TARGET_DIR="$shared_target"
for target in "$test" demo "$test"; do
    step "test first" "$target"
done
echo "check-clone: both orders, twice, from a path with a space: passed"

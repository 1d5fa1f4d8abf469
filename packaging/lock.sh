#!/usr/bin/env bash
# Writes packaging/locks/*.txt anew from pyproject.toml: every version exact, every file's hash, no host.
#
#   packaging/lock.sh                 keep the locked versions that still fit, add what is new
#   packaging/lock.sh --upgrade       take the newest versions that fit
#
# One lock serves Python 3.11 to 3.13 on amd64 and arm64: what differs between them stands as an environment marker, and
# all wheels of a release are listed. At the end each lock is resolved once more for each of them, with wheels only.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

tools=build/lock-tools
if [[ ! -x $tools/bin/uv ]]; then
    python3 -m venv "$tools"
    "$tools/bin/python" -m pip install --quiet uv
fi

options=(--quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate
    --no-emit-index-url --no-emit-find-links)
mkdir -p packaging/locks

# dev first: it holds all the others, and they follow its versions.
"$tools/bin/uv" pip compile "${options[@]}" "$@" --extra dev pyproject.toml -o packaging/locks/dev.txt
"$tools/bin/uv" pip compile "${options[@]}" --constraint packaging/locks/dev.txt --extra central --extra build \
    pyproject.toml -o packaging/locks/demo.txt
"$tools/bin/uv" pip compile "${options[@]}" --constraint packaging/locks/dev.txt pyproject.toml \
    -o packaging/locks/terminal.txt

if grep -nE '://|^(-i|-f|--(index-url|extra-index-url|find-links|trusted-host))' packaging/locks/*.txt; then
    echo "a lock names a host" >&2
    exit 1
fi

for lock in packaging/locks/*.txt; do
    for python in 3.11 3.12 3.13; do
        # The oldest C libraries we promise: Debian 12 on amd64; Qt's arm64 wheels ask for the one of Ubuntu 24.04.
        for platform in x86_64-manylinux_2_36 aarch64-manylinux_2_39; do
            "$tools/bin/uv" pip compile --quiet --only-binary :all: --python-version "$python" \
                --python-platform "$platform" "$lock" > /dev/null || { echo "$lock: $python $platform" >&2; exit 1; }
        done
    done
done
echo "Locked: $(grep -c '^[a-z0-9]' packaging/locks/terminal.txt) packages on a terminal," \
    "$(grep -c '^[a-z0-9]' packaging/locks/demo.txt) for the demo, $(grep -c '^[a-z0-9]' packaging/locks/dev.txt) for development"

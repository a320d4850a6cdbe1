#!/usr/bin/env bash
# Functions are built for AWS package by package, and cargo gives a dependency the features that this package asks for. If two ask for
# different ones, it is compiled twice, and so is all that depends on it: minutes, of the AWS SDK.
set -euo pipefail
cd "$(dirname "$0")/.."

features() {
    cargo tree --edges normal,build --prefix none --format '{p} {f}' "$@" | sed 's/ (\*)$//' | grep -v "^[a-z-]* v[0-9.]* ($PWD/" | sort -u
}

functions=(functions/*)
together=$(features "${functions[@]/#functions\//--package=}")
for function in "${functions[@]#functions/}"; do
    alone=$(features --package "$function")
    differs=$(comm -23 <(echo "$alone") <(echo "$together"))
    if [[ -n $differs ]]; then
        echo "$function asks for other features than the functions together, so these are compiled twice:" >&2
        echo "$differs" >&2
        echo "Ask for the same in its Cargo.toml, as functions/crawl/Cargo.toml does." >&2
        exit 1
    fi
done

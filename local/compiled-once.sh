#!/usr/bin/env bash
# Functions are built for AWS package by package, and cargo gives a dependency the features that this package asks for. If two ask for
# different ones, it is compiled twice, and so is all that depends on it: minutes, of the AWS SDK. The same happens to what a C library
# depends on that only some of them have: for that it is compiled in another way.
set -euo pipefail
cd "$(dirname "$0")/.."

features() {
    cargo tree --edges normal,build --prefix none --format '{p} {f}' "$@" | sed 's/ (\*)$//' | grep -v "^[a-z]* v[0-9.]* ($PWD/" | sort -u
}

# "name version" of the dependencies that are C libraries, too.
c_libraries=$(cargo metadata --format-version 1 | "${PYTHON:-python3}" -c '
import json, sys
for package in json.load(sys.stdin)["packages"]:
    if any(kind in ("cdylib", "staticlib") for target in package["targets"] for kind in target["crate_types"]):
        print(package["name"], "v" + package["version"])')

functions=(functions/*)
together=$(features "${functions[@]/#functions\//--package=}")
for function in "${functions[@]#functions/}"; do
    alone=$(features --package "$function")
    differs=$(comm -23 <(echo "$alone") <(echo "$together"))
    missing=$(comm -13 <(echo "$alone") <(echo "$together") | grep --fixed-strings "$c_libraries" || true)
    if [[ -n $differs || -n $missing ]]; then
        echo "$function asks for other features than the functions together, or lacks a C library that others have, so these are compiled twice:" >&2
        echo "$differs$missing" >&2
        echo "Ask for the same in its Cargo.toml, as functions/crawl/Cargo.toml does." >&2
        exit 1
    fi
done

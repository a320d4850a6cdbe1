#!/bin/sh
# Takes a version of TradingView Lightweight Charts in: take.sh VERSION INTEGRITY
# INTEGRITY is what the npm registry says of it: `npm view lightweight-charts@VERSION dist.integrity`, read from another machine at best.
set -eu

version=$1
integrity=$2
folder=$(cd "$(dirname "$0")" && pwd)/lightweight-charts
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

curl --fail --silent --show-error --location --output "$scratch/package.tgz" \
  "https://registry.npmjs.org/lightweight-charts/-/lightweight-charts-$version.tgz"
found=sha512-$(openssl dgst -sha512 -binary "$scratch/package.tgz" | base64 | tr -d '\n')
if [ "$found" != "$integrity" ]; then
  echo "lightweight-charts $version is $found, not $integrity" >&2
  exit 1
fi
tar -xzf "$scratch/package.tgz" -C "$scratch"
cp "$scratch/package/LICENSE" "$folder/"
cp "$scratch/package/dist/lightweight-charts.standalone.production.js" "$folder/"
sha256sum <"$folder/lightweight-charts.standalone.production.js" | cut -d ' ' -f 1 >"$folder/SHA256"
printf '%s %s\n' "$version" "$integrity" >"$folder/VERSION"

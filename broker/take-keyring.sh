#!/bin/bash
# Takes from standard input what `print-secret.sh keyring` has printed on the broker that founded the cluster.
# shellcheck source=broker/settings.sh
. "$(dirname "$0")/settings.sh"

new=$(mktemp -d "$security/new.XXXXXX")
trap 'rm -rf "$new"' EXIT
base64 --decode | tar --extract --directory "$new" --no-same-owner
[ -s "$new/cluster-id" ]
mv "$new"/ca.key "$new"/ca.pem "$new"/*.password "$security/"
mv "$new/cluster-id" "$security/cluster-id"

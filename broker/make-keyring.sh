#!/bin/bash
# Makes what all brokers of a cluster share, once, and so founds the cluster: the authority, the passwords, the cluster's id.
# shellcheck source=broker/settings.sh
. "$(dirname "$0")/settings.sh"

"$scripts/make-ca.sh"
"$scripts/make-passwords.sh"
[ -s "$security/cluster-id" ] && exit 0
touch "$founder"
# 16 bytes as Kafka writes them. Its tools would take a hyphen in front for an option.
until [[ ${id-} == [!-]* ]]; do id=$(openssl rand -base64 16 | tr '+/' '-_' | tr -d '='); done
echo "$id" >"$security/cluster-id.new"
# Last: what is there is complete.
mv "$security/cluster-id.new" "$security/cluster-id"

#!/bin/bash
# Formats the folder of the records, once. The broker that founds the cluster is its only controller at first, and has the users' passwords
# in it (as SCRAM keeps them: salted and hashed). All others come empty, copy that, and are made controllers by join.sh: on a machine that
# is new, and on one that has lost its volume. A broker that is alone has nobody to copy from.
# shellcheck source=broker/settings.sh
. "$(dirname "$0")/settings.sh"

[ -s "$BROKER_FOLDER/data/meta.properties" ] && exit 0

# Kafka reads arguments from a file, one a line: passwords do not show in the list of processes.
arguments=$(mktemp "$security/format.XXXXXX")
trap 'rm -f "$arguments"' EXIT
{
    printf '%s\n' --config "$properties" --cluster-id "$(<"$security/cluster-id")"
    if [ ! -e "$founder" ] && [ "$BROKER_COUNT" -gt 1 ]; then
        echo --no-initial-controllers
    else
        echo --standalone
        for user in "$READER" "$WRITER" "$BROKER"; do
            for mechanism in ${SASL_MECHANISMS//,/ }; do
                [[ $mechanism == SCRAM-* ]] || continue
                printf '%s\n' --add-scram "$mechanism=[name=$user,password=$(<"$security/$user.password")]"
            done
        done
    fi
} >"$arguments"
"$scripts/kafka.sh" storage format "@$arguments"

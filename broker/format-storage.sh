#!/bin/bash
# Formats the folder of the records, once, with the users' passwords in it (as SCRAM keeps them: salted and hashed).
# shellcheck source=broker/settings.sh
. "$(dirname "$0")/settings.sh"

[ -s "$BROKER_FOLDER/data/meta.properties" ] && exit 0

# Kafka reads arguments from a file, one a line: passwords do not show in the list of processes.
arguments=$(mktemp "$security/format.XXXXXX")
trap 'rm -f "$arguments"' EXIT
{
    printf '%s\n' --config "$properties" --cluster-id "$("$scripts/kafka.sh" storage random-uuid)"
    for user in "$READER" "$WRITER"; do
        for mechanism in ${SASL_MECHANISMS//,/ }; do
            [[ $mechanism == SCRAM-* ]] || continue
            printf '%s\n' --add-scram "$mechanism=[name=$user,password=$(<"$security/$user.password")]"
        done
    done
} >"$arguments"
"$scripts/kafka.sh" storage format "@$arguments"

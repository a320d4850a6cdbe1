#!/bin/bash
# Waits until every partition has all its copies in sync: then one broker may be taken away. (A broker that is in sync has read all that the
# controllers agreed on, and so is a controller that can do without another.)
#
#     await-in-sync.sh [SECONDS]     how long at most (600)
# shellcheck source=broker/settings.sh
. "$(dirname "$0")/settings.sh"

end=$((SECONDS + ${1:-600}))
while :; do
    if behind=$("$scripts/administrate.sh" topics --describe --under-replicated-partitions 2>&1); then
        behind=$(grep 'Partition: ' <<<"$behind" || true)
        [ -n "$behind" ] || exit 0
    fi
    [ $SECONDS -lt $end ] || break
    sleep 1
done
printf 'not in sync:\n%s\n' "$behind" >&2
exit 1

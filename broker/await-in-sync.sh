#!/bin/bash
# Waits until every broker serves and every partition has all its copies in sync: then one broker may be taken away.
#
#     await-in-sync.sh [SECONDS]     how long at most (600)
# shellcheck source=broker/settings.sh
. "$(dirname "$0")/settings.sh"

end=$((SECONDS + ${1:-600}))
while :; do
    if behind=$("$scripts/administrate.sh" topics --describe --under-replicated-partitions 2>&1); then
        behind=$(grep 'Partition: ' <<<"$behind" || true)
        # A broker that is alone has nobody to wait for.
        [ -n "$behind" ] || [ "$BROKER_COUNT" -gt 1 ] || exit 0
        if [ -z "$behind" ]; then
            quorum=$("$scripts/administrate.sh" metadata-quorum describe --status 2>&1) || true
            voters=$(grep -o '"directoryId"' <<<"$(grep '^CurrentVoters:' <<<"$quorum")" | wc -l)
            lag=$(sed -n 's/^MaxFollowerLag: *//p' <<<"$quorum")
            [ "$voters" -lt "$BROKER_COUNT" ] || [ "${lag:-1000}" -ge 1000 ] || exit 0
            behind="$voters of $BROKER_COUNT controllers, the last one $lag records behind"
        fi
    fi
    [ $SECONDS -lt $end ] || break
    sleep 1
done
printf 'not in sync:\n%s\n' "$behind" >&2
exit 1

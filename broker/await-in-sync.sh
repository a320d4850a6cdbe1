#!/bin/bash
# Waits until every partition has all its copies in sync, and all brokers are controllers: then one broker may be taken away.
#
#     await-in-sync.sh [SECONDS]     how long at most (600)
# shellcheck source=broker/settings.sh
. "$(dirname "$0")/settings.sh"

end=$((SECONDS + ${1:-600}))
partitions() {
    local behind
    behind=$("$scripts/administrate.sh" topics --describe --under-replicated-partitions 2>&1) || {
        printf '%s\n' "$behind"
        return 1
    }
    ! grep 'Partition: ' <<<"$behind"
}
for what in partitions "$scripts/quorum.sh"; do
    until behind=$("$what"); do
        [ $SECONDS -lt $end ] || {
            printf 'not in sync:\n%s\n' "$behind" >&2
            exit 1
        }
        sleep 1
    done
done

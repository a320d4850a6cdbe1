#!/bin/bash
# Whether all brokers are controllers, and have what the others agreed on; it says which is not.
#
#     quorum.sh [ID]     but for that one
# shellcheck source=broker/settings.sh
. "$(dirname "$0")/settings.sh"

# Of a broker that lost its volume both are told, by its number: who it was, far behind, and who it is, as an observer. Controllers write
# two records a second, so 20 are 10 seconds.
told=$("$scripts/administrate.sh" metadata-quorum describe --replication 2>&1) || {
    printf '%s\n' "$told"
    exit 1
}
awk -v count="$BROKER_COUNT" -v without="${1-}" '
    ($NF == "Leader" || $NF == "Follower") && $4 >= 0 && $4 <= 20 { serves[$1] = 1 }
    END {
        for (id = 1; id <= count; id++)
            if (id != without && !serves[id]) {
                printf "broker %d is no controller that has what the others agreed on\n", id
                failed = 1
            }
        exit failed
    }
' <<<"$told"

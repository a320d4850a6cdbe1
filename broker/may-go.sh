#!/bin/bash
# Whether the others can do without a broker for good: may-go.sh ID. Run on another one; it says what speaks against it.
# shellcheck source=broker/settings.sh
. "$(dirname "$0")/settings.sh"

"$scripts/administrate.sh" topics --describe | awk -v gone="$1" -v wanted="$IN_SYNC" '
    / Partition: |\tPartition: / {
        concerned = 0
        for (field = 1; field < NF; field++) {
            if ($field == "Topic:") topic = $(field + 1)
            if ($field == "Partition:") partition = $(field + 1)
            if ($field == "Isr:") count = split($(field + 1), in_sync, ",")
            if ($field == "Replicas:") concerned = ("," $(field + 1) ",") ~ ("," gone ",")
        }
        # It has no copy of it: nothing is taken away.
        if (!concerned) next
        left = 0
        for (place = 1; place <= count; place++) left += in_sync[place] != gone
        if (left < wanted) {
            printf "partition %s of topic %s is in sync on %d of the other brokers only\n", partition, topic, left > "/dev/stderr"
            found = 1
        }
    }
    END { exit found }
'
# Without most of the controllers there is no way back.
"$scripts/quorum.sh" "$1" >&2

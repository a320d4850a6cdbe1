#!/bin/bash
# Gives every partition of every topic as many copies as there are to be, on different brokers: on the way from one broker to three, while
# they serve. What has them already stays where it is. All brokers must run; what is cut short can be run again.
# shellcheck source=broker/settings.sh
. "$(dirname "$0")/settings.sh"

[ "$REPLICAS" -gt 1 ] || exit 0
plan=$(mktemp "$BROKER_FOLDER/spread.XXXXXX")
trap 'rm -f "$plan"' EXIT
administrate() {
    local said
    said=$("$scripts/administrate.sh" "$@" 2>&1) || {
        # Some of the tools say their errors with the rest.
        printf '%s\n' "$said" >&2
        return 1
    }
    printf '%s\n' "$said"
}

topics=$(administrate topics --describe)
# Who leads goes on as the first of them, but for as even a share as there are partitions.
awk -v wanted="$REPLICAS" '
    {
        for (field = 1; field < NF; field++) {
            if ($field == "Topic:") topic = $(field + 1)
            if ($field == "Partition:") partition = $(field + 1)
            if ($field == "Replicas:") replicas = $(field + 1)
        }
    }
    / Partition: |\tPartition: / && split(replicas, held, ",") < wanted {
        list = ""
        for (broker = 0; broker < wanted; broker++) list = list (broker ? "," : "") ((partition + broker) % wanted + 1)
        printf "%s{\"topic\":\"%s\",\"partition\":%s,\"replicas\":[%s]}", (found++ ? "," : "{\"version\":1,\"partitions\":["), topic, partition, list
    }
    END { if (found) print "]}" }
' <<<"$topics" >"$plan"

if [ -s "$plan" ]; then
    administrate reassign-partitions --reassignment-json-file "$plan" --execute >/dev/null
else
    # Set last below: then all is done.
    held=$(sed -n "s/^Topic: $KAFKA_TOPIC\t.*[:,[:space:]]min\.insync\.replicas=\([0-9]*\).*/\1/p" <<<"$topics")
    [ "${held:-1}" -lt "$IN_SYNC" ] || exit 0
fi
# A copy that is being made counts among the copies of a partition, and is in sync when it has all.
end=$((SECONDS + 3300))
while :; do
    behind=$("$scripts/administrate.sh" topics --describe 2>&1 | awk '
        / Partition: |\tPartition: / {
            found = 1
            for (field = 1; field < NF; field++) {
                if ($field == "Replicas:") copies = split($(field + 1), of_all, ",")
                if ($field == "Isr:") in_sync = split($(field + 1), of_these, ",")
            }
            if (in_sync < copies) print
            next
        }
        !/^Topic: / { other = other $0 "\n" }
        END { if (!found) printf "%s", other; exit !found }
    ') && [ -z "$behind" ] && break
    [ $SECONDS -lt $end ] || {
        printf 'the copies are not complete yet; the same command again waits on:\n%s\n' "$behind" >&2
        exit 1
    }
    sleep 1
done
administrate leader-election --election-type preferred --all-topic-partitions >/dev/null
# Not before: with fewer copies than that nobody could publish.
administrate configs --alter --entity-type brokers --entity-default --add-config "min.insync.replicas=$IN_SYNC"
administrate configs --alter --entity-type topics --entity-name "$KAFKA_TOPIC" --add-config "min.insync.replicas=$IN_SYNC"
echo "every partition has $REPLICAS copies, and a record is published when $IN_SYNC have it"

#!/bin/bash
# Gives every partition of every topic as many copies as there are to be, on different brokers: on the way from one broker to three, while
# they serve. What has them already stays where it is. All brokers must run.
# shellcheck source=broker/settings.sh
. "$(dirname "$0")/settings.sh"

[ "$REPLICAS" -gt 1 ] || exit 0
plan=$(mktemp "$BROKER_FOLDER/spread.XXXXXX")
trap 'rm -f "$plan"' EXIT
# Who leads goes on as the first of them, but for as even a share as there are partitions.
"$scripts/administrate.sh" topics --describe | awk -v wanted="$REPLICAS" '
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
' >"$plan"
[ -s "$plan" ] || exit 0

"$scripts/administrate.sh" reassign-partitions --reassignment-json-file "$plan" --execute >/dev/null
until told=$("$scripts/administrate.sh" reassign-partitions --reassignment-json-file "$plan" --verify) && [[ $told != *'still in progress'* ]]; do
    sleep 1
done
# Not before: with fewer copies than that nobody could publish.
"$scripts/administrate.sh" configs --alter --entity-type topics --entity-name "$KAFKA_TOPIC" --add-config "min.insync.replicas=$IN_SYNC"
"$scripts/administrate.sh" configs --alter --entity-type brokers --entity-default --add-config "min.insync.replicas=$IN_SYNC"
"$scripts/administrate.sh" leader-election --election-type preferred --all-topic-partitions >/dev/null
echo "every partition has $REPLICAS copies, and a record is published when $IN_SYNC have it"

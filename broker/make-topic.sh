#!/bin/bash
# Makes the topic if it is not there, and lets each user do what it has to, no more. The brokers must run.
# shellcheck source=broker/settings.sh
. "$(dirname "$0")/settings.sh"

# Once for these settings and this script: each of Kafka's tools takes seconds.
wanted=$(printf '%s\n' "$KAFKA_TOPIC" "$KAFKA_CONSUMER_GROUP" "$(cksum <"$0")")
[ "$(cat "$BROKER_FOLDER/topic" 2>/dev/null)" != "$wanted" ] || exit 0

administrate() {
    "$scripts/administrate.sh" "$@"
}
# The other brokers of a new cluster may not have come yet.
for try in {1..100}; do
    ! said=$(administrate topics --create --if-not-exists --topic "$KAFKA_TOPIC" --partitions "$KAFKA_PARTITIONS" \
        --replication-factor "$REPLICAS" --config "min.insync.replicas=$IN_SYNC" 2>&1) || break
    [[ $said == *InvalidReplicationFactor* && $try != 100 ]] || {
        printf '%s\n' "$said" >&2
        exit 1
    }
    sleep 5
done
administrate acls --add --allow-principal "User:$WRITER" --topic "$KAFKA_TOPIC" --operation Describe --operation Write --operation Read
# For `producer --resume`: it reads the newest records, and is the one member of a group.
administrate acls --add --allow-principal "User:$WRITER" --topic "$KAFKA_TOPIC" --group "tickerlake-producer-$KAFKA_TOPIC" --operation Read
# Describe and Read on the topic, Read on the group.
administrate acls --add --allow-principal "User:$READER" --consumer --topic "$KAFKA_TOPIC" --group "$KAFKA_CONSUMER_GROUP"
# So that `make doctor`, which logs in as they do, can judge the size limit, the retention and the zones. It lets nobody change them.
administrate acls --add --allow-principal "User:$READER" --allow-principal "User:$WRITER" --topic "$KAFKA_TOPIC" --cluster \
    --operation DescribeConfigs
echo "$wanted" >"$BROKER_FOLDER/topic"

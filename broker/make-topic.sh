#!/bin/bash
# Makes the topic if it is not there, and lets each user do what it has to, no more. The broker must run.
# shellcheck source=broker/settings.sh
. "$(dirname "$0")/settings.sh"

administrate() {
    "$scripts/kafka.sh" "$1" --bootstrap-server "127.0.0.1:$ADMIN_PORT" "${@:2}"
}
administrate topics --create --if-not-exists --topic "$KAFKA_TOPIC" --partitions "$KAFKA_PARTITIONS"
administrate acls --add --allow-principal "User:$WRITER" --topic "$KAFKA_TOPIC" --operation Describe --operation Write --operation Read
# For `producer --resume`: it reads the newest records, and is the one member of a group.
administrate acls --add --allow-principal "User:$WRITER" --topic "$KAFKA_TOPIC" --group "tickerlake-producer-$KAFKA_TOPIC" --operation Read
# Describe and Read on the topic, Read on the group.
administrate acls --add --allow-principal "User:$READER" --consumer --topic "$KAFKA_TOPIC" --group "$KAFKA_CONSUMER_GROUP"
# So that `make doctor`, which logs in as they do, can judge the size limit and the retention. It lets nobody change them.
administrate acls --add --allow-principal "User:$READER" --allow-principal "User:$WRITER" --topic "$KAFKA_TOPIC" --operation DescribeConfigs

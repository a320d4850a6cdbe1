#!/bin/bash
# Kafka and its own tools, from the jars in KAFKA_LIBS: kafka.sh server|storage|topics|... ARGUMENTS
set -euo pipefail

# Where the link leads now: an update must not take the jars from a broker that still runs.
libraries=$(readlink -f "${KAFKA_LIBS:-/opt/tickerlake/libs}")
# A tool runs for a second: start soon.
memory=${KAFKA_TOOL_HEAP:--Xmx256m -XX:+UseSerialGC -XX:TieredStopAtLevel=1}
case ${1-} in
server)
    class=kafka.Kafka
    memory=${KAFKA_HEAP:--Xms256m -Xmx512m}
    ;;
storage) class=kafka.tools.StorageTool ;;
acls) class=org.apache.kafka.tools.AclCommand ;;
configs) class=kafka.admin.ConfigCommand ;;
consumer-groups) class=org.apache.kafka.tools.consumer.group.ConsumerGroupCommand ;;
features) class=org.apache.kafka.tools.FeatureCommand ;;
get-offsets) class=org.apache.kafka.tools.GetOffsetShell ;;
leader-election) class=org.apache.kafka.tools.LeaderElectionCommand ;;
metadata-quorum) class=org.apache.kafka.tools.MetadataQuorumCommand ;;
reassign-partitions) class=org.apache.kafka.tools.reassign.ReassignPartitionsCommand ;;
topics) class=org.apache.kafka.tools.TopicCommand ;;
*)
    echo 'usage: kafka.sh server|storage|acls|configs|consumer-groups|features|get-offsets|leader-election|metadata-quorum|reassign-partitions|topics ARGUMENTS' >&2
    exit 2
    ;;
esac

# Without a configuration file log4j writes to standard output.
level=WARN
[ "$1" != server ] || level=INFO
# The heap is more than one option.
# shellcheck disable=SC2086
exec java $memory -XX:+ExitOnOutOfMemoryError -XX:-UsePerfData -Djava.awt.headless=true \
    "-Dorg.apache.logging.log4j.level=$level" -cp "$libraries/*" "$class" "${@:2}"

# shellcheck shell=bash
# What the scripts of this folder agree on; each that runs beside a broker begins with it. Everything that a broker keeps is below
# BROKER_FOLDER.
#
# The environment comes from /etc/tickerlake/broker.env on the instance, and from tests/broker/ and tests/replication/ in the tests.
set -euo pipefail
# What is written here is read by its owner only, unless said otherwise.
umask 077

: "${BROKER_FOLDER:?the folder for keys, passwords and records}"
export KAFKA_LIBS=${KAFKA_LIBS:-/opt/tickerlake/libs}
# Which of the brokers this is, from 1, and the addresses of all of them in that order: private, and in their certificates.
BROKER_ID=${BROKER_ID:-1}
BROKER_HOSTS=${BROKER_HOSTS:-127.0.0.1}
IFS=, read -r -a hosts <<<"$BROKER_HOSTS"
BROKER_HOST=${hosts[BROKER_ID - 1]}
BROKER_COUNT=${#hosts[@]}
# The zone of a broker, so that the copies of a record are in different ones.
BROKER_RACK=${BROKER_RACK:-}
# For clients, with a password; between brokers, with a password; between controllers, with a certificate.
BROKER_PORT=${BROKER_PORT:-9096}
REPLICATION_PORT=${REPLICATION_PORT:-9094}
CONTROLLER_PORT=${CONTROLLER_PORT:-9093}
BOOTSTRAP_SERVERS=${BOOTSTRAP_SERVERS:-$(IFS=,; echo "${hosts[*]/%/:$BROKER_PORT}")}
CONTROLLERS=${CONTROLLERS:-$(IFS=,; echo "${hosts[*]/%/:$CONTROLLER_PORT}")}
SASL_MECHANISMS=${SASL_MECHANISMS:-SCRAM-SHA-512}
KAFKA_TOPIC=${KAFKA_TOPIC:-stock-bars}
KAFKA_PARTITIONS=${KAFKA_PARTITIONS:-3}
KAFKA_CONSUMER_GROUP=${KAFKA_CONSUMER_GROUP:-tickerlake}
# Of each record; and how many must have it before it counts as published.
REPLICAS=1 IN_SYNC=1
[ "$BROKER_COUNT" -lt 3 ] || REPLICAS=3 IN_SYNC=2
export BROKER_ID BROKER_HOST BROKER_HOSTS BROKER_COUNT BROKER_RACK BROKER_PORT REPLICATION_PORT CONTROLLER_PORT
export BOOTSTRAP_SERVERS CONTROLLERS SASL_MECHANISMS KAFKA_TOPIC KAFKA_PARTITIONS KAFKA_CONSUMER_GROUP REPLICAS IN_SYNC

# The users: Lambda's event source logs in as the first, the producer as the second, brokers and their administrator as the third.
export READER=lake WRITER=producer BROKER=broker

security=$BROKER_FOLDER/security
properties=$BROKER_FOLDER/server.properties
# With which Kafka's tools log in.
administrator=$BROKER_FOLDER/administrator.properties
# Who has this file has made the cluster; all others join it.
founder=$BROKER_FOLDER/founder
scripts=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export security properties administrator founder scripts
mkdir -p "$security"

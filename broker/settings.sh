# shellcheck shell=bash
# What the scripts of this folder agree on; each begins with it. Everything the broker keeps is below BROKER_FOLDER.
#
# The environment comes from /etc/tickerlake/broker.env on the instance, and from tests/broker/ in the tests.
set -euo pipefail
# What is written here is read by its owner only, unless said otherwise.
umask 077

: "${BROKER_FOLDER:?the folder for keys, passwords and records}"
export KAFKA_LIBS=${KAFKA_LIBS:-/opt/tickerlake/libs}
# The address that clients are sent to: private, and in the broker's certificate.
BROKER_HOST=${BROKER_HOST:-127.0.0.1}
BROKER_PORT=${BROKER_PORT:-9096}
# For the controller and the administrator, on this machine only.
ADMIN_PORT=${ADMIN_PORT:-9092}
CONTROLLER_PORT=${CONTROLLER_PORT:-9093}
SASL_MECHANISMS=${SASL_MECHANISMS:-SCRAM-SHA-512}
KAFKA_TOPIC=${KAFKA_TOPIC:-stock-bars}
KAFKA_PARTITIONS=${KAFKA_PARTITIONS:-3}
KAFKA_CONSUMER_GROUP=${KAFKA_CONSUMER_GROUP:-tickerlake}
export BROKER_HOST BROKER_PORT ADMIN_PORT CONTROLLER_PORT SASL_MECHANISMS
export KAFKA_TOPIC KAFKA_PARTITIONS KAFKA_CONSUMER_GROUP

# The users: Lambda's event source logs in as the first, the producer as the second.
export READER=lake WRITER=producer

security=$BROKER_FOLDER/security
properties=$BROKER_FOLDER/server.properties
scripts=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export security properties scripts
mkdir -p "$security"

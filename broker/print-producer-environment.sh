#!/bin/bash
# Prints the environment with which the producer reaches and logs in to this broker, for an EnvironmentFile of systemd.
#
#     print-producer-environment.sh CA-FILE     where the producer finds a copy of ca.pem
# shellcheck source=broker/settings.sh
. "$(dirname "$0")/settings.sh"

# A broker whose machine is gone without a word is given up after 10 s (librdkafka's own: 60 s), and its records go to the next one.
cat <<END
KAFKA_BOOTSTRAP_SERVERS=$BOOTSTRAP_SERVERS
KAFKA_TOPIC=$KAFKA_TOPIC
KAFKA_PROPERTIES=security.protocol=SASL_SSL,sasl.mechanism=SCRAM-SHA-512,sasl.username=$WRITER,sasl.password=$(<"$security/$WRITER.password"),ssl.ca.location=${1:?the file with the CA},socket.timeout.ms=10000
END

#!/bin/bash
# Writes server.properties: one node that is broker and controller. Clients come in by SASL_SSL only.
# shellcheck source=broker/settings.sh
. "$(dirname "$0")/settings.sh"

cat >"$properties" <<END
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:$CONTROLLER_PORT
listeners=CLIENTS://$BROKER_HOST:$BROKER_PORT,ADMIN://127.0.0.1:$ADMIN_PORT,CONTROLLER://127.0.0.1:$CONTROLLER_PORT
advertised.listeners=CLIENTS://$BROKER_HOST:$BROKER_PORT,ADMIN://127.0.0.1:$ADMIN_PORT
listener.security.protocol.map=CLIENTS:SASL_SSL,ADMIN:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=ADMIN
controller.listener.names=CONTROLLER

sasl.enabled.mechanisms=$SASL_MECHANISMS
listener.name.clients.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.clients.scram-sha-256.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
ssl.enabled.protocols=TLSv1.3,TLSv1.2
ssl.keystore.type=PEM
ssl.keystore.location=$security/broker.pem
ssl.truststore.type=PEM
ssl.truststore.location=$security/ca.pem

# Nobody may do anything but by a rule of make-topic.sh. Who comes in on this machine's own listeners has no name.
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:ANONYMOUS

log.dirs=$BROKER_FOLDER/data
log.retention.hours=${KAFKA_RETENTION_HOURS:-168}
auto.create.topics.enable=false
num.partitions=$KAFKA_PARTITIONS
# There is one broker.
default.replication.factor=1
min.insync.replicas=1
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
END

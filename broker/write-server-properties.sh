#!/bin/bash
# Writes server.properties: one node that is broker and controller, alone or one of three. Clients and brokers come in by SASL_SSL only,
# controllers by the certificate of a broker. Also administrator.properties, with which Kafka's tools log in.
# shellcheck source=broker/settings.sh
. "$(dirname "$0")/settings.sh"

login="org.apache.kafka.common.security.scram.ScramLoginModule required username=\"$BROKER\" password=\"$(<"$security/$BROKER.password")\";"
cat >"$properties.new" <<END
process.roles=broker,controller
node.id=$BROKER_ID
${BROKER_RACK:+broker.rack=$BROKER_RACK}
controller.quorum.bootstrap.servers=$CONTROLLERS
listeners=CLIENTS://$BROKER_HOST:$BROKER_PORT,BROKERS://$BROKER_HOST:$REPLICATION_PORT,CONTROLLER://$BROKER_HOST:$CONTROLLER_PORT
advertised.listeners=CLIENTS://$BROKER_HOST:$BROKER_PORT,BROKERS://$BROKER_HOST:$REPLICATION_PORT,CONTROLLER://$BROKER_HOST:$CONTROLLER_PORT
listener.security.protocol.map=CLIENTS:SASL_SSL,BROKERS:SASL_SSL,CONTROLLER:SSL
inter.broker.listener.name=BROKERS
controller.listener.names=CONTROLLER

sasl.enabled.mechanisms=$SASL_MECHANISMS
sasl.mechanism.inter.broker.protocol=SCRAM-SHA-512
listener.name.clients.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.clients.scram-sha-256.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.brokers.sasl.enabled.mechanisms=SCRAM-SHA-512
listener.name.brokers.scram-sha-512.sasl.jaas.config=$login
# SCRAM keeps its passwords in what the controllers agree on, so they cannot come in by it.
listener.name.controller.ssl.client.auth=required
ssl.principal.mapping.rules=RULE:^CN=(.*)\$/\$1/
ssl.enabled.protocols=TLSv1.3,TLSv1.2
ssl.keystore.type=PEM
ssl.keystore.location=$security/broker.pem
ssl.truststore.type=PEM
ssl.truststore.location=$security/ca.pem

# Nobody may do anything but by a rule of make-topic.sh.
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:$BROKER

log.dirs=$BROKER_FOLDER/data
log.retention.hours=${KAFKA_RETENTION_HOURS:-168}
auto.create.topics.enable=false
num.partitions=$KAFKA_PARTITIONS
default.replication.factor=$REPLICAS
min.insync.replicas=$IN_SYNC
# A broker that was not in sync never leads: its records would take the place of published ones.
unclean.leader.election.enable=false
offsets.topic.replication.factor=$REPLICAS
transaction.state.log.replication.factor=$REPLICAS
transaction.state.log.min.isr=$IN_SYNC
share.coordinator.state.topic.replication.factor=$REPLICAS
share.coordinator.state.topic.min.isr=$IN_SYNC
group.initial.rebalance.delay.ms=0
# How long a dead broker still counts as one that leads (Kafka's own: 9 s).
broker.session.timeout.ms=6000
broker.heartbeat.interval.ms=1000
END
# Settings of your own, which win.
[ ! -e "$BROKER_FOLDER/own.properties" ] || cat "$BROKER_FOLDER/own.properties" >>"$properties.new"
mv "$properties.new" "$properties"

cat >"$administrator" <<END
security.protocol=SASL_SSL
sasl.mechanism=SCRAM-SHA-512
sasl.jaas.config=$login
ssl.truststore.type=PEM
ssl.truststore.location=$security/ca.pem
END

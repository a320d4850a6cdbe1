#!/bin/bash
# Tells CloudWatch how this broker is: whether it answers, how full its disk is, for how many days its certificate and the authority's are
# good, and how many partitions lack a copy that is in sync. Run as root by health.timer. What does not come is an alarm too.
set -euo pipefail

set -a
# shellcheck source=/dev/null
. /etc/tickerlake/broker.env
set +a
: "${BROKER_HOST:?}" "${BROKER_PORT:=9096}"

of_broker='[{"Name":"Stack","Value":"'$STACK'"},{"Name":"Broker","Value":"'$BROKER_ID'"}]'
of_stack='[{"Name":"Stack","Value":"'$STACK'"}]'
full=$(df --output=pcent "$BROKER_FOLDER" | tail -n 1 | tr -dc 0-9)
days=36500
for certificate in broker.crt ca.pem; do
    ends=$(openssl x509 -in "$BROKER_FOLDER/security/$certificate" -noout -enddate 2>/dev/null) || continue
    left=$((($(date -d "${ends#notAfter=}" +%s) - $(date +%s)) / 86400))
    [ "$left" -ge $days ] || days=$left
done
answers=0
more=
if (: <"/dev/tcp/$BROKER_HOST/$BROKER_PORT") 2>/dev/null; then
    # A broker that is cut off from the others, or stands still, gives none.
    if behind=$(timeout 50s "$(dirname "$0")/as-kafka.sh" administrate.sh topics --describe --under-replicated-partitions); then
        answers=1
        more=',{"MetricName":"UnderReplicated","Dimensions":'$of_stack',"Unit":"Count","Value":'$(grep -c 'Partition: ' <<<"$behind" || true)'}'
    fi
fi
aws cloudwatch put-metric-data --namespace tickerlake-broker --metric-data "[
    {\"MetricName\":\"Answers\",\"Dimensions\":$of_broker,\"Unit\":\"Count\",\"Value\":$answers},
    {\"MetricName\":\"DiskUsed\",\"Dimensions\":$of_broker,\"Unit\":\"Percent\",\"Value\":$full},
    {\"MetricName\":\"CertificateDays\",\"Dimensions\":$of_stack,\"Unit\":\"Count\",\"Value\":$days}$more]"
# One that came back with an empty volume may have been interrupted before it was a controller.
[ $answers = 0 ] || timeout 50s "$(dirname "$0")/as-kafka.sh" join.sh

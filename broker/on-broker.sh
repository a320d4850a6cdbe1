#!/bin/bash
# Runs a command as root on the instance of a broker, by Run Command of Systems Manager, and prints what that prints.
#
#     on-broker.sh ID COMMAND
# shellcheck source=broker/stack.sh
. "$(dirname "$0")/stack.sh"

instance=$(resource "Broker$1")
[ -n "$instance" ] || {
    echo "there is no broker $1 in the stack $stack" >&2
    exit 1
}
# A new instance is not known to Systems Manager at once, and then has to come to the end of its first boot, however that ends.
command="cloud-init status --wait >/dev/null; $2"
for try in {1..60}; do
    ! sent=$(aws ssm send-command --instance-ids "$instance" --document-name AWS-RunShellScript --output text --query Command.CommandId \
        --parameters "{\"commands\":[\"$command\"],\"executionTimeout\":[\"3600\"]}" 2>&1) || break
    [[ $sent == *InvalidInstanceId* && $try != 60 ]] || {
        printf '%s\n' "$sent" >&2
        exit 1
    }
    sleep 10
done
ask() {
    aws ssm get-command-invocation --command-id "$sent" --instance-id "$instance" --output text --query "$1"
}
# It is not known at once; and the network may be away for a moment.
failures=0
while :; do
    if status=$(ask Status 2>&1); then
        failures=0
        [[ $status == Pending || $status == InProgress || $status == Delayed ]] || break
    elif [[ $status != *InvocationDoesNotExist* ]]; then
        printf '%s\n' "$status" >&2
        failures=$((failures + 1))
        [ $failures -lt 5 ] || {
            echo "broker $1: how it ends cannot be asked; what was begun goes on there: $2" >&2
            exit 1
        }
    fi
    sleep 5
done
ask StandardOutputContent
[ "$status" = Success ] || {
    ask StandardErrorContent >&2
    echo "broker $1: $2: $status" >&2
    exit 1
}

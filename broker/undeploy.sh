#!/bin/bash
# Removes the stack of broker.yaml, and says what it keeps: `make undeploy-broker`, which names the variables.
# shellcheck source=broker/stack.sh
. "$(dirname "$0")/stack.sh"

command -v aws >/dev/null || {
    echo 'the AWS CLI is missing: https://aws.amazon.com/cli' >&2
    exit 1
}

# By resource, not by output: a stack that could not be made has none of those. What was taken back with it is gone, and still listed.
resource Broker1 >/dev/null || {
    echo "there is no stack $stack here: check the region" >&2
    exit 1
}
instances=() volumes=()
for id in 1 2 3; do
    read -r -a instances <<<"${instances[*]-} $(resource "Broker$id")"
    read -r -a volumes <<<"${volumes[*]-} $(resource "DataVolume$id")"
done
# What `make replace-broker EMPTY=1` has put aside.
read -r -a aside <<<"$(aws ec2 describe-volumes --filters "Name=tag:Name,Values=$stack-*-records-aside" --output text --query 'Volumes[].VolumeId' | tr '\n' ' ')" || true
clients=$(resource ClientSecurityGroup)

# AWS removes no security group that is in use, and says so after the broker is gone.
if [ -n "$clients" ]; then
    used=$(aws ec2 describe-network-interfaces --filters "Name=group-id,Values=$clients" --output text \
        --query 'NetworkInterfaces[].[NetworkInterfaceId,Description]')
    broker=$(resource BrokerSecurityGroup)
    named=$(for rules in ip-permission egress.ip-permission; do
        aws ec2 describe-security-groups --filters "Name=$rules.group-id,Values=$clients${broker:+,$broker}" --output text \
            --query "SecurityGroups[?GroupId!='$broker' && GroupId!='$clients'].[GroupId,Description]"
    done)
    [ -z "$used$named" ] || {
        echo "the security groups of the broker and its clients ($clients) are still in use; nothing was removed:" >&2
        printf '%s\n' "$used" "$named" | sed '/^$/d; s/^/    /' >&2
        echo 'remove the stack that reads from the broker (make undeploy), and take the group from producers elsewhere, and from the rules of other groups' >&2
        exit 1
    }
fi

echo "The stack $stack is to be removed: the broker ${instances[*]:-(there is none)}, its secrets, its security groups, its alarms."
echo
echo 'Kept:'
[ ${#volumes[@]} -eq 0 ] || echo "  the volume ${volumes[*]} with all records, certificates and passwords"
[ ${#aside[@]} -eq 0 ] || echo "  ${aside[*]}, which replacements have put aside"
echo '  what was uploaded for it to your bucket, below tickerlake/'
if [ -z "${YES-}" ]; then
    read -r -p "Remove $stack? [y/N] " answer || answer=
    [[ $answer == [yY]* ]] || {
        echo 'not confirmed: nothing was removed (YES=1 does not ask)' >&2
        exit 1
    }
fi

# CloudFormation detaches the volume before it ends the instance, and waits for ever while Kafka has it mounted. A machine that
# is stopped has ended Kafka, and mounts nothing.
for instance in "${instances[@]}"; do
    state=$(aws ec2 describe-instances --instance-ids "$instance" --output text --query 'Reservations[].Instances[].State.Name' 2>&1) || {
        [[ $state == *InvalidInstanceID.NotFound* ]] || {
            printf '%s\n' "$state" >&2
            exit 1
        }
        state=terminated
    }
    if [[ $state != terminated && $state != shutting-down ]]; then
        aws ec2 stop-instances --instance-ids "$instance" --output text >/dev/null
        aws ec2 wait instance-stopped --instance-ids "$instance"
    fi
done
aws cloudformation delete-stack --stack-name "$stack"
aws cloudformation wait stack-delete-complete --stack-name "$stack"

echo "The stack $stack is gone."
for volume in "${volumes[@]}" "${aside[@]}"; do
    echo "Its volume costs until you remove it: aws ec2 delete-volume --volume-id $volume"
done

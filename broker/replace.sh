#!/bin/bash
# Makes the instance of a broker anew, at the same address, while the others serve: `make replace-broker`, which names the variables. What is
# cut short can be run again.
# shellcheck source=broker/stack.sh
. "$(dirname "$0")/stack.sh"

: "${BROKER:?name the broker: BROKER=1, 2 or 3}"
count=$(brokers)
[[ $BROKER == [123] && $BROKER -le $count ]] || {
    echo "there are $count brokers, and no broker $BROKER" >&2
    exit 1
}
lock "make replace-broker BROKER=$BROKER"

# Which volume is to go is written down before it goes: another try goes on with what the first one began, and puts no other one aside.
going=$stack-empties-$BROKER
old=$(aws ssm get-parameter --name "$going" --output text --query Parameter.Value 2>&1) || {
    [[ $old == *ParameterNotFound* ]] || {
        printf '%s\n' "$old" >&2
        exit 1
    }
    old=
}
volume=$(resource "DataVolume$BROKER")
begun=
if [ -n "$old" ] && [ "$volume" != "$old" ]; then
    begun=yes
    [ -n "${EMPTY-}$volume" ] || {
        echo "its volume $old is put aside already, by a command that was cut short: EMPTY=1 goes on with that; nothing was changed" >&2
        exit 1
    }
fi

# An empty volume costs what no other broker has.
if [ "$count" -gt 1 ]; then
    "$scripts/on-broker.sh" $((BROKER % 3 + 1)) "/opt/tickerlake/broker/as-kafka.sh may-go.sh $BROKER"
elif [ -n "${EMPTY-}" ] && [ -z "${LOSE-}" ]; then
    echo 'it is the only broker: what has not landed is on its volume, and nowhere else. LOSE=1 replaces it all the same; nothing was changed' >&2
    exit 1
fi

# The stack's own template: another one may restart the brokers that serve.
archive=$(mktemp)
aws cloudformation get-template --stack-name "$stack" --output text --query TemplateBody >"$archive"
deploy() {
    aws cloudformation deploy --stack-name "$stack" --template-file "$archive" --capabilities CAPABILITY_IAM \
        --no-fail-on-empty-changeset --parameter-overrides StackIsComplete=true "$@"
}

instance=$(resource "Broker$BROKER")
if [ -n "$begun" ] && [ -n "${EMPTY-}" ] && [ -n "$instance" ]; then
    echo "broker $BROKER has been given an empty volume already, which is being filled (another one: aws ssm delete-parameter --name $going, and again)"
else
    # What is taken away could not be made again.
    image=$(was ImageId)
    aws ec2 describe-images --image-ids "$image" --output text --query 'Images[0].ImageId' >/dev/null || {
        echo "the image $image of the instances is gone, and nothing can be made of it; nothing was changed: docs/broker.md" >&2
        exit 1
    }
    if [ -n "${EMPTY-}" ] && [ -z "$begun" ]; then
        aws ssm put-parameter --name "$going" --type String --overwrite --value "$volume" >/dev/null
        old=$volume
    fi
    # CloudFormation detaches no volume that is in use; a machine that is stopped mounts none. One that is lost is gone.
    if [ -n "$instance" ]; then
        state=$(aws ec2 describe-instances --instance-ids "$instance" --output text --query 'Reservations[].Instances[].State.Name' 2>&1) ||
            [[ $state == *InvalidInstanceID.NotFound* ]] || {
            printf '%s\n' "$state" >&2
            exit 1
        }
        if [[ $state == running || $state == stopping || $state == pending ]]; then
            aws ec2 stop-instances --instance-ids "$instance" --output text >/dev/null
            aws ec2 wait instance-stopped --instance-ids "$instance"
        fi
    fi
    takes=false
    [ -z "${EMPTY-}" ] || takes=true
    deploy "Without=$BROKER" "WithoutVolume=$takes"
    if [ -n "${EMPTY-}" ]; then
        # One that is lost has no name.
        aws ec2 create-tags --resources "$old" --tags "Key=Name,Value=$stack-$BROKER-records-aside" || true
    fi
fi
deploy Without=0 WithoutVolume=false
# A first boot that failed is tried again.
"$scripts/on-broker.sh" "$BROKER" 'test -e /etc/tickerlake/made || bash /var/lib/cloud/instance/user-data.txt'
"$scripts/on-broker.sh" "$BROKER" '/opt/tickerlake/broker/as-kafka.sh await-in-sync.sh 3000'
"$scripts/on-broker.sh" "$BROKER" 'cat /etc/tickerlake/note 2>/dev/null || true'
[ -z "$old" ] || aws ssm delete-parameter --name "$going" >/dev/null
echo "broker $BROKER is back${EMPTY:+, with an empty volume; the one before ($old) is kept, and costs; an own.properties has to be written again}, and in sync"

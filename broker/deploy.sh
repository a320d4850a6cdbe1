#!/bin/bash
# Uploads what the instances of broker.yaml need, and deploys that: `make deploy-broker`, which names the variables. One subnet is one broker,
# three are three. Where there is one and three are wanted, the two that come copy what it has.
# shellcheck source=broker/stack.sh
. "$(dirname "$0")/stack.sh"

command -v aws >/dev/null || {
    echo 'the AWS CLI is missing: https://aws.amazon.com/cli' >&2
    exit 1
}
: "${BUCKET:?name a bucket of yours that takes the broker\'s files: BUCKET=}"
: "${VPC:?name the VPC: VPC=vpc-...}"
: "${SUBNET:?name a subnet of it, or three in different zones: SUBNET=subnet-... or SUBNET=\'subnet-... subnet-... subnet-...\'}"

IFS=', ' read -r -a subnets <<<"$SUBNET"
count=${#subnets[@]}
[[ $count == 1 || $count == 3 ]] || {
    echo "SUBNET names $count subnets: one is for one broker, three are for three" >&2
    exit 1
}
placed=("VpcId=$VPC" "BrokerCount=$count" "SubnetId=${subnets[0]}")
zones=()
for ((place = 1; place <= count; place++)); do
    [ $place = 1 ] || placed+=("SubnetId$place=${subnets[place - 1]}")
    zone=$(aws ec2 describe-subnets --subnet-ids "${subnets[place - 1]}" --output text --query 'Subnets[0].AvailabilityZone')
    placed+=("Zone$place=$zone")
    [[ " ${zones[*]-} " != *" $zone "* ]] || echo "note: two of the subnets are in the zone $zone, and so are lost together with it" >&2
    zones+=("$zone")
done

# An update replaces nothing: another image would be another instance, and in another zone it would have another, empty volume.
complete=false
if image=$(was ImageId 2>/dev/null) && [ -n "$image" ]; then
    complete=true
    before=$(brokers)
    [[ $before == "$count" || $before == 1 ]] || {
        echo "there are $before brokers, and no way back to $count; nothing was changed" >&2
        exit 1
    }
    for parameter in "${placed[@]}" "ArtifactsBucket=$BUCKET" "$@"; do
        name=${parameter%%=*}
        case $name in
        VpcId | SubnetId | SubnetId2 | SubnetId3 | Architecture | ArtifactsBucket | ImageId)
            was=$(was "$name")
            [ -z "$was" ] || [ "$parameter" = "$name=$was" ] || {
                echo "$name is $was for the life of the broker, not ${parameter#*=} (another one would restart all instances at once, or make others); nothing was changed" >&2
                exit 1
            }
            ;;
        esac
    done
    without=$(was Without)
    [[ ${without:-0} == 0 ]] || {
        echo "broker $without is away, for its replacement was cut short: make replace-broker BROKER=$without, with EMPTY=1 if it was; nothing was changed" >&2
        exit 1
    }
else
    architecture=x86_64
    [[ " $* " != *' Architecture=arm64 '* ]] || architecture=arm64
    image=$(aws ssm get-parameter --name "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-$architecture" \
        --output text --query Parameter.Value)
fi

# Of this run alone: another one may be under way.
lock 'make deploy-broker'
mkdir -p target
archive=$(mktemp target/broker.XXXXXX)
# Whatever the umask here: on the instance a user of its own runs them.
tar --create --gzip --file "$archive" --owner=0 --group=0 --mode=u=rwX,go=rX --exclude=.complete broker --directory "${KAFKA_FOLDER:-target/kafka}" libs
aws s3 cp --no-progress "$archive" "s3://$BUCKET/tickerlake/broker.tar.gz"
if [ -n "${PRODUCER-}" ]; then
    aws s3 cp --no-progress "$PRODUCER" "s3://$BUCKET/tickerlake/producer"
fi

# An update keeps the parameters that are not named.
aws cloudformation deploy --stack-name "$stack" --template-file broker.yaml --capabilities CAPABILITY_IAM \
    --no-fail-on-empty-changeset --parameter-overrides "${placed[@]}" "ArtifactsBucket=$BUCKET" \
    ${PRODUCER:+WithProducer=true} "ImageId=$image" "StackIsComplete=$complete" "$@"

# The two that have come are controllers by now, or are helped to it, and hold no records yet. They copy all, and only then does the first one
# restart, to learn of them. What is done already is not done again, so a way that was cut short is gone to its end.
if [ "$count" = 3 ]; then
    for id in 2 3; do
        "$scripts/on-broker.sh" "$id" 'test -s /var/lib/kafka/controller || bash /var/lib/cloud/instance/user-data.txt'
    done
    "$scripts/on-broker.sh" 2 '/opt/tickerlake/broker/as-kafka.sh spread.sh'
    "$scripts/on-broker.sh" 1 'grep -q ^controller.quorum.bootstrap.servers=.*,.*, /var/lib/kafka/server.properties || bash /var/lib/cloud/instance/user-data.txt'
fi

echo
echo 'for parameter_overrides in samconfig.toml:'
query "Stacks[0].Outputs[?starts_with(OutputKey, 'Kafka') || starts_with(OutputKey, 'Vpc')].join('=', [OutputKey, OutputValue])" |
    tr '\t' '\n' | sed 's/.*/    "&",/'
[ $complete = false ] || echo 'the brokers go on as they were; to bring them up to date, one after the other: make upgrade-brokers'
for ((id = 1; id <= count; id++)); do
    echo "a shell on broker $id: aws ssm start-session --target $(resource "Broker$id")"
done

#!/bin/bash
# Uploads what the instance of broker.yaml needs, and deploys that: `make deploy-broker`, which names the variables.
set -euo pipefail

command -v aws >/dev/null || {
    echo 'the AWS CLI is missing: https://aws.amazon.com/cli' >&2
    exit 1
}
: "${BUCKET:?name a bucket of yours that takes the broker\'s files: BUCKET=}"
: "${VPC:?name the VPC: VPC=vpc-...}"
: "${SUBNET:?name a subnet of it: SUBNET=subnet-...}"
stack=tickerlake-broker
query() {
    aws cloudformation describe-stacks --stack-name "$stack" --output text --query "$1"
}

# An update replaces nothing: another image would be another instance, and in another zone it would have another, empty volume.
if instance=$(query "Stacks[0].Outputs[?OutputKey=='InstanceId'].OutputValue" 2>/dev/null) && [ -n "$instance" ]; then
    for parameter in "VpcId=$VPC" "SubnetId=$SUBNET" "$@"; do
        name=${parameter%%=*}
        case $name in
        VpcId | SubnetId | Architecture)
            was=$(query "Stacks[0].Parameters[?ParameterKey=='$name'].ParameterValue")
            [ "$parameter" = "$name=$was" ] || {
                echo "$name is $was for the life of the broker, not ${parameter#*=}; nothing was changed" >&2
                exit 1
            }
            ;;
        esac
    done
    image=$(aws ec2 describe-instances --instance-ids "$instance" --output text --query 'Reservations[0].Instances[0].ImageId')
else
    architecture=x86_64
    [[ " $* " != *' Architecture=arm64 '* ]] || architecture=arm64
    image=$(aws ssm get-parameter --name "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-$architecture" \
        --output text --query Parameter.Value)
fi

archive=target/broker.tar.gz
# Whatever the umask here: on the instance a user of its own runs them.
tar --create --gzip --file "$archive" --owner=0 --group=0 --mode=u=rwX,go=rX --exclude=.complete broker --directory target/kafka libs
aws s3 cp --no-progress "$archive" "s3://$BUCKET/tickerlake/broker.tar.gz"
if [ -n "${PRODUCER-}" ]; then
    aws s3 cp --no-progress "$PRODUCER" "s3://$BUCKET/tickerlake/producer"
fi

# An update keeps the parameters that are not named.
aws cloudformation deploy --stack-name "$stack" --template-file broker.yaml --capabilities CAPABILITY_IAM \
    --no-fail-on-empty-changeset --parameter-overrides "VpcId=$VPC" "SubnetId=$SUBNET" "ArtifactsBucket=$BUCKET" \
    ${PRODUCER:+WithProducer=true} "ImageId=$image" "$@"

echo
echo 'for parameter_overrides in samconfig.toml:'
query "Stacks[0].Outputs[?starts_with(OutputKey, 'Kafka') || starts_with(OutputKey, 'Vpc')].join('=', [OutputKey, OutputValue])" |
    tr '\t' '\n' | sed 's/.*/    "&",/'
echo "a shell on the instance: aws ssm start-session --target $(query "Stacks[0].Outputs[?OutputKey=='InstanceId'].OutputValue")"

#!/bin/bash
# Makes a broker of the instance on which it was unpacked, and tells CloudFormation how that ended: run as root by the UserData of
# broker.yaml, at the first boot and whenever something is to be brought up to date.
#
# /opt/tickerlake/instance.env says which broker of which stack this is; the rest is in a parameter of Systems Manager, which an update of
# the stack changes without a restart.
set -euo pipefail

set -a
# shellcheck source=/dev/null
. /opt/tickerlake/instance.env
set +a
unpacked=$(cd "$(dirname "$0")/.." && pwd)

# Amazon's standard image has it, others may not; nobody else could say that something failed.
[ -x /opt/aws/bin/cfn-signal ] || dnf install --assumeyes --quiet aws-cfn-bootstrap
# CloudFormation takes a stack back that could not be made, the volume first; a mounted one it could not detach. After the first boot,
# and of a broker that comes later than its stack, it takes no signal: what serves goes on.
first='' NEW_INSTANCE=''
[ -e /etc/tickerlake/broker.env ] || first=yes NEW_INSTANCE=yes
export NEW_INSTANCE
give_back_volume() {
    [ -n "$first" ] || return 0
    systemctl stop producer kafka 2>/dev/null || true
    ! mountpoint -q /var/lib/kafka || umount /var/lib/kafka || true
}
finish() {
    status=$?
    [ $status -eq 0 ] || give_back_volume
    # CloudFormation may not have come to Ready yet, and takes no signal for it before.
    tries=1
    [ -z "$first" ] || tries=30
    while ! timeout 20s /opt/aws/bin/cfn-signal --exit-code $status --stack "$STACK" --resource Ready --region "$AWS_DEFAULT_REGION"; do
        tries=$((tries - 1))
        # Ready fails for want of a signal.
        [ $tries -gt 0 ] || { give_back_volume; return 0; }
        sleep 10
    done
}
trap finish EXIT

mkdir -p /etc/tickerlake
aws ssm get-parameter --name "$SETTINGS" --output text --query Parameter.Value >/etc/tickerlake/settings.env.new
mv /etc/tickerlake/settings.env.new /etc/tickerlake/settings.env
hosts=$(sed -n 's/^BROKER_HOSTS=//p' /etc/tickerlake/settings.env)
# The copies of a record are to be in different zones.
service=http://169.254.169.254/latest
token=$(curl -fsS -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' $service/api/token)
zone=$(curl -fsS -H "X-aws-ec2-metadata-token: $token" $service/meta-data/placement/availability-zone)
{
    cat /opt/tickerlake/instance.env /etc/tickerlake/settings.env
    printf '%s\n' BROKER_FOLDER=/var/lib/kafka "BROKER_HOST=$(cut -d , -f "$BROKER_ID" <<<"$hosts")" "BROKER_RACK=$zone"
} >/etc/tickerlake/broker.env.new
# At once: Kafka may start at any time.
mv /etc/tickerlake/broker.env.new /etc/tickerlake/broker.env
! grep -q '^STACK_IS_COMPLETE=true$' /etc/tickerlake/settings.env || first=

# A broker that runs keeps its jars: links lead to the new ones, and those before the last are removed, but for those in use.
version=/opt/tickerlake/versions/$(date +%s.%N)
mkdir -p /opt/tickerlake/versions
mv "$unpacked" "$version"
for part in broker libs; do
    ln -sfn "$version/$part" /opt/tickerlake/$part
done
process=$(systemctl show --property MainPID --value kafka)
find /opt/tickerlake/versions -mindepth 1 -maxdepth 1 | sort | head -n -2 | while read -r version; do
    grep -qsF "$version/" "/proc/${process:-0}/cmdline" || rm -rf "$version"
done

# What hangs is to fail before Ready does, or before Run Command gives it up.
limit=55m
[ -z "$first" ] || limit=15m
timeout $limit /opt/tickerlake/broker/install.sh
# For `make replace-broker`.
touch /etc/tickerlake/made

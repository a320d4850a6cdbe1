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
first=
[ -e /etc/tickerlake/broker.env ] || first=yes
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
aws ssm get-parameter --name "$SETTINGS" --output text --query Parameter.Value >/etc/tickerlake/settings.env
cat /opt/tickerlake/instance.env /etc/tickerlake/settings.env >/etc/tickerlake/broker.env
hosts=$(sed -n 's/^BROKER_HOSTS=//p' /etc/tickerlake/settings.env)
printf '%s\n' BROKER_FOLDER=/var/lib/kafka "BROKER_HOST=$(cut -d , -f "$BROKER_ID" <<<"$hosts")" >>/etc/tickerlake/broker.env
! grep -q '^STACK_IS_COMPLETE=true$' /etc/tickerlake/settings.env || first=

# A broker that runs keeps its jars: links lead to the new ones, and those before the last are removed.
version=/opt/tickerlake/versions/$(date +%s.%N)
mkdir -p /opt/tickerlake/versions
mv "$unpacked" "$version"
for part in broker libs; do
    ln -sfn "$version/$part" /opt/tickerlake/$part
done
find /opt/tickerlake/versions -mindepth 1 -maxdepth 1 | sort | head -n -2 | xargs -r rm -rf

# What hangs is to fail before Ready does.
timeout 15m /opt/tickerlake/broker/install.sh

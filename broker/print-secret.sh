#!/bin/bash
# Prints what Secrets Manager is to hold, in the shape in which Lambda reads it.
#
#     print-secret.sh login USER     {"username":"...","password":"..."}
#     print-secret.sh ca             {"certificate":"..."}
#     print-secret.sh keyring        what other brokers of the cluster need, for take-keyring.sh
# shellcheck source=broker/settings.sh
. "$(dirname "$0")/settings.sh"

case ${1-} in
login) printf '{"username":"%s","password":"%s"}\n' "$2" "$(<"$security/$2.password")" ;;
# A PEM file has nothing in it that JSON would escape, but the ends of its lines.
ca) printf '{"certificate":"%s"}\n' "$(awk '{ printf "%s\\n", $0 }' "$security/ca.pem")" ;;
keyring) tar --create --directory "$security" ca.key ca.pem "$READER.password" "$WRITER.password" "$BROKER.password" cluster-id | base64 --wrap 0 ;;
*)
    echo 'usage: print-secret.sh login USER | ca | keyring' >&2
    exit 2
    ;;
esac

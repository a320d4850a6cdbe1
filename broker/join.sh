#!/bin/bash
# Makes this broker one of the controllers, if it is none yet: the first on a machine that was added, or again on one that came back with
# an empty volume, whose old self has to go first. The broker must run.
# shellcheck source=broker/settings.sh
. "$(dirname "$0")/settings.sh"

directory=$(sed -n 's/^directory\.id=//p' "$BROKER_FOLDER/data/meta.properties")
# Asked once only: a tool of Kafka takes seconds.
[ "$(cat "$BROKER_FOLDER/controller" 2>/dev/null)" != "$directory" ] || exit 0
login=$(mktemp "$security/join.XXXXXX")
trap 'rm -f "$login"' EXIT
# Kafka takes both from one file: who is to be added, and how to log in.
cat "$properties" "$administrator" >"$login"
quorum() {
    ADMINISTRATOR=$login "$scripts/administrate.sh" metadata-quorum "$@" 2>&1
}

# Of several that come at a time one is added after the other, and each only when it has copied what the others have agreed on.
for _ in {1..60}; do
    if voters=$(quorum describe --status | sed -n 's/^CurrentVoters: *//p') && [ -n "$voters" ]; then
        # {"id": 1, "directoryId": "...", "endpoints": [...]}
        if [[ $voters == *"\"$directory\""* ]]; then
            echo "$directory" >"$BROKER_FOLDER/controller"
            exit 0
        fi
        gone=$(grep -o "\"id\": $BROKER_ID, \"directoryId\": \"[^\"]*\"" <<<"$voters" | cut -d '"' -f 6 || true)
        if [ -n "$gone" ]; then
            said=$(quorum remove-controller --controller-id "$BROKER_ID" --controller-directory-id "$gone") &&
                echo "removed controller $BROKER_ID of the volume that is gone"
        else
            said=$(quorum add-controller) && echo "added controller $BROKER_ID"
        fi || true
    fi
    sleep 1
done
echo "broker $BROKER_ID did not become a controller: ${said-there is no answer from $BOOTSTRAP_SERVERS}" >&2
exit 1

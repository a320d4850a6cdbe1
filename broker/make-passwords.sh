#!/bin/bash
# Draws a password for each user, once: security/USER.password.
# shellcheck source=broker/settings.sh
. "$(dirname "$0")/settings.sh"

for user in "$READER" "$WRITER" "$BROKER"; do
    file=$security/$user.password
    [ -s "$file" ] && continue
    # Hexadecimal: nothing in it needs quoting anywhere.
    openssl rand -hex 24 >"$file.new"
    mv "$file.new" "$file"
    echo "drew a password for the user $user, $file"
done

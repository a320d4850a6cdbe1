"""Whether this machine's clock agrees with that of AWS, as its answers have it in their `Date` header."""

import email.utils

from .findings import bad, note, ok

# AWS refuses what was signed longer ago, or in its future.
SIGNATURE_HOLDS_S = 300
# The header has whole seconds, and an answer takes its time to come.
AGREES_WITHIN_S = 10
DO = "let it follow a time server: timedatectl set-ntp true"


def examine(response, now):
    """Findings about the clock, from an answer that botocore got just now; `now` is this machine's time, in s since 1970."""
    dated = response.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date")
    try:
        theirs = email.utils.parsedate_to_datetime(dated).timestamp()
    except (TypeError, ValueError):
        return []
    ahead = round(now - theirs)
    if abs(ahead) <= AGREES_WITHIN_S:
        return [ok("this machine's clock agrees with that of AWS")]
    off = f"this machine's clock is {abs(ahead)} s {'ahead of' if ahead > 0 else 'behind'} that of AWS"
    if abs(ahead) < SIGNATURE_HOLDS_S:
        return [note(f"{off}: what a producer publishes from here has wrong times, and so has the lag of ingest; {DO}")]
    return [bad(f"{off}: AWS refuses what is signed by a clock more than 5 minutes off, and a producer would publish wrong times from here; {DO}")]

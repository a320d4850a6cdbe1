"""The values of the records in the given events, decoded: one file each in the folder named first."""

import base64
import json
import pathlib
import sys

folder = pathlib.Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
for event in sys.argv[2:]:
    for batch in json.loads(pathlib.Path(event).read_text()).get("records", {}).values():
        for place, record in enumerate(batch):
            try:
                value = base64.b64decode(record["value"], validate=True)
            except (TypeError, KeyError, ValueError):
                continue  # a tombstone, not base64, or not a record: the target makes those itself
            (folder / f"{pathlib.Path(event).stem}-{place}").write_bytes(value)

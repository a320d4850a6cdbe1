"""Stands in for a program that a page calls and that cannot run here: notes how it was called, and does what the page goes on with."""

import json
import os
import sys

name, arguments = os.path.basename(sys.argv[1]), sys.argv[2:]
with open(os.environ["CALLS"], "a", encoding="utf-8") as calls:
    calls.write(json.dumps([name, *arguments]) + "\n")
if name == "aws" and arguments[:2] == ["configure", "export-credentials"]:
    print("export AWS_ACCESS_KEY_ID=value")
elif name == "aws":
    for argument in arguments:
        if argument.endswith(".json") and "://" not in argument:
            open(argument, "w", encoding="utf-8").close()
    print("value")

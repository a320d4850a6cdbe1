"""A real Trino over Glue and S3 of the AWS emulator: ask.py ENDPOINT SERVER_FOLDER.

Says "ready" on the first line, then for each line of its input, [database, SQL] as JSON, one of [error or null, names, types, rows].
The catalog has Athena's name. The end of the input ends it.
"""

import json
import sys

import server


def main():
    endpoint, folder = sys.argv[1:]
    server.supervise.end_with_parent()
    with server.Trino(folder, {"awsdatacatalog": server.over_glue(endpoint)}) as trino:
        print("ready", flush=True)
        for line in sys.stdin:
            print(json.dumps(answer(trino, *json.loads(line))), flush=True)


def answer(trino, database, sql):
    try:
        result = trino.query(sql, catalog="awsdatacatalog", schema=database)
        return [None, result.names, result.types, result.rows]
    except server.QueryFailed as error:
        return [str(error), [], [], []]


main()

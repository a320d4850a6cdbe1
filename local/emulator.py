"""ministack, the AWS emulator, with three faults mended: its Athena puts the rows of a query where it says that they are, and reads views,
and its Glue knows BatchDeletePartition.

It names `…/ID.csv` as the place of a result and writes to `…/ID.csv/ID.csv`, and it does not tell a NULL from an empty text. Athena
writes to the place that it names: each value in quotes, a NULL as nothing, and the names of the columns first. ("Working with query
results and recent queries", Amazon Athena user guide; the quotes as seen in any result.)

A view is a table of Glue's whose text Athena finds in it, in base64; here its SELECT is put into the query in the place of its name.
"""

import base64
import json
import sys
from urllib.parse import urlparse

from ministack.app import main
from ministack.services import athena, glue, s3


async def save_query_results(query_id):
    """In place of ministack's own. What it raises becomes the failure of the query."""
    execution = athena._executions[query_id]
    results = execution["_results"]
    lines = [line(results["columns"]), *map(line, results["rows"])]
    place = urlparse(execution["ResultConfiguration"]["OutputLocation"])
    types = ",".join(execution["_column_types"])
    put(place, "", "".join(lines), "text/csv")
    put(place, ".metadata", f"{','.join(results['columns'])}\n{types}", "text/plain")


def line(values):
    return ",".join("" if value is None else quoted(athena._datum_text(value)) for value in values) + "\n"


def quoted(text):
    return '"' + text.replace('"', '""') + '"'


def put(place, suffix, text, kind):
    body = text.encode()
    headers = {"content-type": kind, "content-length": str(len(body))}
    answer = s3._put_object(place.netloc, place.path.lstrip("/") + suffix, body, headers)
    if isinstance(answer, tuple) and answer[0] >= 300:
        raise RuntimeError(f"cannot write the result of the query to {place.geturl()}: {answer[2]!r}")


VIEW = "/* Presto View: "


async def rewrite_data_paths(query, database, catalog=None):
    """In place of ministack's own: with the views' SELECTs in the query, it finds the tables."""
    return await of_tables(with_views(query, database), database, catalog)


def with_views(query, database):
    for reference in reversed(athena._table_references(query)):
        in_database = reference.database or database or "default"
        table = glue._tables.get(f"{in_database}/{reference.table}") or {}
        text = table.get("ViewOriginalText") or ""
        if table.get("TableType") == "VIRTUAL_VIEW" and text.startswith(VIEW):
            view = json.loads(base64.b64decode(text.removeprefix(VIEW).removesuffix(" */")))
            select = with_views(view["originalSql"], view.get("schema") or in_database)
            alias = "" if reference.aliased else f' AS "{reference.table}"'
            query = f"{query[:reference.start]}({select}){alias}{query[reference.end:]}"
    return query


def handle_glue(method, path, headers, body, query_params):
    """In place of ministack's own, which takes out only one partition at a time."""
    if headers.get("x-amz-target", "") != "AWSGlue.BatchDeletePartition":
        return of_glue(method, path, headers, body, query_params)
    asked = json.loads(body)
    errors = []
    for values in [partition["Values"] for partition in asked["PartitionsToDelete"]]:
        table = {"DatabaseName": asked["DatabaseName"], "TableName": asked["TableName"], "PartitionValues": values}
        if glue._get_partition(table)[0] == 200:
            glue._delete_partition(table)
        else:
            reason = {"ErrorCode": "EntityNotFoundException", "ErrorMessage": "Partition not found"}
            errors.append({"PartitionValues": values, "ErrorDetail": reason})
    return glue.json_response({"Errors": errors})


# With another release there may be nothing to mend, or something else: then this says so at the start.
assert callable(athena._save_query_results) and callable(athena._datum_text) and callable(s3._put_object)
assert callable(athena._table_references) and callable(athena._rewrite_data_paths) and hasattr(glue, "_tables")
assert callable(glue._handle_request_sync) and callable(glue._get_partition) and callable(glue._delete_partition)
of_tables = athena._rewrite_data_paths
athena._save_query_results = save_query_results
athena._rewrite_data_paths = rewrite_data_paths
of_glue = glue._handle_request_sync
glue._handle_request_sync = handle_glue

if __name__ == "__main__":
    sys.exit(main())

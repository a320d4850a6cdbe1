"""What `bench-whole` measures beside `ingest`: the same function in Python, by someone who has measured.

The JSON of a batch goes to pyarrow's reader in C++ in one piece, and columns are never objects of Python. It asks a runtime API
for events, as every Lambda function does, and writes one Parquet file with the columns of `bars` for each partition. It keeps no
ledger, rejects nothing, and gives up on a record that is no bar.
"""

import base64
import http.client
import io
import json
import os

import boto3
import numpy as np
import pyarrow as pa
import pyarrow.json as pj
import pyarrow.parquet as pq

NAMES = {
    "Index": ("symbol", pa.string()),
    "Date": ("trade_date", pa.string()),
    "Open": ("open", pa.float64()),
    "High": ("high", pa.float64()),
    "Low": ("low", pa.float64()),
    "Close": ("close", pa.float64()),
    "Adj Close": ("adj_close", pa.float64()),
    "Volume": ("volume", pa.float64()),
    "CloseUSD": ("close_usd", pa.float64()),
}
PARSE = pj.ParseOptions(
    explicit_schema=pa.schema([(name, kind) for name, (_, kind) in NAMES.items()]), unexpected_field_behavior="ignore"
)
READ = pj.ReadOptions(use_threads=False, block_size=64 << 20)
DICTIONARY = ["symbol", "trade_date", "kafka_topic", "kafka_partition"]

s3 = boto3.client("s3")
bucket = os.environ["LAKE_BUCKET"]


def handle(event: dict) -> dict:
    landed = 0
    for batch, records in event["records"].items():
        topic, _, partition = batch.rpartition("-")
        count = len(records)
        values = b"\n".join([base64.b64decode(record["value"]) for record in records])
        table = pj.read_json(io.BytesIO(values), read_options=READ, parse_options=PARSE)
        if table.num_rows != count:
            raise ValueError(f"{count} records, {table.num_rows} rows")
        table = table.rename_columns([NAMES[name][0] for name in table.column_names])
        table = table.set_column(1, "trade_date", table.column("trade_date").cast(pa.date32()))
        table = table.append_column("kafka_topic", pa.array([topic] * count))
        table = table.append_column("kafka_partition", pa.array(np.full(count, int(partition), np.int32)))
        table = table.append_column("kafka_offset", pa.array([record["offset"] for record in records], pa.int64()))
        times = pa.array([record["timestamp"] for record in records], pa.timestamp("ms"))
        table = table.append_column("kafka_timestamp", times)
        sink = pa.BufferOutputStream()
        pq.write_table(table, sink, compression="zstd", use_dictionary=DICTIONARY)
        s3.put_object(Bucket=bucket, Key=f"{batch}-{records[0]['offset']}.parquet", Body=sink.getvalue().to_pybytes())
        landed += count
    return {"landed": landed}


def main() -> None:
    api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    while True:
        api.request("GET", "/2018-06-01/runtime/invocation/next")
        answer = api.getresponse()
        body = answer.read()
        if not body:
            return
        result = json.dumps(handle(json.loads(body)))
        api.request("POST", f"/2018-06-01/runtime/invocation/{answer.headers['lambda-runtime-aws-request-id']}/response", result)
        api.getresponse().read()


main()

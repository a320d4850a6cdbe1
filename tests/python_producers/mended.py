"""The same with what docs/producer.md advises where something would be rejected: an empty cell is null, and a Decimal is a number.

mended.py SERVERS TOPIC COUNT, in a folder with data/indexProcessed.csv
"""

import json
import sys
from decimal import Decimal

import pandas as pd
from confluent_kafka import Producer

servers, topic, count = sys.argv[1], sys.argv[2], int(sys.argv[3])

producer = Producer({"bootstrap.servers": servers})
df = pd.read_csv("data/indexProcessed.csv", converters={"Close": Decimal})
df = df.astype(object).where(df.notna(), None)

for draw in range(count):
    value = json.dumps(df.sample(1, random_state=draw).to_dict(orient="records"), default=float)
    producer.produce(topic, value=value)
    print(value)

producer.flush()

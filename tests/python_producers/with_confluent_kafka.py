"""The tutorial's producer with confluent-kafka, but that it ends, draws the same rows each time, and prints what it sends.

with_confluent_kafka.py SERVERS TOPIC COUNT FORM, in a folder with data/indexProcessed.csv; FORM is how the file is read
"""

import json
import sys
from decimal import Decimal

import pandas as pd
from confluent_kafka import Producer

FORMS = {
    "as it is": {},
    # As a database's driver hands over NUMERIC.
    "prices as Decimal": {"converters": {"Close": Decimal}},
    "dates as dates": {"parse_dates": ["Date"]},
}

servers, topic, count, form = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]

producer = Producer({"bootstrap.servers": servers})
df = pd.read_csv("data/indexProcessed.csv", **FORMS[form])

for draw in range(count):
    value = json.dumps(df.sample(1, random_state=draw).to_dict(orient="records"), default=str)
    producer.produce(topic, value=value)
    print(value)

producer.flush()

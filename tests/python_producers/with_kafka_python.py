"""The tutorial's producer with kafka-python, but that it ends, draws the same rows each time, and prints what it sends.

with_kafka_python.py SERVERS TOPIC COUNT, in a folder with data/indexProcessed.csv
"""

import sys
from json import dumps

import pandas as pd
from kafka import KafkaProducer

servers, topic, count = sys.argv[1], sys.argv[2], int(sys.argv[3])

producer = KafkaProducer(bootstrap_servers=[servers], value_serializer=lambda x: dumps(x).encode('utf-8'))
df = pd.read_csv("data/indexProcessed.csv")

for draw in range(count):
    dict_stock = df.sample(1, random_state=draw).to_dict(orient="records")[0]
    producer.send(topic, value=dict_stock)
    print(dumps(dict_stock))

producer.flush()

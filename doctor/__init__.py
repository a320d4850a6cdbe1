"""`make doctor`: looks at everything a deployment depends on, and says in one line each what is well and what is not.

Changes nothing, and prints no value of a secret. What is on AWS is looked at here; Kafka, by `producer doctor`.
"""

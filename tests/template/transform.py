"""Prints what SAM makes of template.yaml, as JSON: the resources, roles and names that nobody has written are in it too."""

import json
import os
import pathlib
import sys

os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")

import boto3
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from samtranslator.yaml_helper import yaml_parse

template = yaml_parse(pathlib.Path(__file__).parent.parent.parent.joinpath("template.yaml").read_text())
for resource in template["Resources"].values():
    if resource["Type"] == "AWS::Serverless::Function":
        # As `sam deploy` leaves it, which has uploaded the folder.
        resource["Properties"]["CodeUri"] = "s3://bucket/key"
defaults = {name: parameter.get("Default", "") for name, parameter in template["Parameters"].items()}
json.dump(Translator({}, Parser(), boto_session=boto3.Session()).translate(template, defaults), sys.stdout)

# SPDX-License-Identifier: Apache-2.0
"""AWS on loopback: moto's server, whose CloudFormation learns what it leaves out of buckets, keys, policies and trails.

moto resolves a template's references and creates roles and policies. Of a bucket it takes the encryption only, of a key not its
kind, and it knows no bucket policies and no trails. What is missing is done here through the public APIs, with the properties
as moto resolved them, so that a test reads back what the template says. moto enforces none of it.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config
from moto.cloudformation import parsing
from moto.core.common_models import CloudFormationModel
from moto.kms.models import kms_backends
from moto.moto_server.threaded_moto_server import ThreadedMotoServer
from moto.s3.models import s3_backends

REGION = "eu-central-1"
ACCOUNT = "123456789012"


@dataclass
class Cloud:
    """A running moto server, and the root user of its account."""

    endpoint: str

    def client(self, service: str) -> Any:
        config = Config(s3={"addressing_style": "path"}, retries={"max_attempts": 1})
        return boto3.client(
            service,
            endpoint_url=self.endpoint,
            region_name=REGION,
            aws_access_key_id="testing",
            aws_secret_access_key="testing",
            config=config,
        )

    def deploy(self, stack: str, template: str, parameters: dict[str, str]) -> dict[str, str]:
        """Create a stack and return its outputs."""
        cloudformation = self.client("cloudformation")
        given = [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()]
        cloudformation.create_stack(StackName=stack, TemplateBody=template, Parameters=given, Capabilities=["CAPABILITY_IAM"])
        described = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]
        assert described["StackStatus"] == "CREATE_COMPLETE"
        return {output["OutputKey"]: output["OutputValue"] for output in described["Outputs"]}


@contextmanager
def running_cloud() -> Iterator[Cloud]:
    """Start moto's server on a free port of loopback, with a CloudFormation that has learnt, and stop it."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    cloud = Cloud(f"http://{host}:{port}")
    models = {model.cloudformation_type(): type(model.__name__, (model,), {"cloud": cloud}) for model in _MODELS}
    known = parsing.get_model_map()
    before = dict(known)
    known.update(models)
    try:
        yield cloud
    finally:
        known.clear()
        known.update(before)
        server.stop()


def _without_nothing(value: Any) -> Any:
    """Drop AWS::NoValue: CloudFormation takes it out of lists too, moto leaves a None."""
    if isinstance(value, dict):
        return {key: _without_nothing(entry) for key, entry in value.items() if entry is not None}
    return [_without_nothing(entry) for entry in value if entry is not None] if isinstance(value, list) else value


class _Model(CloudFormationModel):
    cloud: Cloud
    kind = ""

    def __init__(self, physical_id: str, arn: str = "") -> None:
        self.physical_resource_id = physical_id
        self.arn = arn

    @classmethod
    def cloudformation_type(cls) -> str:
        return cls.kind

    @staticmethod
    def cloudformation_name_type() -> str:
        return ""

    @classmethod
    def has_cfn_attr(cls, attr: str) -> bool:
        return attr == "Arn"

    def get_cfn_attribute(self, attribute_name: str) -> str:
        assert attribute_name == "Arn"
        return self.arn

    def is_created(self) -> bool:
        return True

    @classmethod
    def create_from_cloudformation_json(cls, *arguments: Any, **_: Any) -> Any:
        return cls.create(_without_nothing(arguments[1]["Properties"]))

    @classmethod
    def create(cls, properties: dict[str, Any]) -> Any:
        raise NotImplementedError


class _Bucket(_Model):
    kind = "AWS::S3::Bucket"

    @classmethod
    def create(cls, properties: dict[str, Any]) -> Any:
        s3, name = cls.cloud.client("s3"), properties.pop("BucketName")
        locked = properties.pop("ObjectLockEnabled", False)
        location = {"LocationConstraint": REGION}
        s3.create_bucket(Bucket=name, CreateBucketConfiguration=location, ObjectLockEnabledForBucket=locked)
        s3.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=properties.pop("PublicAccessBlockConfiguration"))
        s3.put_bucket_ownership_controls(Bucket=name, OwnershipControls=properties.pop("OwnershipControls"))
        if "VersioningConfiguration" in properties:
            s3.put_bucket_versioning(Bucket=name, VersioningConfiguration=properties.pop("VersioningConfiguration"))
        if "ObjectLockConfiguration" in properties:
            s3.put_object_lock_configuration(Bucket=name, ObjectLockConfiguration=properties.pop("ObjectLockConfiguration"))
        if "LifecycleConfiguration" in properties:
            rules = [cls._rule(rule) for rule in properties.pop("LifecycleConfiguration")["Rules"]]
            s3.put_bucket_lifecycle_configuration(Bucket=name, LifecycleConfiguration={"Rules": rules})
        rules = [
            {"ApplyServerSideEncryptionByDefault": rule.pop("ServerSideEncryptionByDefault"), **rule}
            for rule in properties.pop("BucketEncryption")["ServerSideEncryptionConfiguration"]
        ]
        s3.put_bucket_encryption(Bucket=name, ServerSideEncryptionConfiguration={"Rules": rules})
        assert not properties, f"a property that this simulator does not apply: {properties}"
        return s3_backends[ACCOUNT]["aws"].get_bucket(name)

    @staticmethod
    def _rule(rule: dict[str, Any]) -> dict[str, Any]:
        names = {"ID": rule.pop("Id"), "Filter": {"Prefix": rule.pop("Prefix", "")}}
        return {**names, "Expiration": {"Days": int(rule.pop("ExpirationInDays"))}, **rule}


class _BucketPolicy(_Model):
    kind = "AWS::S3::BucketPolicy"

    @classmethod
    def create(cls, properties: dict[str, Any]) -> Any:
        text = json.dumps(properties["PolicyDocument"], separators=(",", ":"))
        assert len(text) <= 20 * 1024, "AWS takes bucket policies of up to 20 KiB"
        cls.cloud.client("s3").put_bucket_policy(Bucket=properties["Bucket"], Policy=text)
        return cls(properties["Bucket"])


class _Key(_Model):
    kind = "AWS::KMS::Key"

    @classmethod
    def create(cls, properties: dict[str, Any]) -> Any:
        kms = cls.cloud.client("kms")
        kind = {"KeySpec": "SYMMETRIC_DEFAULT", "KeyUsage": "ENCRYPT_DECRYPT"}
        kind |= {name: properties[name] for name in kind if name in properties}
        text = json.dumps(properties["KeyPolicy"], separators=(",", ":"))
        assert len(text) <= 32 * 1024, "AWS takes key policies of up to 32 KiB"
        made = kms.create_key(Policy=text, Description=properties["Description"], **kind)["KeyMetadata"]
        if properties.get("EnableKeyRotation"):
            kms.enable_key_rotation(KeyId=made["KeyId"])
        return kms_backends[ACCOUNT][REGION].keys[made["KeyId"]]


class _Trail(_Model):
    kind = "AWS::CloudTrail::Trail"

    @classmethod
    def create(cls, properties: dict[str, Any]) -> Any:
        cloudtrail, name = cls.cloud.client("cloudtrail"), properties["TrailName"]
        made = cloudtrail.create_trail(
            Name=name,
            S3BucketName=properties["S3BucketName"],
            EnableLogFileValidation=properties["EnableLogFileValidation"],
            IsMultiRegionTrail=properties["IsMultiRegionTrail"],
            IncludeGlobalServiceEvents=properties["IncludeGlobalServiceEvents"],
        )
        cloudtrail.put_event_selectors(TrailName=name, AdvancedEventSelectors=properties["AdvancedEventSelectors"])
        if properties["IsLogging"]:
            cloudtrail.start_logging(Name=name)
        return cls(name, made["TrailARN"])


_MODELS: tuple[type[_Model], ...] = (_Bucket, _BucketPolicy, _Key, _Trail)

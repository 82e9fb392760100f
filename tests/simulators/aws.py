# SPDX-License-Identifier: Apache-2.0
"""AWS on loopback: moto for what it has (IAM, STS, KMS, S3), stand-ins for the rest, and the company's account in both.

moto has no findings, alarm history, jobs, event look-ups or evaluations, and does not simulate policies: see `STAND_INS`.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import boto3
from botocore.config import Config
from moto.iam.models import AccessKeyLastUsed, AWSManagedPolicy, iam_backends
from moto.moto_api._internal.models import moto_api_backend
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.test import EnvironBuilder, run_wsgi_app

from tests.simulators.aws_answers import Asked, answer_to, operation_of
from tests.simulators.aws_things import ACCOUNT, HOME, CloudFault, CloudKind, Things
from tests.simulators.company import DOMAIN, Company
from tests.simulators.vendor import Reply, Request, Server, serving

EVIDENCE_BUCKET, SECURITY_LEAD = "shop-evidence", f"security.lead@{DOMAIN}"
_TRUST = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole"}]}
_ANYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
_ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"


class Aws:
    """The account's API: `Api` of the vendors' server."""

    def __init__(self, company: Company, *, alerts: int = 60, alarms: int = 48) -> None:
        self.company, self.things = company, Things(company, alerts, alarms)
        self._moto = DomainDispatcherApplication(create_backend_app)
        self.iam: Any = None
        self.key_arn = ""

    def answer(self, request: Request, base: str) -> Reply:
        """Answer as AWS does: by the service and region that the request is signed for."""
        signed = request.headers.get("authorization", "")
        if "Credential=" not in signed:
            return Reply(403, {"__type": "MissingAuthenticationToken", "message": "not signed"})
        _, _, region, service, _ = signed.partition("Credential=")[2].split(",")[0].split("/")
        operation, given = operation_of(
            service, request.method, request.url, request.headers.get("x-amz-target", ""), request.body
        )
        asked = Asked(service, operation, region, request.path, given)
        if (service, operation) == ("iam", "GetCredentialReport"):
            return self._credential_report(request, base)
        return answer_to(asked, self.things) or self._from_moto(request, base)

    def _from_moto(self, request: Request, base: str) -> Reply:
        headers = {name: value for name, value in request.headers.items() if name != "content-length"}
        builder = EnvironBuilder(
            path=request.path,
            query_string=request.url.partition("?")[2],
            base_url=base,
            method=request.method,
            headers=list(headers.items()),
            data=request.body,
        )
        environ = builder.get_environ()
        builder.close()
        pieces, status, answered = run_wsgi_app(self._moto, environ, buffered=True)
        kept = {name: value for name, value in answered.items() if name.lower() not in ("content-length", "date", "connection")}
        return Reply(int(status.split()[0]), None, kept, raw=b"".join(pieces))

    def _credential_report(self, request: Request, base: str) -> Reply:
        """Return moto's report with the root user, whom moto leaves out, and a time."""
        reply = self._from_moto(request, base)
        head, _, rest = (reply.raw or b"").partition(b"<Content>")
        if not rest:
            return reply
        import base64

        encoded, _, tail = rest.partition(b"</Content>")
        lines = base64.b64decode(encoded).decode().splitlines()
        names = next(csv.reader(io.StringIO(lines[0])))
        root = dict.fromkeys(names, "N/A") | {
            "user": "<root_account>",
            "arn": f"arn:aws:iam::{ACCOUNT}:root",
            "mfa_active": "true",
        }
        root |= {"password_enabled": "not_supported", "access_key_1_active": "false", "access_key_2_active": "false"}
        root["user_creation_time"] = "2020-01-01T00:00:00+00:00"
        if self.company.has_faults:
            root |= {"access_key_1_active": "true", "access_key_1_last_rotated": "2020-01-01T00:00:00+00:00"}
        text = "\n".join((lines[0], ",".join(root[name] for name in names), *lines[1:])) + "\n"
        made = self.company.end.strftime("%Y-%m-%dT%H:%M:%SZ").encode()
        tail = tail.replace(b"2015-02-02T20:02:02Z", made)
        return Reply(200, None, reply.headers, raw=head + b"<Content>" + base64.b64encode(text.encode()) + b"</Content>" + tail)

    # -- what moto holds

    def fill(self, reach: AwsReach) -> None:
        """Put the company's users, roles, keys and bucket into moto, with times before the period's end."""
        moto_api_backend.reset()
        iam, backend = reach.aws("aws", "iam"), iam_backends[ACCOUNT]["aws"]
        managed: Any = AWSManagedPolicy
        for name in ("AdministratorAccess", "ReadOnlyAccess"):  # of AWS's thousand, which moto loads all or none
            own = managed(name, account_id=ACCOUNT, region=HOME, path="/", document=json.dumps(_ANYTHING))
            backend.managed_policies[own.arn] = own
        iam.create_group(GroupName="Administrators")
        iam.attach_group_policy(GroupName="Administrators", PolicyArn=_ADMINISTRATOR)
        for number in (each for each in self.company.staff if self.company.person(each).is_admin):
            self._person(iam, number)
        for name in ("deployer", "backup-agent"):
            owner = {"Key": "owner", "Value": SECURITY_LEAD}
            iam.create_user(UserName=name, Tags=[owner, {"Key": "kind", "Value": "service"}])
            iam.attach_user_policy(UserName=name, PolicyArn="arn:aws:iam::aws:policy/ReadOnlyAccess")
            iam.create_access_key(UserName=name)
        self._roles(iam)
        self._evidence(reach)
        for user in backend.users.values():
            user.create_date = self.company.start - timedelta(days=200)
            for key in user.access_keys:
                key.create_date = self._key_created(user.name)
                key.last_used = AccessKeyLastUsed(self.company.end - timedelta(days=9), "sts", HOME)
        self.iam = backend

    def _key_created(self, name: str) -> datetime:
        is_old = self.company.has_faults and name == "backup-agent"
        return self.company.end - timedelta(days=400 if is_old else 40)

    def _person(self, iam: Any, number: int) -> None:
        person = self.company.person(number)
        owner = [{"Key": "owner", "Value": person.email}, {"Key": "kind", "Value": "person"}]
        iam.create_user(UserName=person.login, Tags=owner)
        iam.create_login_profile(UserName=person.login, Password="Made-up-1!")
        iam.add_user_to_group(GroupName="Administrators", UserName=person.login)
        if not (self.company.has_faults and number == 1):
            serial = iam.create_virtual_mfa_device(VirtualMFADeviceName=person.login)["VirtualMFADevice"]["SerialNumber"]
            iam.enable_mfa_device(
                UserName=person.login, SerialNumber=serial, AuthenticationCode1="123456", AuthenticationCode2="234567"
            )

    def _roles(self, iam: Any) -> None:
        owned = [{"Key": "owner", "Value": SECURITY_LEAD}]
        roles = {
            "Evidence-writer": ({"Service": "ecs-tasks.amazonaws.com"}, owned),
            "On-call": ({"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, owned),
        }
        if self.company.has_faults:
            roles["Forgotten"] = ({"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, [])
        for name, (principal, tags) in roles.items():
            trust = {**_TRUST, "Statement": [{**_TRUST["Statement"][0], "Principal": principal}]}  # type: ignore[dict-item]
            iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust), Tags=tags)
            iam.attach_role_policy(RoleName=name, PolicyArn="arn:aws:iam::aws:policy/ReadOnlyAccess")
        iam.create_service_linked_role(AWSServiceName="backup.amazonaws.com")

    def _evidence(self, reach: AwsReach) -> None:
        writer, root = f"arn:aws:iam::{ACCOUNT}:role/Evidence-writer", f"arn:aws:iam::{ACCOUNT}:root"
        allow = {"Effect": "Allow", "Resource": "*"}
        policy = [
            {**allow, "Principal": {"AWS": root}, "Action": "kms:*"},
            {**allow, "Principal": {"AWS": [writer]}, "Action": "kms:Sign"},
        ]
        kms = reach.aws("aws", "kms", HOME)
        key = kms.create_key(
            Policy=json.dumps({"Version": "2012-10-17", "Statement": policy}), KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY"
        )
        self.key_arn = key["KeyMetadata"]["Arn"]
        kms.create_grant(KeyId=self.key_arn, GranteePrincipal=writer, Operations=["Sign", "GetPublicKey"])
        s3 = reach.aws("aws", "s3", HOME)
        s3.create_bucket(Bucket=EVIDENCE_BUCKET, CreateBucketConfiguration={"LocationConstraint": HOME})
        stated = [
            {**allow, "Principal": {"AWS": writer}, "Action": ["s3:PutObject"], "Resource": f"arn:aws:s3:::{EVIDENCE_BUCKET}/*"}
        ]
        s3.put_bucket_policy(Bucket=EVIDENCE_BUCKET, Policy=json.dumps({"Version": "2012-10-17", "Statement": stated}))

    # -- faults

    def faults(self) -> list[CloudFault]:
        """Return every fault of the account: all that its controls have to show, and nothing else."""
        found = list(self.things.faults())
        if not self.company.has_faults:
            return found
        users = self.iam.users
        user = users[self.company.person(1).login]
        found.append(CloudFault(CloudKind.NO_FACTOR, "cc6_1_cloud_user_mfa", "compliant", user.id))
        found.append(CloudFault(CloudKind.ROOT_KEY, "cc6_1_cloud_user_mfa", "compliant", f"access_keys {ACCOUNT}"))
        key = users["backup-agent"].access_keys[0].access_key_id
        found.append(CloudFault(CloudKind.OLD_KEY, "cc6_1_access_key_age", "compliant", key))
        for entitlement in ("policy:arn:aws:iam::aws:policy/ReadOnlyAccess", f"assumed_by:arn:aws:iam::{ACCOUNT}:root"):
            key = f"arn:aws:iam::{ACCOUNT}:role/Forgotten {entitlement}"
            found.append(CloudFault(CloudKind.NO_OWNER, "cc6_3_cloud_access", "holder_known", key))
        return found


class AwsReach:
    """Hands out boto3 clients of a simulated account; each asks once, so that what asks again is ours.

    Args:
        endpoint: The server.
        attempts: How often boto3 itself sends a request.
    """

    def __init__(self, endpoint: str, attempts: int = 1) -> None:
        self.endpoint, self.attempts = endpoint, attempts
        self._clients: dict[tuple[str, str | None], Any] = {}
        self._session = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name=HOME)

    def connection(self, conn_id: str) -> Any:
        """Refuse: AWS has no address and no password here."""
        raise NotImplementedError(conn_id)

    def database(self, conn_id: str) -> Any:
        """Refuse."""
        raise NotImplementedError(conn_id)

    def aws(self, conn_id: str, service: str, region: str | None = None) -> Any:
        """Return a client; making one takes longer than many requests."""
        assert conn_id == "aws"
        if (service, region) not in self._clients:
            retries = {"mode": "standard", "total_max_attempts": self.attempts}
            config: Any = Config(retries=retries, s3={"addressing_style": "path"}, read_timeout=5, connect_timeout=5)
            make: Any = self._session.client
            self._clients[service, region] = make(service, region_name=region, endpoint_url=self.endpoint, config=config)
        return self._clients[service, region]


@contextmanager
def running_aws(company: Company, **counts: int) -> Iterator[tuple[Aws, AwsReach, Server]]:
    """Run the company's account on a free port of loopback."""
    api = Aws(company, **counts)
    with serving(api) as server:
        server.clock = lambda: company.end
        reach = AwsReach(server.url)
        api.fill(reach)
        server.exchanges.clear()
        server.asked = 0
        yield api, reach, server

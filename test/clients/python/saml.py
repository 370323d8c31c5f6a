"""boto3: an application that has a SAML response gets credentials for it, once."""

import json
import os

import boto3
from botocore import UNSIGNED
from botocore.config import Config

LOGINS = json.loads(os.environ["LOGINS"])
pool = os.environ["IDENTITY_POOL"]
identity = boto3.client("cognito-identity", endpoint_url=os.environ["POOLHOUSE"], config=Config(signature_version=UNSIGNED))
identity_id = identity.get_id(IdentityPoolId=pool, Logins=LOGINS)["IdentityId"]

try:
    identity.get_open_id_token(IdentityId=identity_id, Logins=LOGINS)
    raise AssertionError("a token of the classic flow")
except identity.exceptions.InvalidParameterException as e:
    assert e.response["Error"]["Message"] == (
        "Basic (classic) flow is not supported with SAML, please use enhanced flow."
    ), e

answer = identity.get_credentials_for_identity(IdentityId=identity_id, Logins=LOGINS)
assert answer["IdentityId"] == identity_id
credentials = answer["Credentials"]
sts = boto3.client("sts", endpoint_url=os.environ["POOLHOUSE"], aws_access_key_id=credentials["AccessKeyId"],
                   aws_secret_access_key=credentials["SecretKey"], aws_session_token=credentials["SessionToken"])
assert sts.get_caller_identity()["Arn"].endswith(":assumed-role/Member/CognitoIdentityCredentials")

try:
    identity.get_credentials_for_identity(IdentityId=identity_id, Logins=LOGINS)
    raise AssertionError("credentials twice")
except identity.exceptions.NotAuthorizedException as e:
    assert e.response["Error"]["Message"] == "Invalid login token. The SAML assertion has been used before.", e

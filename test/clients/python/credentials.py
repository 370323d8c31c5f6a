"""boto3 and botocore: credentials of an identity pool, and requests signed with them."""

import json
import os
import urllib.error
import urllib.request

import boto3
from botocore import UNSIGNED
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials

LOGINS = json.loads(os.environ["LOGINS"])
identity = boto3.client("cognito-identity", endpoint_url=os.environ["POOLHOUSE"], config=Config(signature_version=UNSIGNED))
identity_id = identity.get_id(IdentityPoolId=os.environ["IDENTITY_POOL"], Logins=LOGINS)["IdentityId"]
answer = identity.get_credentials_for_identity(IdentityId=identity_id, Logins=LOGINS)["Credentials"]
credentials = Credentials(answer["AccessKeyId"], answer["SecretKey"], answer["SessionToken"])


def send(signer, path, body=b"a note"):
    request = AWSRequest("PUT", os.environ["API"] + "/notes/" + path, data=body)
    signer.add_auth(request)
    prepared = request.prepare()
    try:
        with urllib.request.urlopen(urllib.request.Request(
                prepared.url, data=body, headers=dict(prepared.headers), method="PUT")) as response:
            return response.status, json.loads(response.read())
    except urllib.error.HTTPError as e:
        return e.code, None


def header():
    return SigV4Auth(credentials, "execute-api", "us-east-1")


status, note = send(header(), identity_id + "/1")
assert (status, note["identityId"], note["note"]) == (200, identity_id, "a note"), (status, note)
assert send(header(), "another/1")[0] == 401
# Presigned: the body is none then.
assert send(SigV4QueryAuth(credentials, "execute-api", "us-east-1", expires=60), identity_id + "/3", b"")[0] == 200

sts = boto3.client("sts", endpoint_url=os.environ["POOLHOUSE"], aws_access_key_id=answer["AccessKeyId"],
                   aws_secret_access_key=answer["SecretKey"], aws_session_token=answer["SessionToken"])
assert sts.get_caller_identity()["Arn"].endswith(":assumed-role/Member/CognitoIdentityCredentials")

token = identity.get_open_id_token(IdentityId=identity_id, Logins=LOGINS)["Token"]
anybody = boto3.client("sts", endpoint_url=os.environ["POOLHOUSE"], config=Config(signature_version=UNSIGNED))
assumed = anybody.assume_role_with_web_identity(
    RoleArn="arn:aws:iam::123456789012:role/Member", RoleSessionName="boto3", WebIdentityToken=token)
assert assumed["SubjectFromWebIdentityToken"] == identity_id

"""Two users get credentials of a role through an identity pool, whose roles are kept
by an S3 server with an STS: an object is written and read with them, the prefix of
another is refused, and so is a role that is not there. SDKs for Python, Go and
JavaScript do so. The server is MinIO, if MINIO
names its program, else versitygw, which runs already."""

import atexit
import hashlib
import json
import os
import re
import ssl
import subprocess
import time

import boto3
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError, ConnectionClosedError, EndpointConnectionError
from botocore.httpsession import URLLib3Session

PROVIDER = os.environ["POOLHOUSE"] + "/_identity"
ROOT = {"aws_access_key_id": "root", "aws_secret_access_key": "root-secret-key"}


def client(service, endpoint, **credentials):
    return boto3.client(service, endpoint_url=endpoint, region_name="us-east-1", **credentials,
                        config=Config(retries={"max_attempts": 1}, s3={"addressing_style": "path"}))


def wait(call):
    for _ in range(300):
        try:
            return call()
        except (EndpointConnectionError, ConnectionClosedError):
            time.sleep(0.1)
    return call()


def refused(call, *codes):
    try:
        call()
    except ClientError as e:
        assert e.response["Error"]["Code"] in codes, e
        return
    raise AssertionError("nothing was refused")


idp = client("cognito-idp", os.environ["POOLHOUSE"])
identity = client("cognito-identity", os.environ["POOLHOUSE"])
root = client("s3", os.environ["S3"], **ROOT)


def sign_in(pool, app, name):
    idp.admin_create_user(UserPoolId=pool, Username=name, MessageAction="SUPPRESS")
    idp.admin_set_user_password(UserPoolId=pool, Username=name, Password="Correct-Horse-7", Permanent=True)
    answer = idp.admin_initiate_auth(UserPoolId=pool, ClientId=app, AuthFlow="ADMIN_USER_PASSWORD_AUTH",
                                     AuthParameters={"USERNAME": name, "PASSWORD": "Correct-Horse-7"})
    return answer["AuthenticationResult"]["IdToken"]


def policy(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def own_prefix(sub):
    return policy({"Effect": "Allow", "Action": ["s3:PutObject", "s3:GetObject"], "Resource": f"arn:aws:s3:::photos/{sub}/*"})


def versitygw_role(pool, sub):
    """The role Writers, which those who signed in may have, for the prefix of one:
    versitygw's policies know no variables."""
    iam = client("iam", os.environ["STS"], **ROOT)
    with open(os.environ["CERTIFICATE"]) as file:
        der = ssl.PEM_cert_to_DER_cert(file.read())
    provider = wait(lambda: iam.create_open_id_connect_provider(
        Url=PROVIDER, ClientIDList=[pool], ThumbprintList=[hashlib.sha1(der).hexdigest()]))["OpenIDConnectProviderArn"]
    trust = policy({
        "Effect": "Allow", "Principal": {"Federated": provider}, "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"StringEquals": {PROVIDER.removeprefix("https://") + ":aud": pool}}})
    arn = iam.create_role(RoleName="Writers", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    iam.put_role_policy(RoleName="Writers", PolicyName="prefix", PolicyDocument=own_prefix(sub))
    return arn


def start_minio(pool):
    """Runs MinIO until the end, with the one role that it gives those of an issuer:
    everybody writes below a prefix of their own."""
    log = os.path.join(os.environ["DIRECTORY"], "minio.log")
    minio = subprocess.Popen(
        [os.environ["MINIO"], "server", "--address", os.environ["S3"].removeprefix("http://"), os.environ["DIRECTORY"] + "/s3"],
        stdout=open(log, "w"), stderr=subprocess.STDOUT, env={
            **os.environ, "HOME": os.environ["DIRECTORY"], "MINIO_BROWSER": "off",
            "MINIO_ROOT_USER": ROOT["aws_access_key_id"], "MINIO_ROOT_PASSWORD": ROOT["aws_secret_access_key"],
            "MINIO_IDENTITY_OPENID_CONFIG_URL": PROVIDER + "/.well-known/openid-configuration",
            "MINIO_IDENTITY_OPENID_CLIENT_ID": pool, "MINIO_IDENTITY_OPENID_ROLE_POLICY": "writers"})
    atexit.register(lambda: (minio.kill(), minio.wait()))


def minio_role():
    """The ARN that MinIO chose, whose policy it takes by a request of its own."""
    request = AWSRequest("PUT", os.environ["S3"] + "/minio/admin/v3/add-canned-policy?name=writers", data=own_prefix("${jwt:sub}"))
    S3SigV4Auth(Credentials("root", "root-secret-key"), "s3", "us-east-1").add_auth(request)
    answer = URLLib3Session().send(request.prepare())
    assert answer.status_code == 200, answer.content
    with open(os.path.join(os.environ["DIRECTORY"], "minio.log")) as log:
        return re.search(r"arn:minio:iam:::role/\S+", log.read()).group()


users = wait(lambda: idp.create_user_pool(PoolName="people"))["UserPool"]["Id"]
app = idp.create_user_pool_client(UserPoolId=users, ClientName="app", ExplicitAuthFlows=[
    "ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"])["UserPoolClient"]["ClientId"]
provider = f"cognito-idp.us-east-1.amazonaws.com/{users}"
pool = identity.create_identity_pool(
    IdentityPoolName="photos", AllowUnauthenticatedIdentities=True,
    CognitoIdentityProviders=[{"ProviderName": provider, "ClientId": app}])["IdentityPoolId"]
ada, grace = ({provider: sign_in(users, app, name)} for name in ("ada", "grace"))
ada_id = identity.get_id(IdentityPoolId=pool, Logins=ada)["IdentityId"]
grace_id = identity.get_id(IdentityPoolId=pool, Logins=grace)["IdentityId"]
minio = "MINIO" in os.environ
if minio:
    start_minio(pool)
wait(lambda: root.create_bucket(Bucket="photos"))
role = minio_role() if minio else versitygw_role(pool, ada_id)
identity.set_identity_pool_roles(IdentityPoolId=pool, Roles={"authenticated": role})


def s3_as(identity_id, logins):
    c = identity.get_credentials_for_identity(IdentityId=identity_id, Logins=logins)["Credentials"]
    return client("s3", os.environ["S3"], aws_access_key_id=c["AccessKeyId"], aws_secret_access_key=c["SecretKey"],
                  aws_session_token=c["SessionToken"])


s3 = s3_as(ada_id, ada)
s3.put_object(Bucket="photos", Key=f"{ada_id}/cat.txt", Body=b"a cat")
assert s3.get_object(Bucket="photos", Key=f"{ada_id}/cat.txt")["Body"].read() == b"a cat"
assert root.get_object(Bucket="photos", Key=f"{ada_id}/cat.txt")["Body"].read() == b"a cat"
refused(lambda: s3.put_object(Bucket="photos", Key=f"{grace_id}/cat.txt", Body=b"x"), "AccessDenied")
refused(lambda: s3.delete_object(Bucket="photos", Key=f"{ada_id}/cat.txt"), "AccessDenied")
if minio:
    other = s3_as(grace_id, grace)
    other.put_object(Bucket="photos", Key=f"{grace_id}/cat.txt", Body=b"a cat")
    refused(lambda: other.get_object(Bucket="photos", Key=f"{ada_id}/cat.txt"), "AccessDenied")

# So do other SDKs: for Go, in the program of the tests, and for JavaScript.
user = {**os.environ, "IDENTITY_POOL": pool, "LOGINS": json.dumps(ada), "FOREIGN": grace_id}
subprocess.run([os.environ["GO_CLIENT"]], check=True, env={**user, "S3_CLIENT": "1"})
subprocess.run(["node", "s3.mjs"], check=True, env=user, cwd=os.environ["JS_CLIENTS"])
for name, text in {"go": b"a horse", "js": b"a dog"}.items():
    assert root.get_object(Bucket="photos", Key=f"{ada_id}/{name}.txt")["Body"].read() == text

# A role that is not there is a fault of the pool's configuration.
identity.set_identity_pool_roles(IdentityPoolId=pool, Roles={"authenticated": role + "Not"})
refused(lambda: s3_as(grace_id, grace), "InvalidIdentityPoolConfigurationException")
print("put, read and refused")

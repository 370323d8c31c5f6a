"""Every operation of identity pools: by boto3 or, with the argument cli, by the AWS CLI.

The list comes from boto3's own API model: an operation that is in it and not driven
here fails the program.
"""

import os
import sys

import boto3
from botocore import xform_name

import cli

identity = boto3.client("cognito-identity")
users = boto3.client("cognito-idp")
operations = set(identity.meta.service_model.operation_names)
driven = set()


def call(operation, **given):
    """Calls one operation, which must succeed."""
    driven.add(operation)
    if sys.argv[1:] == ["cli"]:
        return cli.run("cognito-identity", operation, given)
    answer = getattr(identity, xform_name(operation))(**given)
    answer.pop("ResponseMetadata")
    return answer


def same(got, want):
    assert got == want, (got, want)


def role(name):
    return "arn:aws:iam::123456789012:role/" + name


# A user who signs in.
user_pool, client = os.environ["POOLHOUSE_POOL"], os.environ["POOLHOUSE_CLIENT"]
password = "Correct-Horse-7"
users.admin_create_user(UserPoolId=user_pool, Username="ada", MessageAction="SUPPRESS")
users.admin_set_user_password(UserPoolId=user_pool, Username="ada", Password=password, Permanent=True)
signed_in = users.initiate_auth(
    ClientId=client, AuthFlow="USER_PASSWORD_AUTH", AuthParameters={"USERNAME": "ada", "PASSWORD": password}
)
provider = "cognito-idp.us-east-1.amazonaws.com/" + user_pool
logins = {provider: signed_in["AuthenticationResult"]["IdToken"]}

# The pool.
developer = "login.example.com"
pool = call(
    "CreateIdentityPool",
    IdentityPoolName="all",
    AllowUnauthenticatedIdentities=True,
    IdentityPoolTags={"team": "identity"},
)
P = {"IdentityPoolId": pool["IdentityPoolId"]}
updated = call(
    "UpdateIdentityPool",
    **P,
    IdentityPoolName="renamed",
    AllowUnauthenticatedIdentities=True,
    AllowClassicFlow=True,
    DeveloperProviderName=developer,
    CognitoIdentityProviders=[{"ProviderName": provider, "ClientId": client, "ServerSideTokenCheck": True}],
)
same(call("DescribeIdentityPool", **P), updated)
assert {**P, "IdentityPoolName": "renamed"} in call("ListIdentityPools", MaxResults=60)["IdentityPools"]

resource = {"ResourceArn": "arn:aws:cognito-identity:us-east-1:123456789012:identitypool/" + P["IdentityPoolId"]}
call("TagResource", **resource, Tags={"stage": "test"})
call("UntagResource", **resource, TagKeys=["team"])
same(call("ListTagsForResource", **resource)["Tags"], {"stage": "test"})

rule = {"Claim": "cognito:username", "MatchType": "Equals", "Value": "ada", "RoleARN": role("Ada")}
roles = {
    "Roles": {"authenticated": role("Member"), "unauthenticated": role("Guest")},
    "RoleMappings": {
        provider + ":" + client: {
            "Type": "Rules",
            "AmbiguousRoleResolution": "AuthenticatedRole",
            "RulesConfiguration": {"Rules": [rule]},
        }
    },
}
call("SetIdentityPoolRoles", **P, **roles)
same(call("GetIdentityPoolRoles", **P), {**P, **roles})
tags = {"IdentityProviderName": provider, "UseDefaults": False, "PrincipalTags": {"name": "cognito:username"}}
same(call("SetPrincipalTagAttributeMap", **P, **tags), {**P, **tags})
same(call("GetPrincipalTagAttributeMap", **P, IdentityProviderName=provider), {**P, **tags})

# Somebody who signed in, and a guest.
ada = call("GetId", **P, Logins=logins)["IdentityId"]
same(call("GetId", **P, Logins=logins)["IdentityId"], ada)
guest = call("GetId", **P)["IdentityId"]
same(call("DescribeIdentity", IdentityId=ada)["Logins"], [provider])
same({i["IdentityId"] for i in call("ListIdentities", **P, MaxResults=60)["Identities"]}, {ada, guest})
same(call("GetOpenIdToken", IdentityId=ada, Logins=logins)["IdentityId"], ada)
answer = call("GetCredentialsForIdentity", IdentityId=ada, Logins=logins)
same(answer["IdentityId"], ada)
same(set(answer["Credentials"]), {"AccessKeyId", "SecretKey", "SessionToken", "Expiration"})


# Users whom a developer authenticates.
def developer_user(name, **more):
    return call("GetOpenIdTokenForDeveloperIdentity", **P, Logins={developer: name}, **more)


same(developer_user("countess", IdentityId=ada)["IdentityId"], ada)
other = developer_user("lovelace")["IdentityId"]
same(call("LookupDeveloperIdentity", **P, IdentityId=ada)["DeveloperUserIdentifierList"], ["countess"])
merged = call(
    "MergeDeveloperIdentities",
    **P,
    DeveloperProviderName=developer,
    SourceUserIdentifier="lovelace",
    DestinationUserIdentifier="countess",
)
same(merged, {"IdentityId": ada})
call(
    "UnlinkDeveloperIdentity",
    **P,
    IdentityId=ada,
    DeveloperProviderName=developer,
    DeveloperUserIdentifier="lovelace",
)
same(call("LookupDeveloperIdentity", **P, IdentityId=ada)["DeveloperUserIdentifierList"], ["countess"])
call("UnlinkIdentity", IdentityId=ada, Logins=logins, LoginsToRemove=[provider])
same(call("DescribeIdentity", IdentityId=ada)["Logins"], [developer])

# The end.
same(call("DeleteIdentities", IdentityIdsToDelete=[guest, other])["UnprocessedIdentityIds"], [])
same([i["IdentityId"] for i in call("ListIdentities", **P, MaxResults=60)["Identities"]], [ada])
call("DeleteIdentityPool", **P)
assert P["IdentityPoolId"] not in [p["IdentityPoolId"] for p in call("ListIdentityPools", MaxResults=60)["IdentityPools"]]

same(sorted(operations - driven), [])
same(len(operations), 23)

"""Every operation by which an administrator configures a user pool, by the AWS CLI.

The list comes from the API model in AWS_DATA_PATH, which the CLI takes its commands
from too: an operation that is in the model and not driven here fails the program.
"""

import json
import os
import time
import urllib.request

import cli

models = os.environ["AWS_DATA_PATH"].split(os.pathsep)[0]  # to which the CLI appended its own
with open(os.path.join(models, "cognito-idp", "2016-04-18", "service-2.json")) as f:
    operations = json.load(f)["operations"]
driven = set()


def call(operation, **given):
    """Runs one command, which must succeed."""
    driven.add(operation)
    return cli.run("cognito-idp", operation, given)


def same(got, want):
    assert got == want, (got, want)


def arn(service, rest):
    return f"arn:aws:{service}:us-east-1:123456789012:{rest}"


# The pool itself.
key = {"KeyType": "CUSTOMER_MANAGED_KEY", "KmsKeyArn": arn("kms", "key/mrk-0a1b2c3d00004000800000000000000a")}
pool = call(
    "CreateUserPool",
    PoolName="control plane",
    UserPoolTier="PLUS",
    UserPoolTags={"team": "identity"},
    KeyConfiguration=key,
)["UserPool"]
P = {"UserPoolId": pool["Id"]}
described = call("DescribeUserPool", **P)["UserPool"]
same(described, pool)
call("UpdateUserPool", **P, PoolName="renamed", AutoVerifiedAttributes=["email"], KeyConfiguration=key)
same(call("DescribeUserPool", **P)["UserPool"]["Name"], "renamed")
assert pool["Id"] in [p["Id"] for p in call("ListUserPools", MaxResults=60)["UserPools"]]
call("AddCustomAttributes", **P, CustomAttributes=[{"Name": "team", "AttributeDataType": "String", "Mutable": True}])
assert "custom:team" in [a["Name"] for a in call("DescribeUserPool", **P)["UserPool"]["SchemaAttributes"]]

resource = {"ResourceArn": pool["Arn"]}
call("TagResource", **resource, Tags={"stage": "test"})
call("UntagResource", **resource, TagKeys=["team"])
same(call("ListTagsForResource", **resource)["Tags"], {"stage": "test"})

mfa = call("SetUserPoolMfaConfig", **P, SoftwareTokenMfaConfiguration={"Enabled": True}, MfaConfiguration="OPTIONAL")
same(call("GetUserPoolMfaConfig", **P), mfa)
assert call("GetSigningCertificate", **P)["Certificate"]

# App clients and their secrets.
client = call("CreateUserPoolClient", **P, ClientName="web", GenerateSecret=True,
              ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"])["UserPoolClient"]
C = {**P, "ClientId": client["ClientId"]}
same(call("DescribeUserPoolClient", **C)["UserPoolClient"], client)
same(call("UpdateUserPoolClient", **C, ClientName="site")["UserPoolClient"]["ClientName"], "site")
same([c["ClientName"] for c in call("ListUserPoolClients", **P, MaxResults=60)["UserPoolClients"]], ["site"])
second = call("AddUserPoolClientSecret", **C)["ClientSecretDescriptor"]
secrets = [s["ClientSecretId"] for s in call("ListUserPoolClientSecrets", **C)["ClientSecrets"]]
assert len(secrets) == 2 and second["ClientSecretId"] in secrets, secrets
call("DeleteUserPoolClientSecret", **C, ClientSecretId=second["ClientSecretId"])
same(len(call("ListUserPoolClientSecrets", **C)["ClientSecrets"]), 1)

# Sessions.
tracking = {"UserSessionTracking": "ENABLED", "TokenSession": {"MaxPerUser": 7}}
call("SetUserPoolSessionConfiguration", **P, **tracking)
same(call("GetUserPoolSessionConfiguration", **P), {**P, **tracking})
call("SetUserPoolClientSessionConfiguration", **C, SSOSession={"MaxValidityMinutes": 30})
same(call("GetUserPoolClientSessionConfiguration", **C), {**C, "SSOSession": {"MaxValidityMinutes": 30}})

# Groups and who is in them.
call("AdminCreateUser", **P, Username="ada", MessageAction="SUPPRESS", UserAttributes=[{"Name": "email", "Value": "ada@example.com"}])
G = {**P, "GroupName": "writers"}
group = call("CreateGroup", **G, Precedence=1)["Group"]
same(call("GetGroup", **G)["Group"], group)
same(call("UpdateGroup", **G, Description="Write")["Group"]["Description"], "Write")
same([g["GroupName"] for g in call("ListGroups", **P)["Groups"]], ["writers"])
call("AdminAddUserToGroup", **G, Username="ada")
same([g["GroupName"] for g in call("AdminListGroupsForUser", **P, Username="ada")["Groups"]], ["writers"])
same([u["Username"] for u in call("ListUsersInGroup", **G)["Users"]], ["ada"])
same([u["Username"] for u in call("ListUsers", **P)["Users"]], ["ada"])
call("AdminRemoveUserFromGroup", **G, Username="ada")
same(call("ListUsersInGroup", **G)["Users"], [])
call("DeleteGroup", **G)
same(call("ListGroups", **P)["Groups"], [])

# Resource servers.
R = {**P, "Identifier": "articles"}
server = call("CreateResourceServer", **R, Name="Articles", Scopes=[{"ScopeName": "read", "ScopeDescription": "Read"}])["ResourceServer"]
same(call("DescribeResourceServer", **R)["ResourceServer"], server)
assert not call("UpdateResourceServer", **R, Name="All")["ResourceServer"].get("Scopes")
same([s["Name"] for s in call("ListResourceServers", **P, MaxResults=10)["ResourceServers"]], ["All"])
call("DeleteResourceServer", **R)
same(call("ListResourceServers", **P, MaxResults=10)["ResourceServers"], [])

# Identity providers and users of theirs.
I = {**P, "ProviderName": "Google"}
details = {"client_id": "c", "client_secret": "s", "authorize_scopes": "email openid"}
call("CreateIdentityProvider", **I, ProviderType="Google", ProviderDetails=details, IdpIdentifiers=["gmail.com"],
     AttributeMapping={"username": "sub"})
provider = call("UpdateIdentityProvider", **I, AttributeMapping={"username": "sub", "name": "name"})["IdentityProvider"]
same(call("DescribeIdentityProvider", **I)["IdentityProvider"], provider)
same(call("GetIdentityProviderByIdentifier", **P, IdpIdentifier="gmail.com")["IdentityProvider"], provider)
same([p["ProviderName"] for p in call("ListIdentityProviders", **P, MaxResults=10)["Providers"]], ["Google"])
source = {"ProviderName": "Google", "ProviderAttributeName": "Cognito_Subject", "ProviderAttributeValue": "1"}
call("AdminLinkProviderForUser", **P, SourceUser=source,
     DestinationUser={"ProviderName": "Cognito", "ProviderAttributeValue": "ada"})
call("AdminDisableProviderForUser", **P, User=source)
call("DeleteIdentityProvider", **I)
same(call("ListIdentityProviders", **P, MaxResults=10)["Providers"], [])

# The settings of users that came before preferences.
call("AdminSetUserPassword", **P, Username="ada", Password="Correct-Horse-7", Permanent=True)
call("AdminUpdateUserAttributes", **P, Username="ada", UserAttributes=[{"Name": "phone_number", "Value": "+15550001111"}])
public = call("CreateUserPoolClient", **P, ClientName="public", ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"])
public = {"ClientId": public["UserPoolClient"]["ClientId"]}
token = call("InitiateAuth", **public, AuthFlow="USER_PASSWORD_AUTH",
             AuthParameters={"USERNAME": "ada", "PASSWORD": "Correct-Horse-7"})["AuthenticationResult"]["AccessToken"]
sms = [{"DeliveryMedium": "SMS", "AttributeName": "phone_number"}]
call("SetUserSettings", AccessToken=token, MFAOptions=sms)
same(call("GetUser", AccessToken=token)["MFAOptions"], sms)
call("AdminSetUserSettings", **P, Username="ada", MFAOptions=[])
assert "MFAOptions" not in call("GetUser", AccessToken=token)

# Domains, and what the pages there look like.
D = {**P, "Domain": "control-plane"}
call("CreateUserPoolDomain", **D, ManagedLoginVersion=1)
call("UpdateUserPoolDomain", **D, ManagedLoginVersion=2)
same(call("DescribeUserPoolDomain", Domain=D["Domain"])["DomainDescription"]["ManagedLoginVersion"], 2)
css = ".label-customizable {color: red}"
call("SetUICustomization", **C, CSS=css)
same(call("GetUICustomization", **C)["UICustomization"]["CSS"], css)

style = call("CreateManagedLoginBranding", **C, UseCognitoProvidedValues=True)["ManagedLoginBranding"]
S = {**P, "ManagedLoginBrandingId": style["ManagedLoginBrandingId"]}
settings = {"componentClasses": {"buttons": {"borderRadius": 8.0}}}
call("UpdateManagedLoginBranding", **S, Settings=settings)
same(call("DescribeManagedLoginBranding", **S)["ManagedLoginBranding"]["Settings"], settings)
same(call("DescribeManagedLoginBrandingByClient", **C)["ManagedLoginBranding"]["Settings"], settings)
call("DeleteManagedLoginBranding", **S)

terms = call("CreateTerms", **C, TermsName="terms-of-use", TermsSource="LINK", Enforcement="NONE",
             Links={"cognito:default": "https://example.com/terms"})["Terms"]
T = {**P, "TermsId": terms["TermsId"]}
links = {"cognito:default": "https://example.com/new"}
call("UpdateTerms", **T, Links=links)
same(call("DescribeTerms", **T)["Terms"]["Links"], links)
same(call("DescribeTermsByClient", **C, TermsName="terms-of-use")["Terms"]["TermsId"], terms["TermsId"])
same([t["TermsId"] for t in call("ListTerms", **P, MaxResults=10)["Terms"]], [terms["TermsId"]])
call("DeleteTerms", **T)
same(call("ListTerms", **P, MaxResults=10)["Terms"], [])
call("DeleteUserPoolDomain", **D)
same(call("DescribeUserPoolDomain", Domain=D["Domain"])["DomainDescription"], {})

# Risk, and where reports go.
risk = {"RiskExceptionConfiguration": {"BlockedIPRangeList": ["192.0.2.0/24"]}}
call("SetRiskConfiguration", **C, **risk)
same(call("DescribeRiskConfiguration", **C)["RiskConfiguration"]["RiskExceptionConfiguration"], risk["RiskExceptionConfiguration"])
logs = [{"LogLevel": "ERROR", "EventSource": "userNotification", "CloudWatchLogsConfiguration": {"LogGroupArn": arn("logs", "log-group:cognito")}}]
call("SetLogDeliveryConfiguration", **P, LogConfigurations=logs)
same(call("GetLogDeliveryConfiguration", **P)["LogDeliveryConfiguration"]["LogConfigurations"], logs)

# Replicas and limits.
E = {**P, "RegionName": "eu-west-1"}
call("CreateUserPoolReplica", **E)
same(call("UpdateUserPoolReplica", **E, Status="ACTIVE")["UserPoolReplica"]["Status"], "ACTIVE")
same([r["Role"] for r in call("ListUserPoolReplicas", **P)["UserPoolReplicas"]], ["PRIMARY", "SECONDARY"])
same(call("DeleteUserPoolReplica", **E)["UserPoolReplica"]["Status"], "DELETING")
limit = {"LimitDefinition": {"LimitClass": "API_CATEGORY", "Attributes": {"Category": "UserCreation"}}}
call("UpdateProvisionedLimit", **limit, RequestedLimitValue=70)
same(call("GetProvisionedLimit", **limit)["Limit"]["ProvisionedLimitValue"], 70)

# Import jobs: one that ends by itself, and one that is stopped.
header = call("GetCSVHeader", **P)["CSVHeader"]


def start_import(names):
    """Starts a job that makes users, and returns what names it."""
    job = call("CreateUserImportJob", **P, JobName="people", CloudWatchLogsRoleArn="arn:aws:iam::123456789012:role/import")["UserImportJob"]
    lines = [",".join(header)]
    for name in names:
        row = {"cognito:username": name, "email": f"{name}@example.com", "email_verified": "TRUE"}
        lines.append(",".join(row.get(column, "") for column in header))
    upload = urllib.request.Request(job["PreSignedUrl"], "\n".join(lines).encode(), method="PUT")
    with urllib.request.urlopen(upload) as answer:
        assert answer.status == 200
    named = {**P, "JobId": job["JobId"]}
    call("StartUserImportJob", **named)
    return named


def finish_import(job):
    for _ in range(300):
        now = call("DescribeUserImportJob", **job)["UserImportJob"]
        if "CompletionDate" in now:
            return now
        time.sleep(0.1)
    raise AssertionError(now)


now = finish_import(start_import(["grace"]))
same((now["Status"], now["ImportedUsers"]), ("Succeeded", 1))
many = start_import(f"user-{i}" for i in range(30_000))
call("StopUserImportJob", **many)
now = finish_import(many)
assert now["Status"] == "Stopped" and now["ImportedUsers"] < 30_000, now
same([j["Status"] for j in call("ListUserImportJobs", **P, MaxResults=10)["UserImportJobs"]], ["Stopped", "Succeeded"])

# The end.
call("DeleteUserPoolClient", **C)
same([c["ClientName"] for c in call("ListUserPoolClients", **P, MaxResults=60)["UserPoolClients"]], ["public"])
call("DeleteUserPool", **P)
assert pool["Id"] not in [p["Id"] for p in call("ListUserPools", MaxResults=60)["UserPools"]]

# What is signed configures, but for what Admin... does to users; these few are of
# configuration all the same.
control_plane = {name for name, o in operations.items() if o.get("authtype") != "none" and not name.startswith("Admin")} | {
    "AdminAddUserToGroup", "AdminRemoveUserFromGroup", "AdminListGroupsForUser",
    "AdminLinkProviderForUser", "AdminDisableProviderForUser", "AdminSetUserSettings", "SetUserSettings",
}
assert control_plane <= set(operations), control_plane - set(operations)
same(sorted(control_plane - driven), [])
print(len(control_plane))

"""Identity providers, linked users and user settings, each operation once."""

import json
import os

import boto3

idp = boto3.client("cognito-idp")
pool = os.environ["POOLHOUSE_POOL"]
client = os.environ["POOLHOUSE_CLIENT"]

created = idp.create_identity_provider(
    UserPoolId=pool,
    ProviderName="Google",
    ProviderType="Google",
    ProviderDetails={"client_id": "c", "client_secret": "s", "authorize_scopes": "email openid"},
    AttributeMapping={"email": "email", "username": "sub"},
    IdpIdentifiers=["gmail.com"],
)["IdentityProvider"]
described = idp.describe_identity_provider(UserPoolId=pool, ProviderName="Google")["IdentityProvider"]
assert described == created, (described, created)
assert described["ProviderDetails"]["token_url"] == "https://www.googleapis.com/oauth2/v4/token", described
found = idp.get_identity_provider_by_identifier(UserPoolId=pool, IdpIdentifier="gmail.com")["IdentityProvider"]
assert found == described, found
listed = idp.list_identity_providers(UserPoolId=pool)["Providers"]
assert [(p["ProviderName"], p["ProviderType"]) for p in listed] == [("Google", "Google")], listed
updated = idp.update_identity_provider(UserPoolId=pool, ProviderName="Google", AttributeMapping={"name": "name"})
assert updated["IdentityProvider"]["AttributeMapping"] == {"name": "name"}, updated
try:
    idp.create_identity_provider(
        UserPoolId=pool, ProviderName="Google", ProviderType="Google", ProviderDetails=described["ProviderDetails"]
    )
    raise AssertionError("a second Google")
except idp.exceptions.DuplicateProviderException:
    pass

idp.admin_create_user(
    UserPoolId=pool,
    Username="joan",
    MessageAction="SUPPRESS",
    UserAttributes=[{"Name": "email", "Value": "joan@example.com"}, {"Name": "phone_number", "Value": "+15550001111"}],
)
idp.admin_set_user_password(UserPoolId=pool, Username="joan", Password="Correct-Horse-7", Permanent=True)
identity = {"ProviderName": "Google", "ProviderAttributeName": "Cognito_Subject", "ProviderAttributeValue": "123"}
idp.admin_link_provider_for_user(
    UserPoolId=pool,
    DestinationUser={"ProviderName": "Cognito", "ProviderAttributeValue": "joan"},
    SourceUser=identity,
)
try:
    idp.admin_link_provider_for_user(
        UserPoolId=pool,
        DestinationUser={"ProviderName": "Cognito", "ProviderAttributeValue": "joan"},
        SourceUser=identity,
    )
    raise AssertionError("linked twice")
except idp.exceptions.InvalidParameterException as e:
    assert e.response["Error"]["Message"] == "SourceUser is already linked to DestinationUser", e


def identities():
    user = idp.admin_get_user(UserPoolId=pool, Username="joan")
    return [json.loads(a["Value"]) for a in user["UserAttributes"] if a["Name"] == "identities"]


assert [i["userId"] for i in identities()[0]] == ["123"], identities()
idp.admin_disable_provider_for_user(UserPoolId=pool, User=identity)
assert identities() == [], identities()

sms = [{"DeliveryMedium": "SMS", "AttributeName": "phone_number"}]
token = idp.initiate_auth(
    ClientId=client,
    AuthFlow="USER_PASSWORD_AUTH",
    AuthParameters={"USERNAME": "joan", "PASSWORD": "Correct-Horse-7"},
)["AuthenticationResult"]["AccessToken"]
idp.set_user_settings(AccessToken=token, MFAOptions=sms)
assert idp.get_user(AccessToken=token)["MFAOptions"] == sms
idp.admin_set_user_settings(UserPoolId=pool, Username="joan", MFAOptions=[])
assert "MFAOptions" not in idp.get_user(AccessToken=token)

idp.delete_identity_provider(UserPoolId=pool, ProviderName="Google")
assert idp.list_identity_providers(UserPoolId=pool)["Providers"] == []

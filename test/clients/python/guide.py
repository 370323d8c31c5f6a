"""boto3, from a new pool to a deleted one: what the beginner's guides do."""

import json
import os
import urllib.request

import boto3

PASSWORD, NEW_PASSWORD = "Correct-Horse-7", "Battery-Staple-8"

# Endpoint, region and credentials are in the environment.
idp = boto3.client("cognito-idp")
errors = idp.exceptions


def code(username):
    """The code in the newest message to a user of the pool."""
    url = f"{os.environ['AWS_ENDPOINT_URL']}/_poolhouse/inbox?pool={pool}&username={username}"
    with urllib.request.urlopen(urllib.request.Request(url, headers={"accept": "application/json"})) as answer:
        return json.load(answer)[0]["code"]


def refused(error, message, call, **kwargs):
    """Makes a call that must fail so."""
    try:
        call(**kwargs)
    except error as e:
        assert e.response["Error"]["Message"] == message, e
        assert e.response["ResponseMetadata"]["RequestId"], e
    else:
        raise AssertionError(f"not refused: {error.__name__}")


def sign_in(username, password):
    return idp.initiate_auth(
        ClientId=client, AuthFlow="USER_PASSWORD_AUTH", AuthParameters={"USERNAME": username, "PASSWORD": password}
    )


def values(attributes):
    return {a["Name"]: a["Value"] for a in attributes if a["Name"] != "sub"}


# A pool and an app client.
pool = idp.create_user_pool(
    PoolName="guide",
    AutoVerifiedAttributes=["email"],
    UserPoolTags={"team": "identity"},
    Schema=[{"Name": "tenant", "AttributeDataType": "String", "Mutable": True}],
)["UserPool"]["Id"]
client = idp.create_user_pool_client(
    UserPoolId=pool,
    ClientName="guide",
    ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH", "ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
    PreventUserExistenceErrors="ENABLED",
)["UserPoolClient"]["ClientId"]
described = idp.describe_user_pool(UserPoolId=pool)["UserPool"]
assert described["Arn"].endswith(f":userpool/{pool}"), described
assert described["UserPoolTags"] == {"team": "identity"}, described
assert "custom:tenant" in [a["Name"] for a in described["SchemaAttributes"]], described
assert described["CreationDate"].tzinfo is not None, described

# A user signs up.
signed_up = idp.sign_up(
    ClientId=client, Username="ada", Password=PASSWORD, UserAttributes=[{"Name": "email", "Value": "ada@example.com"}]
)
assert not signed_up["UserConfirmed"], signed_up
refused(errors.UserNotConfirmedException, "User is not confirmed.", sign_in, username="ada", password=PASSWORD)
idp.confirm_sign_up(ClientId=client, Username="ada", ConfirmationCode=code("ada"))

# Signs in, refreshes, looks at itself, changes itself, and leaves.
tokens = sign_in("ada", PASSWORD)["AuthenticationResult"]
refreshed = idp.initiate_auth(
    ClientId=client, AuthFlow="REFRESH_TOKEN_AUTH", AuthParameters={"REFRESH_TOKEN": tokens["RefreshToken"]}
)["AuthenticationResult"]
assert "RefreshToken" not in refreshed, refreshed.keys()
token = refreshed["AccessToken"]
idp.update_user_attributes(AccessToken=token, UserAttributes=[{"Name": "custom:tenant", "Value": "acme"}])
me = idp.get_user(AccessToken=token)
assert values(me["UserAttributes"]) == {
    "email": "ada@example.com", "email_verified": "true", "custom:tenant": "acme",
}, me
idp.change_password(AccessToken=token, PreviousPassword=PASSWORD, ProposedPassword=NEW_PASSWORD)
refused(errors.NotAuthorizedException, "Incorrect username or password.", sign_in, username="ada", password=PASSWORD)
idp.forgot_password(ClientId=client, Username="ada")
idp.confirm_forgot_password(ClientId=client, Username="ada", ConfirmationCode=code("ada"), Password=PASSWORD)
token = sign_in("ada", PASSWORD)["AuthenticationResult"]["AccessToken"]
idp.global_sign_out(AccessToken=token)
refused(errors.NotAuthorizedException, "Access Token has been revoked", idp.get_user, AccessToken=token)

# An administrator invites, looks, disables, resets and removes.
invited = idp.admin_create_user(
    UserPoolId=pool, Username="grace", DesiredDeliveryMediums=["EMAIL"],
    UserAttributes=[{"Name": "email", "Value": "grace@example.com"}],
)["User"]
assert invited["UserStatus"] == "FORCE_CHANGE_PASSWORD", invited
challenge = idp.admin_initiate_auth(
    UserPoolId=pool, ClientId=client, AuthFlow="ADMIN_USER_PASSWORD_AUTH",
    AuthParameters={"USERNAME": "grace", "PASSWORD": code("grace")},
)
assert challenge["ChallengeName"] == "NEW_PASSWORD_REQUIRED", challenge
done = idp.admin_respond_to_auth_challenge(
    UserPoolId=pool, ClientId=client, ChallengeName="NEW_PASSWORD_REQUIRED", Session=challenge["Session"],
    ChallengeResponses={"USERNAME": "grace", "NEW_PASSWORD": PASSWORD},
)
assert done["AuthenticationResult"]["TokenType"] == "Bearer", done.keys()
grace = {"UserPoolId": pool, "Username": "grace"}
idp.admin_update_user_attributes(**grace, UserAttributes=[
    {"Name": "email", "Value": "grace@example.org"}, {"Name": "email_verified", "Value": "true"}, {"Name": "name", "Value": "Grace"},
])
idp.admin_delete_user_attributes(**grace, UserAttributeNames=["name"])
assert values(idp.admin_get_user(**grace)["UserAttributes"]) == {"email": "grace@example.org", "email_verified": "true"}
idp.admin_disable_user(**grace)
refused(errors.NotAuthorizedException, "User is disabled.", sign_in, username="grace", password=PASSWORD)
idp.admin_enable_user(**grace)
idp.admin_reset_user_password(**grace)
refused(errors.PasswordResetRequiredException, "Password reset required for the user", sign_in,
        username="grace", password=PASSWORD)
idp.admin_set_user_password(**grace, Password=NEW_PASSWORD, Permanent=True)
sign_in("grace", NEW_PASSWORD)
idp.admin_user_global_sign_out(**grace)
refused(errors.UsernameExistsException, "User account already exists", idp.admin_create_user, **grace)
refused(errors.UserNotFoundException, "User does not exist.", idp.admin_get_user, UserPoolId=pool, Username="nobody")

# Finds users by filters, and in pages.
for i in range(7):
    idp.admin_create_user(UserPoolId=pool, Username=f"page{i}", MessageAction="SUPPRESS",
                          UserAttributes=[{"Name": "email", "Value": f"page{i}@example.net"}])
idp.sign_up(ClientId=client, Username="newcomer", Password=PASSWORD,
            UserAttributes=[{"Name": "email", "Value": "newcomer@example.com"}])
sub = values([{"Name": "sub!", "Value": a["Value"]} for a in me["UserAttributes"] if a["Name"] == "sub"])["sub!"]
for expression, found in {
    'username = "ada"': ["ada"],
    f'sub = "{sub}"': ["ada"],
    'email ^= "page"': [f"page{i}" for i in range(7)],
    'email = "grace@example.org"': ["grace"],
    'cognito:user_status = "UNCONFIRMED"': ["newcomer"],
    'status = "Disabled"': [],
}.items():
    pages = idp.get_paginator("list_users").paginate(
        UserPoolId=pool, Filter=expression, AttributesToGet=["email"], PaginationConfig={"PageSize": 3}
    )
    users = [u for page in pages for u in page["Users"]]
    assert sorted(u["Username"] for u in users) == found, (expression, users)
    assert all([a["Name"] for a in u["Attributes"]] == ["email"] for u in users), users

pools = [p["Id"] for page in idp.get_paginator("list_user_pools").paginate(PaginationConfig={"PageSize": 1})
         for p in page["UserPools"]]
assert pool in pools and len(pools) == 2, pools  # and the demo pool
for i in range(3):
    idp.create_user_pool_client(UserPoolId=pool, ClientName=f"page{i}")
clients = [c["ClientName"] for page in idp.get_paginator("list_user_pool_clients").paginate(
    UserPoolId=pool, PaginationConfig={"PageSize": 2}) for c in page["UserPoolClients"]]
assert sorted(clients) == ["guide", "page0", "page1", "page2"], clients

# An update replaces settings; tags that are not named stay, those that are replace all.
idp.update_user_pool(UserPoolId=pool, Policies={"PasswordPolicy": {"MinimumLength": 12}})
updated = idp.describe_user_pool(UserPoolId=pool)["UserPool"]
assert updated["Policies"]["PasswordPolicy"]["RequireNumbers"] is False, updated
assert "AutoVerifiedAttributes" not in updated or updated["AutoVerifiedAttributes"] == [], updated
assert updated["UserPoolTags"] == {"team": "identity"}, updated
idp.update_user_pool(UserPoolId=pool, UserPoolTags={})
assert idp.describe_user_pool(UserPoolId=pool)["UserPool"].get("UserPoolTags", {}) == {}

# Cleans up.
idp.admin_delete_user(**grace)
idp.delete_user_pool_client(UserPoolId=pool, ClientId=client)
idp.delete_user_pool(UserPoolId=pool)
refused(errors.ResourceNotFoundException, f"User pool {pool} does not exist.", idp.describe_user_pool, UserPoolId=pool)

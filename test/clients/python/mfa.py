"""boto3: codes by SMS and email as second factors, the user's way and the administrator's."""

import json
import os
import urllib.request

import boto3

PASSWORD = "Correct-Horse-7"

idp = boto3.client("cognito-idp")
errors = idp.exceptions


def message(username):
    """The newest message to a user of the pool."""
    url = f"{os.environ['AWS_ENDPOINT_URL']}/_poolhouse/inbox?pool={pool}&username={username}"
    with urllib.request.urlopen(urllib.request.Request(url, headers={"accept": "application/json"})) as answer:
        return json.load(answer)[0]


def sign_in(username):
    return idp.initiate_auth(
        ClientId=client, AuthFlow="USER_PASSWORD_AUTH", AuthParameters={"USERNAME": username, "PASSWORD": PASSWORD}
    )


pool = idp.create_user_pool(
    PoolName="mfa",
    SmsConfiguration={"SnsCallerArn": "arn:aws:iam::123456789012:role/sms", "ExternalId": "x"},
    EmailConfiguration={
        "EmailSendingAccount": "DEVELOPER",
        "SourceArn": "arn:aws:ses:us-east-1:123456789012:identity/a@example.com",
    },
)["UserPool"]["Id"]
idp.set_user_pool_mfa_config(
    UserPoolId=pool,
    MfaConfiguration="OPTIONAL",
    SmsMfaConfiguration={"SmsAuthenticationMessage": "{####} opens the door."},
    EmailMfaConfiguration={"Subject": "Door", "Message": "<b>{####}</b> opens the door."},
)
client = idp.create_user_pool_client(
    UserPoolId=pool,
    ClientName="mfa",
    ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH", "ALLOW_ADMIN_USER_PASSWORD_AUTH"],
)["UserPoolClient"]["ClientId"]
idp.admin_create_user(
    UserPoolId=pool,
    Username="ada",
    MessageAction="SUPPRESS",
    UserAttributes=[
        {"Name": "email", "Value": "ada@example.com"},
        {"Name": "phone_number", "Value": "+15555550100"},
    ],
)
idp.admin_set_user_password(UserPoolId=pool, Username="ada", Password=PASSWORD, Permanent=True)
token = sign_in("ada")["AuthenticationResult"]["AccessToken"]

# By SMS: the user prefers it, mistypes the code, and types it again.
idp.set_user_mfa_preference(AccessToken=token, SMSMfaSettings={"Enabled": True, "PreferredMfa": True})
challenge = sign_in("ada")
assert challenge["ChallengeName"] == "SMS_MFA", challenge
assert challenge["ChallengeParameters"] == {
    "CODE_DELIVERY_DELIVERY_MEDIUM": "SMS",
    "CODE_DELIVERY_DESTINATION": "+*******0100",
    "USER_ID_FOR_SRP": "ada",
}, challenge
sent = message("ada")
assert sent["to"] == "+15555550100" and sent["body"] == sent["code"] + " opens the door.", sent


def answer(code):
    return idp.respond_to_auth_challenge(
        ClientId=client,
        ChallengeName="SMS_MFA",
        Session=challenge["Session"],
        ChallengeResponses={"USERNAME": "ada", "SMS_MFA_CODE": code},
    )


try:
    answer("000000" if sent["code"] != "000000" else "000001")
except errors.CodeMismatchException as e:
    assert e.response["Error"]["Message"] == "Invalid code or auth state for the user.", e
else:
    raise AssertionError("a wrong code was taken")
assert answer(sent["code"])["AuthenticationResult"]["AccessToken"]
attributes = {a["Name"]: a["Value"] for a in idp.get_user(AccessToken=token)["UserAttributes"]}
assert attributes["phone_number_verified"] == "true", attributes

# By email, as an administrator has it and signs the user in.
idp.admin_set_user_mfa_preference(
    UserPoolId=pool,
    Username="ada",
    SMSMfaSettings={"Enabled": False},
    EmailMfaSettings={"Enabled": True, "PreferredMfa": True},
)
shown = idp.admin_get_user(UserPoolId=pool, Username="ada")
assert shown["UserMFASettingList"] == ["EMAIL_OTP"] and shown["PreferredMfaSetting"] == "EMAIL_OTP", shown
challenge = idp.admin_initiate_auth(
    UserPoolId=pool,
    ClientId=client,
    AuthFlow="ADMIN_USER_PASSWORD_AUTH",
    AuthParameters={"USERNAME": "ada", "PASSWORD": PASSWORD},
)
assert challenge["ChallengeName"] == "EMAIL_OTP", challenge
sent = message("ada")
assert sent["subject"] == "Door" and sent["body"] == f"<b>{sent['code']}</b> opens the door.", sent
done = idp.admin_respond_to_auth_challenge(
    UserPoolId=pool,
    ClientId=client,
    ChallengeName="EMAIL_OTP",
    Session=challenge["Session"],
    ChallengeResponses={"USERNAME": "ada", "EMAIL_OTP_CODE": sent["code"]},
)
assert done["AuthenticationResult"]["AccessToken"], done

idp.set_user_mfa_preference(AccessToken=token, EmailMfaSettings={"Enabled": False})
assert "AuthenticationResult" in sign_in("ada")
factors = idp.get_user_auth_factors(AccessToken=token)
assert factors["ConfiguredUserAuthFactors"] == ["PASSWORD"] and "UserMFASettingList" not in factors, factors

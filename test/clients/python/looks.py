"""boto3: what login pages look like, and the terms they link to."""

import base64
import urllib.request

import boto3

idp = boto3.client("cognito-idp")
errors = idp.exceptions

PIXEL = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg==")
DRAWING = b'<svg xmlns="http://www.w3.org/2000/svg"><path d="M0 0"/></svg>'


def refused(error, call, **kwargs):
    try:
        call(**kwargs)
    except error:
        return
    raise AssertionError(f"not refused: {error.__name__}")


pool = idp.create_user_pool(PoolName="looks")["UserPool"]["Id"]
client = idp.create_user_pool_client(UserPoolId=pool, ClientName="looks")["UserPoolClient"]["ClientId"]
idp.create_user_pool_domain(UserPoolId=pool, Domain="looks")
both = {"UserPoolId": pool, "ClientId": client}

# The classic pages.
assert idp.get_ui_customization(**both)["UICustomization"] == {}
idp.set_ui_customization(UserPoolId=pool, CSS=".label-customizable {color: red}", ImageFile=PIXEL)
shown = idp.get_ui_customization(**both)["UICustomization"]
assert shown["ClientId"] == "ALL" and shown["CSS"] == ".label-customizable {color: red}", shown
with urllib.request.urlopen(shown["ImageUrl"]) as answer:
    assert answer.read() == PIXEL and answer.headers["content-type"] == "image/png"
refused(errors.InvalidParameterException, idp.set_ui_customization, UserPoolId=pool, CSS="@import 'x';")

# Managed login.
settings = {"componentClasses": {"buttons": {"borderRadius": 8.0}}}
logo = {"Category": "FORM_LOGO", "ColorMode": "LIGHT", "Extension": "SVG", "Bytes": DRAWING}
large = {"Category": "PAGE_BACKGROUND", "ColorMode": "DARK", "Extension": "PNG", "Bytes": PIXEL + bytes(999_000)}
style = idp.create_managed_login_branding(**both, Settings=settings, Assets=[logo, large])["ManagedLoginBranding"]
refused(errors.ManagedLoginBrandingExistsException, idp.create_managed_login_branding, **both)
named = {"UserPoolId": pool, "ManagedLoginBrandingId": style["ManagedLoginBrandingId"]}
found = idp.describe_managed_login_branding(**named)["ManagedLoginBranding"]
assert found["Settings"] == settings and found["Assets"] == [logo, large] and not found["UseCognitoProvidedValues"], found["Settings"]
merged = idp.describe_managed_login_branding_by_client(**both, ReturnMergedResources=True)["ManagedLoginBranding"]["Settings"]
assert merged["componentClasses"]["buttons"]["borderRadius"] == 8 and merged["components"]["primaryButton"]["darkMode"], merged
# What shows a style can be sent to set it.
again = idp.update_managed_login_branding(**named, Settings=merged)["ManagedLoginBranding"]
assert again["Settings"] == merged and len(again["Assets"]) == 2, again["Settings"]
idp.delete_managed_login_branding(**named)
refused(errors.ResourceNotFoundException, idp.describe_managed_login_branding, **named)

# Terms.
terms = idp.create_terms(**both, TermsName="terms-of-use", TermsSource="LINK", Enforcement="NONE",
                         Links={"cognito:default": "https://example.com/terms"})["Terms"]
refused(errors.TermsExistsException, idp.create_terms, **both, TermsName="terms-of-use", TermsSource="LINK",
        Enforcement="NONE", Links={"cognito:default": "https://example.com/"})
one = {"UserPoolId": pool, "TermsId": terms["TermsId"]}
idp.update_terms(**one, TermsName="privacy-policy", Links={"cognito:default": "https://example.com/privacy"})
assert idp.describe_terms(**one)["Terms"]["Links"] == {"cognito:default": "https://example.com/privacy"}
assert [t["TermsName"] for t in idp.list_terms(UserPoolId=pool)["Terms"]] == ["privacy-policy"]
if hasattr(idp, "describe_terms_by_client"):  # newer releases know it
    assert idp.describe_terms_by_client(**both, TermsName="privacy-policy")["Terms"]["TermsId"] == terms["TermsId"]
idp.delete_terms(**one)
assert idp.list_terms(UserPoolId=pool)["Terms"] == []

# A PreTokenGeneration function as people have it in Lambda.
def handler(event, context):
    event["response"]["claimsOverrideDetails"] = {"claimsToAddOrOverride": {"tenant": "studio"}}
    return event

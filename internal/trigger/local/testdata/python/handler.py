# Handlers as people write them for Lambda.
import os

calls = 0


def pre_sign_up(event, context):
    global calls
    calls += 1
    print("call", calls, "of", event["userName"])
    if event["userName"] == "mallory":
        raise ValueError("Studio is invite-only")
    if event["userName"] == "exit":
        os._exit(3)
    event["response"]["autoConfirmUser"] = True
    event["response"]["calls"] = calls
    event["response"]["inTime"] = 0 < context.get_remaining_time_in_millis() <= 30000
    event["response"]["name"] = context.function_name
    return event


def unserializable(event, context):
    return {1, 2}

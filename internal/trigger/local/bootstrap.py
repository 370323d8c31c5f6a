# Calls a Lambda handler for Python with the events of Lambda's runtime API.
import http.client
import importlib
import json
import os
import sys
import time
import traceback


def _main():
    env = os.environ
    address, _, prefix = env["AWS_LAMBDA_RUNTIME_API"].partition("/")
    base = ("/" + prefix if prefix else "") + "/2018-06-01/runtime"
    connection = http.client.HTTPConnection(address)

    def call(method, path, body=None):
        headers = {} if body is None else {"Content-Type": "application/json"}
        connection.request(method, base + path, body, headers)
        response = connection.getresponse()
        return response.headers, response.read()

    def describe(kind, error):
        trace = traceback.format_exception(type(error), error, error.__traceback__)
        sys.stderr.write("".join(trace))
        return json.dumps({"errorType": kind, "errorMessage": str(error), "stackTrace": trace}).encode()

    def fail(kind, error):
        call("POST", "/init/error", describe(kind, error))
        sys.exit(1)

    class Context:
        def __init__(self, headers):
            self.aws_request_id = headers["Lambda-Runtime-Aws-Request-Id"]
            self.invoked_function_arn = headers["Lambda-Runtime-Invoked-Function-Arn"]
            self.function_name = env["AWS_LAMBDA_FUNCTION_NAME"]
            self.function_version = env["AWS_LAMBDA_FUNCTION_VERSION"]
            self.memory_limit_in_mb = env["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
            self.log_group_name = env["AWS_LAMBDA_LOG_GROUP_NAME"]
            self.log_stream_name = env["AWS_LAMBDA_LOG_STREAM_NAME"]
            self.client_context = None
            self.identity = None
            self._deadline = int(headers["Lambda-Runtime-Deadline-Ms"])

        def get_remaining_time_in_millis(self):
            return max(self._deadline - int(time.time() * 1000), 0)

    sys.path.insert(0, env["LAMBDA_TASK_ROOT"])
    module, _, name = env["_HANDLER"].rpartition(".")
    try:
        loaded = importlib.import_module(module.replace("/", "."))
    except SyntaxError as error:
        fail("Runtime.UserCodeSyntaxError", error)
    except ImportError as error:
        fail("Runtime.ImportModuleError", error)
    except BaseException as error:
        fail(type(error).__name__, error)
    handler = getattr(loaded, name, None)
    if handler is None:
        fail("Runtime.HandlerNotFound", Exception("Handler '%s' missing on module '%s'" % (name, module)))

    while True:
        try:
            headers, body = call("GET", "/invocation/next")
        except (OSError, http.client.HTTPException):
            sys.exit(1)  # the server has ended
        context = Context(headers)
        path = "/invocation/%s/" % context.aws_request_id
        try:
            answer = json.dumps(handler(json.loads(body), context)).encode()
            path += "response"
        except Exception as error:
            answer = describe(type(error).__name__, error)
            path += "error"
        try:
            call("POST", path, answer)
        except (OSError, http.client.HTTPException):
            sys.exit(1)


_main()

"""Runs commands of the AWS CLI."""

import contextlib
import io
import json
import re
import subprocess

try:  # the CLI's own code within this process: its start takes most of its time
    from awscli.clidriver import create_clidriver
except ImportError:
    create_clidriver = None
driver = create_clidriver and create_clidriver()


def run(service, operation, given):
    """Runs the command of one operation, which must succeed, and returns what it
    printed."""
    command = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "-", operation).lower()
    args = [service, command, "--output", "json", "--cli-input-json", json.dumps(given)]
    if driver is None:
        printed = subprocess.run(["aws", *args], check=True, capture_output=True, text=True).stdout
    else:
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            status = driver.main(args)
        assert status == 0, (operation, given, err.getvalue())
        printed = out.getvalue()
    return json.loads(printed) if printed.strip() else {}

"""Says what is wrong, and what to do about it, where no token is to be had."""

import sys

import rolebridge

try:
    source = rolebridge.TokenSource.from_file("credential.json")
    source.token()
except rolebridge.UnavailableError as error:
    sys.exit(f"try again later: {error}")
except rolebridge.RolebridgeError as error:
    sys.exit(f"{error.kind} error in step {error.step}: {error}")

print("a token of", source.service_account_email)

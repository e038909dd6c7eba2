"""The authenticator app of the tests: codes of RFC 6238."""

import base64
import hashlib
import hmac
import struct
import time


def code(secret: str, steps: int = 0) -> str:
    """The code of now, or of so many half minutes later: a code works once, the next one too."""
    counter = struct.pack(">Q", int(time.time()) // 30 + steps)
    digest = hmac.new(base64.b32decode(secret), counter, hashlib.sha1).digest()
    (number,) = struct.unpack_from(">I", digest, digest[-1] & 0xF)
    return f"{(number & 0x7FFFFFFF) % 10**6:06}"


def wrong_code(secret: str) -> str:
    """None of those that would be taken during this test."""
    right = {code(secret, steps) for steps in range(-2, 10)}
    return next(guess for guess in map("{:06}".format, range(99)) if guess not in right)

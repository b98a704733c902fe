"""The codes that an authenticator app shows (RFC 6238), written from the RFC."""

import base64
import hashlib
import hmac
import struct
import time

STEP = 30


def code(seed: str, step: int) -> str:
    """The code of one step."""
    key = base64.b32decode(seed + "=" * (-len(seed) % 8))
    digest = hmac.new(key, struct.pack(">q", step), hashlib.sha1).digest()
    at = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[at:at + 4])[0] & 0x7FFFFFFF) % 1_000_000:06}"


def now() -> int:
    """The present step. Waits out its last seconds, so that what follows happens within one step."""
    while STEP - time.time() % STEP < 4:
        time.sleep(0.2)
    return int(time.time()) // STEP

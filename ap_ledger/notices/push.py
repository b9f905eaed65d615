"""Web push with nothing in it: a browser is told that there is something new, by the push service of its maker.

A push without content needs no key of the browser; who sends it is proved by a signed header (RFC 8292). The pair that
signs is derived from the ledger's own key, so that nothing more has to be backed up and the keyring alone holds it.
"""

from __future__ import annotations

import re
import ssl
from base64 import urlsafe_b64encode
from datetime import datetime, timedelta
from http.client import HTTPException, HTTPSConnection
from typing import Literal
from urllib.parse import urlsplit

import orjson
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ap_ledger.stores.keyring.keyring import Key
from ap_ledger.stores.notices.channels import Subscription

CURVE = ec.SECP256R1()
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""How many points the curve's group has."""
PAIR_INFO = b"ap-ledger/push-key/1"
SECONDS = 10
"""So long a push service is waited for."""
KEPT_SECONDS = 24 * 3600
"""So long a push service keeps what a browser that is off cannot hear."""
GOOD_FOR = timedelta(hours=12)
"""A signed header is good for so long; a day is the longest that push services take."""
SERVICES = ("fcm.googleapis.com", "updates.push.services.mozilla.com", "web.push.apple.com")
"""The push services of browsers' makers. Nobody else is asked, whatever a browser says of itself."""
SERVICES_UNDER = (".push.apple.com", ".notify.windows.com")
HOST = re.compile(r"[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63}){1,8}")
"""A name that can be looked up, and no port: what else a browser says would end the sending for everybody."""
LONGEST = 1_000

Answer = Literal["sent", "gone", "later", "refused", "unsure"]
"""What became of one push: taken; for a browser that is there no more; not now; not at all; or perhaps taken."""


def is_endpoint(address: str) -> bool:
    """Whether this is an address of a push service that we know."""
    if len(address) > LONGEST or not address.isascii() or any(letter.isspace() for letter in address):
        return False
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    here = parts.netloc
    under = here.endswith(SERVICES_UNDER) and HOST.fullmatch(here) is not None
    return parts.scheme == "https" and (here in SERVICES or under)


def public_key(own: Key) -> str:
    """What a browser is told of who will push, in base64url."""
    point = _private(own).public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return _text(point)


def push(own: Key, subscription: Subscription, now: datetime, urgent: bool) -> Answer:
    """Tells one browser that there is something new."""
    if not is_endpoint(subscription.endpoint):
        return "gone"
    parts = urlsplit(subscription.endpoint)
    headers = {
        "Authorization": f"vapid t={_token(own, parts.netloc, subscription.pages, now)}, k={public_key(own)}",
        "TTL": str(KEPT_SECONDS),
        "Urgency": "high" if urgent else "normal",
        "Content-Length": "0",
    }
    line = HTTPSConnection(parts.netloc, timeout=SECONDS, context=ssl.create_default_context())
    try:
        line.connect()
    except OSError:
        line.close()
        return "later"
    try:
        line.request("POST", f"{parts.path}?{parts.query}" if parts.query else parts.path, headers=headers)
        status = line.getresponse().status
    except (OSError, HTTPException):
        # It may have been heard, and is not said twice.
        return "unsure"
    finally:
        line.close()
    if status // 100 == 2:
        return "sent"
    return "gone" if status in (404, 410) else "later" if status == 429 or status // 100 == 5 else "refused"


def _token(own: Key, service: str, pages: str, now: datetime) -> str:
    """Who pushes, to which service and until when, signed."""
    head = {"typ": "JWT", "alg": "ES256"}
    said = {"aud": f"https://{service}", "exp": int((now + GOOD_FOR).timestamp()), "sub": pages}
    signed = f"{_text(orjson.dumps(head))}.{_text(orjson.dumps(said))}"
    one, other = decode_dss_signature(_private(own).sign(signed.encode(), ec.ECDSA(SHA256())))
    return f"{signed}.{_text(one.to_bytes(32) + other.to_bytes(32))}"


def _private(own: Key) -> ec.EllipticCurvePrivateKey:
    # 48 bytes, so that taking them modulo the order prefers no key over another.
    seed = int.from_bytes(HKDF(SHA256(), 48, None, PAIR_INFO).derive(own.raw))
    return ec.derive_private_key(seed % (ORDER - 1) + 1, CURVE)


def _text(octets: bytes) -> str:
    return urlsafe_b64encode(octets).rstrip(b"=").decode()

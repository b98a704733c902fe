"""An OpenID Connect issuer on loopback: discovery, keys, and tokens as a test wants them."""

import base64
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _number(value: int, length: int | None = None) -> str:
    return _text(value.to_bytes(length or (value.bit_length() + 7) // 8, "big"))


class Issuer:
    """Listens on a free loopback port and signs with an RSA and a P-256 key."""

    def __init__(self) -> None:
        self.rsa = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.curve = ec.generate_private_key(ec.SECP256R1())
        self.fetched: list[str] = []
        self.moved_to: Issuer | None = None
        """Another issuer, to which every request is redirected."""
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                issuer.fetched.append(self.path)
                document = issuer.documents().get(self.path)
                if issuer.moved_to:
                    self.send_response(302)
                    self.send_header("location", issuer.moved_to.origin + self.path)
                else:
                    self.send_response(200 if document else 404)
                body = json.dumps(document or {}).encode()
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.origin = f"http://127.0.0.1:{self._server.server_address[1]}"
        self.url = f"{self.origin}/tenant"

    def documents(self) -> dict[str, dict[str, Any]]:
        """What it publishes, by path."""
        public, point = self.rsa.public_key().public_numbers(), self.curve.public_key().public_numbers()
        keys = [
            {"kty": "RSA", "kid": "rsa", "use": "sig", "alg": "RS256", "n": _number(public.n), "e": _number(public.e)},
            {"kty": "EC", "kid": "curve", "crv": "P-256", "x": _number(point.x, 32), "y": _number(point.y, 32)},
        ]
        return {
            "/tenant/.well-known/openid-configuration": {"issuer": self.url, "jwks_uri": f"{self.url}/keys"},
            "/tenant/keys": {"keys": keys},
        }

    def token(self, key: str = "rsa", **claims: object) -> str:
        """A token with good claims, but for those given; `None` leaves one out."""
        now = int(time.time())
        said = {"iss": self.url, "sub": "repo:corp/app", "aud": "bailey", "iat": now, "exp": now + 600} | claims
        payload = {name: value for name, value in said.items() if value is not None}
        header = {"alg": "RS256" if key == "rsa" else "ES256", "kid": key, "typ": "JWT"}
        signed = ".".join(_text(json.dumps(part).encode()) for part in (header, payload)).encode()
        if key == "rsa":
            signature = self.rsa.sign(signed, padding.PKCS1v15(), hashes.SHA256())
        else:
            r, s = decode_dss_signature(self.curve.sign(signed, ec.ECDSA(hashes.SHA256())))
            signature = r.to_bytes(32, "big") + s.to_bytes(32, "big")
        return f"{signed.decode()}.{_text(signature)}"

    def close(self) -> None:
        """Stops listening."""
        self._server.shutdown()
        self._server.server_close()

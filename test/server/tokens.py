"""Login tokens as others read, make and forge them; for test/server/tokens.

tokens.py open    reads what the database knows of the test's realms, adds the private halves of their keys
tokens.py verify  has PyJWT verify the realms' tokens
tokens.py make    has PyJWT make tokens with our keys
tokens.py forge   makes forgeries, and beside them controls that differ in nothing but the defect
tokens.py edges   makes tokens that are just good enough, or just not, for every second of the next minute
tokens.py retired makes tokens that are to be judged once the realms' keys were retired two hours ago
tokens.py forged  makes tokens by keys that were written into the table: one of small order, for which there need be no secret, a stranger's

Wherever a signature has to be right so that only the other defect can be why a token is refused, it is right: made with
the realm's own private key. What is printed for the database is CSV: name, algorithm, expected, realm, token.
"""

import base64
import csv
import ctypes
import ctypes.util
import hashlib
import hmac
import json
import sys
import time

import jwt
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa

SKEW = 30  # seconds that clocks may differ
MAX_SIZE = 65536  # bytes of a token
MAX_DEPTH = 64  # of objects and arrays in the claims
ED25519_ORDER = 2**252 + 27742317777372353535851937790883648493

# ---- bytes ----


def b64(data):
    """Write base64url without padding."""
    data = data.encode() if isinstance(data, str) else data
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text):
    """Read base64url without padding."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def compact(value):
    """Write JSON as we do."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def unseal(sealed, context, master_key):
    """Open a sealed half: nonce, then XChaCha20-Poly1305 of libsodium's, bound to all that the row says of the key."""
    sodium = ctypes.CDLL(ctypes.util.find_library("sodium"))
    out = ctypes.create_string_buffer(len(sealed))
    size = ctypes.c_ulonglong()
    if sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(
        out, ctypes.byref(size), None,
        sealed[24:], ctypes.c_ulonglong(len(sealed) - 24),
        context, ctypes.c_ulonglong(len(context)),
        sealed[:24], master_key,
    ):
        sys.exit("a sealed key does not open")
    return out.raw[: size.value]


# ---- keys ----


class Key:
    """A key of a realm, with its private half."""

    def __init__(self, alg, kid, private):
        self.alg, self.kid = alg, kid
        if alg == "HS256":
            self.secret = private
        elif alg == "EdDSA":
            self.secret = ed25519.Ed25519PrivateKey.from_private_bytes(private[:32])
        else:
            self.secret = serialization.load_der_private_key(private, None)

    def sign(self, message):
        if self.alg == "HS256":
            return hmac.digest(self.secret, message, "sha256")
        if self.alg == "EdDSA":
            return self.secret.sign(message)
        return self.secret.sign(message, padding.PKCS1v15(), hashes.SHA256())

    def header(self, **changes):
        """Return a header; a change to None leaves the member out."""
        header = {"alg": self.alg, "typ": "JWT", "kid": self.kid, **changes}
        return {name: value for name, value in header.items() if value is not None}

    def token(self, payload, header=None, sign=None):
        """Sign a payload and a header, each given as text, bytes or object, or as a segment that is written already."""
        segments = [segment(self.header() if header is None else header), segment(payload)]
        message = ".".join(segments).encode()
        return ".".join([*segments, b64((sign or self.sign)(message))])

    def encoded(self):
        """Return the public half in every form in which somebody may take it for a secret."""
        forms = serialization.Encoding, serialization.PublicFormat
        public = self.secret.public_key()
        pem = public.public_bytes(forms[0].PEM, forms[1].SubjectPublicKeyInfo)
        yield "PEM", pem
        yield "PEM without its last line feed", pem.rstrip(b"\n")
        yield "DER", public.public_bytes(forms[0].DER, forms[1].SubjectPublicKeyInfo)
        if self.alg == "EdDSA":
            raw = public.public_bytes(forms[0].Raw, forms[1].Raw)
            yield "raw bytes", raw
            yield "base64url", b64(raw).encode()
        else:
            numbers = public.public_numbers()
            raw = numbers.n.to_bytes(256, "big")
            yield "PKCS #1 DER", public.public_bytes(forms[0].DER, forms[1].PKCS1)
            yield "raw bytes", raw
            yield "base64url", b64(raw).encode()


class Written(str):
    """A segment that is written already."""


def segment(value):
    if isinstance(value, Written):
        return str(value)
    return b64(value if isinstance(value, (str, bytes)) else compact(value))


class Realm:
    """A realm with its key, and two of its users with a token each."""

    def __init__(self, world, name):
        known = world["realms"][name]
        self.name, self.id, self.aud = name, known["id"], known["aud"]
        self.key = Key(known["alg"], known["kid"], bytes.fromhex(known["private"]))
        self.tokens = known["tokens"]
        self.reveal, self.jwks = known["reveal"], known["jwks"]
        self.ended, self.expired = known.get("ended"), known.get("expired")

    def claims(self, user="ada", **changes):
        """Return a user's claims as we wrote them; a change to None leaves the claim out."""
        claims = {**json.loads(unb64(self.tokens[user].split(".")[1])), **changes}
        return {name: value for name, value in claims.items() if value is not None}


def open_world(world):
    """Add the private halves of the keys."""
    master_key = bytes.fromhex(world["master_key"])
    for realm in world["realms"].values():
        context = bytes.fromhex(realm["id"].replace("-", "")) + b"\0".join(
            (realm["kid"].encode(), realm["alg"].encode(), bytes.fromhex(realm["public"])))
        realm["private"] = unseal(bytes.fromhex(realm["sealed"]), context, master_key).hex()
    return world


# ---- verifying and making, by PyJWT ----


def verify(realm, token, key):
    """Return what PyJWT thinks of a token."""
    try:
        claims = jwt.decode(token, key, algorithms=[realm.key.alg], audience=realm.aud)
    except jwt.PyJWTError as error:
        return type(error).__name__
    return "verified" if claims == realm.claims() else "other claims"


def verify_all(realms):
    """Print: with which key, what PyJWT thinks of the realm's token."""
    for realm, other in realms:
        token = realm.tokens["ada"]
        kid = jwt.get_unverified_header(token)["kid"]
        print(realm.key.alg, "by reveal_jwt_key:", verify(realm, token, realm.reveal))
        for jwk in realm.jwks["keys"]:
            if jwk["kid"] == kid:
                print(realm.key.alg, "by jwks:", verify(realm, token, jwt.PyJWK(jwk).key))
        print(realm.key.alg, "by another realm's key:", verify(realm, token, other.reveal))


def make(realm):
    """Return a token that PyJWT made with our key, kid and claims."""
    return jwt.encode(realm.claims(), realm.key.secret, realm.key.alg, headers={"kid": realm.key.kid})


# ---- forging ----


def spoil_bits(text):
    """Set a spare bit in the last character of base64url that has some."""
    digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    assert len(text) % 4, "no spare bits"
    return Written(text[:-1] + digits[digits.index(text[-1]) + 1])


def with_spare_bits(value):
    """Write JSON with blanks behind it until base64url leaves spare bits."""
    text = compact(value)
    return b64(text if len(text) % 3 else text + " ")


def nested(depth):
    """Return arrays in arrays."""
    return "[" * depth + "]" * depth


def sized(key, claims, size):
    """Return a token of just this size, or of the next one that there can be."""
    padding_size = size * 3 // 4 - 1024
    while True:
        token = key.token({**claims, "x": "a" * padding_size})
        if len(token) >= size:
            return token
        padding_size += max(1, (size - len(token)) * 3 // 4 - 4)


def largest(key, claims):
    """Return the largest token that is not too large; sizes step over one of four numbers."""
    token = sized(key, claims, MAX_SIZE - 1)
    return token if len(token) <= MAX_SIZE else sized(key, claims, MAX_SIZE - 2)


def signed_with(key, claims, *texts):
    """Return a token whose signature has all these in it: what is signed, with the dot, and the signature."""
    tries = 0
    while True:
        tries += 1
        message, _, signature = key.token({**claims, "x": tries}).rpartition(".")
        if all(text in signature for text in texts):
            return message + ".", signature


def header_forgeries(realm, other):
    """Headers that we did not write, over a signature that is right."""
    key, claims = realm.key, realm.claims()

    def changed(**changes):
        return key.token(claims, key.header(**changes))

    yield "a header without alg", changed(alg=None)
    yield "alg null", key.token(claims, {**key.header(), "alg": None})
    yield "alg a number", changed(alg=1)
    yield "alg in an array", changed(alg=[key.alg])
    yield "alg in lower case", changed(alg=key.alg.lower())
    yield "alg in the other case", changed(alg=key.alg.swapcase())
    yield "alg and a blank", changed(alg=key.alg + " ")
    yield "alg and an escaped NUL", changed(alg=key.alg + "\0")
    for alg in "", "HS384", "HS512", "RS384", "RS512", "PS256", "ES256", "Ed25519", "EdDSA25519", "*":
        yield f'alg "{alg}" over our own signature', changed(alg=alg)
    for alg in {"HS256", "EdDSA", "RS256"} - {key.alg}:
        yield "alg of another key over our own signature", changed(alg=alg)
    yield "a header without kid", changed(kid=None)
    yield "an empty kid", changed(kid="")
    yield "a kid that we do not know", changed(kid=key.kid[:-1] + ("0" if key.kid[-1] != "0" else "1"))
    yield "a kid that is longer by one", changed(kid=key.kid + "0")
    yield "the kid in another case", changed(kid=key.kid.swapcase())
    yield "the kid and a blank", changed(kid=key.kid + " ")
    yield "kid ' OR 1=1", changed(kid="' OR 1=1 --")
    yield "the kid and ' OR '1'='1", changed(kid=key.kid + "' OR '1'='1")
    yield "kid % (LIKE)", changed(kid="%")
    yield "kid ../../etc/passwd", changed(kid="../../../../etc/passwd")
    yield "a kid of 64 characters", changed(kid="k" * 64)
    yield "a kid of 65 characters", changed(kid="k" * 65)
    yield "a kid of 40 KiB", changed(kid="k" * 40960)
    yield "a kid of 64 KiB", changed(kid="k" * 65536)
    yield "the kid and an escaped NUL", changed(kid=key.kid + "\0")
    yield "the kid and an escaped NUL and more", changed(kid=key.kid + "\0evil")
    yield "the kid in an array", changed(kid=[key.kid])
    yield "the kid in an object", changed(kid={"kid": key.kid})
    yield "kid 0", changed(kid=0)
    yield "kid true", changed(kid=True)
    yield "a header without typ", changed(typ=None)
    yield "typ null", key.token(claims, {**key.header(), "typ": None})
    for typ in "jwt", "JWT ", "", "at+jwt", "JOSE", "JWS", "application/jwt":
        yield f'typ "{typ}"', changed(typ=typ)
    yield "typ in an array", changed(typ=["JWT"])
    yield "a Cyrillic look-alike as typ", changed(typ="J\u0429T")
    yield "crit", changed(crit=["exp"])
    yield "an empty crit", changed(crit=[])
    yield "crit with b64", changed(crit=["b64"], b64=True)
    yield "b64 true", changed(b64=True)
    yield "b64 false", changed(b64=False)
    yield "jku", changed(jku="https://evil.test/jwks.json")
    yield "jku of our own", changed(jku="https://app.example/.well-known/jwks.json")
    yield "x5u", changed(x5u="https://evil.test/x5u.pem")
    yield "x5c", changed(x5c=["MIIB"])
    yield "x5t", changed(x5t=b64(b"x" * 20))
    yield "jwk", changed(jwk={"kty": "oct", "k": b64("evil")})
    yield "cty JWT", changed(cty="JWT")
    yield "zip DEF", changed(zip="DEF")
    yield "enc", changed(enc="A256GCM")
    yield "p2c", changed(p2c=2**31)
    yield "a member of our own making", changed(x="")
    yield "a claim in the header", changed(exp=2**31)
    named = [f'"{name}":"{value}"' for name, value in key.header().items()]
    for name, value in key.header().items():
        yield f"{name} twice in the header", key.token(claims, "{%s}" % ",".join([*named, f'"{name}":"{value}"']))
        yield f"{name} twice, differing, in the header", key.token(claims, "{%s}" % ",".join([f'"{name}":"x"', *named]))
        escaped = "\\u%04x%s" % (ord(name[0]), name[1:])
        yield f"{name} twice, once as {escaped}", key.token(claims, "{%s}" % ",".join([*named, f'"{escaped}":"{value}"']))
    text = compact(key.header())
    yield "a header in an array", key.token(claims, f"[{text}]")
    yield "a header that is a string", key.token(claims, compact(text))
    yield "a header that is null", key.token(claims, "null")
    yield "an empty object as header", key.token(claims, "{}")
    yield "a header with something behind it", key.token(claims, text + "x")
    yield "a header with a NUL behind it", key.token(claims, text + "\0")
    yield "two headers", key.token(claims, text + text)
    yield "a header with a byte order mark", key.token(claims, "\ufeff" + text)
    yield "a header with a trailing comma", key.token(claims, text[:-1] + ",}")
    yield "a header with a comment", key.token(claims, "/**/" + text)
    yield "a header cut short", key.token(claims, text[:-1])
    yield "a header in UTF-16", key.token(claims, text.encode("utf-16-le"))
    yield "a header with a byte that is no UTF-8", key.token(claims, text.encode().replace(b"JWT", b"JWT\xff"))
    yield "a header with 240 blanks", key.token(claims, text + " " * 240)


def signature_forgeries(realm, other):
    """Signatures that do not fit."""
    key, claims = realm.key, realm.claims()
    message, signature = key.token(claims).rsplit(".", 1)
    raw = unb64(signature)

    def signed(raw):
        return message + "." + b64(raw)

    for alg in "none", "None", "NONE", "nOnE", " none", "":
        unsigned = key.token(claims, key.header(alg=alg), lambda message: b"")
        yield f'alg "{alg}" without signature', unsigned
        yield f'alg "{alg}" with a signature', unsigned + signature
        yield f'alg "{alg}" without the last dot', unsigned[:-1]
    yield "our alg without signature", message + "."
    yield "a signature cut by one byte", signed(raw[:-1])
    yield "half a signature", signed(raw[: len(raw) // 2])
    yield "a signature with a byte more", signed(raw + b"\0")
    yield "a signature behind a byte more", signed(b"\0" + raw)
    yield "a signature twice", signed(raw + raw)
    yield "a signature of zeros", signed(bytes(len(raw)))
    yield "a signature of 513 bytes", signed(raw + bytes(513 - len(raw)))
    yield "the first bit of the signature changed", signed(bytes([raw[0] ^ 0x80]) + raw[1:])
    yield "the last bit of the signature changed", signed(raw[:-1] + bytes([raw[-1] ^ 1]))
    yield "the signature of another token", key.token(realm.claims(iat=realm.claims()["iat"] - 1)).rsplit(".", 1)[0] + "." + signature
    yield "another's claims under a user's signature", ".".join([segment(key.header()), segment(realm.claims("bob")), signature])
    yield "a signature over the decoded text", key.token(
        claims, sign=lambda message: key.sign(b".".join(unb64(part) for part in message.decode().split("."))))
    yield "a signature over the payload only", key.token(claims, sign=lambda message: key.sign(message.split(b".")[1]))
    yield "another realm's key under our kid", key.token(claims, sign=other.key.sign)
    yield "another realm's key under its kid, to us", other.key.token(claims)
    yield "our key under another realm's kid", key.token(claims, key.header(kid=other.key.kid))
    yield "our key under its kid, to another realm", key.token(realm.claims(aud=other.aud))
    yield "another realm's key, to that realm, under our kid", other.key.token(other.claims(), other.key.header(kid=key.kid))
    yield "our key under our kid, for another realm's user and session", key.token(other.claims(aud=realm.aud))
    yield from {"HS256": hmac_forgeries, "EdDSA": eddsa_forgeries, "RS256": rsa_forgeries}[key.alg](realm, message, raw)


def stranger(alg):
    """Return a key that is nobody's."""
    forms = serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    private = {
        "HS256": lambda: b"jsk_" + b64(bytes(range(32))).encode(),
        "EdDSA": lambda: bytes(range(32)),
        "RS256": lambda: rsa.generate_private_key(65537, 2048).private_bytes(*forms),
    }
    return Key(alg, "stranger", private[alg]())


def swapped(realm, alg):
    """Return a token signed with a stranger's key by another algorithm than our kid's."""
    return realm.key.token(realm.claims(), realm.key.header(alg=alg), stranger(alg).sign)


def hmac_forgeries(realm, message, raw):
    key, claims, secret = realm.key, realm.claims(), realm.key.secret
    for name, wrong in (
        ("the secret without its prefix", secret[4:]),
        ("the secret's decoded bytes", unb64(secret[4:].decode())),
        ("no secret", b""),
        ("a blank", b" "),
        ("the secret and a line feed", secret + b"\n"),
        ("the kid", key.kid.encode()),
        ("the realm's id", realm.id.encode()),
        ("the public key, which is none", b"{\"keys\":[]}"),
    ):
        yield f"HMAC under {name}", key.token(claims, sign=lambda message, wrong=wrong: hmac.digest(wrong, message, "sha256"))
    for bits in "384", "512":
        yield f"HS{bits} under our secret", key.token(
            claims, key.header(alg=f"HS{bits}"), lambda message, bits=bits: hmac.digest(secret, message, f"sha{bits}"))
        yield f"HS{bits} under our secret, as HS256", key.token(
            claims, sign=lambda message, bits=bits: hmac.digest(secret, message, f"sha{bits}"))
    yield "plain SHA-256", key.token(claims, sign=lambda message: hashlib.sha256(message).digest())
    yield "SHA-256 of secret and message", key.token(claims, sign=lambda message: hashlib.sha256(secret + message).digest())
    yield "half a MAC", message + "." + b64(raw[:16])
    yield "a MAC in hexadecimal", message + "." + b64(raw.hex())
    yield "EdDSA by a stranger under our kid", swapped(realm, "EdDSA")
    yield "RS256 by a stranger under our kid", swapped(realm, "RS256")


def public_key_forgeries(realm):
    """The public key as secret of an HMAC."""
    for name, secret in realm.key.encoded():
        yield f"HS256 under the public key's {name}", realm.key.token(
            realm.claims(), realm.key.header(alg="HS256"), lambda message: hmac.digest(secret, message, "sha256"))
    for name, secret in ("nothing", b""), ("32 zero bytes", bytes(32)), ("64 zero bytes", bytes(64)):
        yield f"HS256 under {name}", realm.key.token(
            realm.claims(), realm.key.header(alg="HS256"), lambda message: hmac.digest(secret, message, "sha256"))
    jwk = compact(realm.jwks["keys"][0]).encode()
    yield "HS256 under the JWK", realm.key.token(
        realm.claims(), realm.key.header(alg="HS256"), lambda message: hmac.digest(jwk, message, "sha256"))
    yield "the alg of our kid over an HMAC under the PEM", realm.key.token(
        realm.claims(), sign=lambda message: hmac.digest(realm.reveal.encode(), message, "sha256"))
    yield "a stranger's key, shown in jwk", realm.key.token(
        realm.claims(), realm.key.header(jwk={"kid": realm.key.kid}), stranger(realm.key.alg).sign)


def eddsa_forgeries(realm, message, raw):
    key, claims = realm.key, realm.claims()
    yield from public_key_forgeries(realm)
    s = int.from_bytes(raw[32:], "little")
    for times in 1, 2, 15:
        if s + times * ED25519_ORDER < 2**256:
            yield f"S + {times} L", message + "." + b64(raw[:32] + (s + times * ED25519_ORDER).to_bytes(32, "little"))
    yield "L - S", message + "." + b64(raw[:32] + (ED25519_ORDER - s).to_bytes(32, "little"))
    yield "R of another sign", message + "." + b64(raw[:31] + bytes([raw[31] ^ 0x80]) + raw[32:])
    yield "R of small order, S to fit", message + "." + b64(small_order_signature(key, message.encode()))
    yield "R and S swapped", message + "." + b64(raw[32:] + raw[:32])
    yield "the signature behind its message", message + "." + b64(raw + message.encode()[:400])
    yield "a signature of the message's SHA-512", key.token(claims, sign=lambda message: key.sign(hashlib.sha512(message).digest()))
    yield "RS256 by a stranger under our kid", swapped(realm, "RS256")


def small_order_signature(key, message):
    """Sign so that R is the neutral point and the equation holds: only a look at R tells."""
    forms = serialization.Encoding.Raw, serialization.PrivateFormat.Raw, serialization.NoEncryption()
    digest = bytearray(hashlib.sha512(key.secret.private_bytes(*forms)).digest()[:32])
    digest[0] &= 248
    digest[31] = digest[31] & 127 | 64
    r = b"\1" + bytes(31)
    public = key.secret.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    k = int.from_bytes(hashlib.sha512(r + public + message).digest(), "little")
    return r + (k * int.from_bytes(digest, "little") % ED25519_ORDER).to_bytes(32, "little")


def rsa_forgeries(realm, message, raw):
    key, claims = realm.key, realm.claims()
    yield from public_key_forgeries(realm)
    n = key.secret.public_key().public_numbers().n
    for name, pad, digest in (
        ("PSS", padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256()),
        ("SHA-1", padding.PKCS1v15(), hashes.SHA1()),
        ("SHA-384", padding.PKCS1v15(), hashes.SHA384()),
        ("SHA-512", padding.PKCS1v15(), hashes.SHA512()),
    ):
        yield f"RSA with {name}", key.token(claims, sign=lambda message, pad=pad, digest=digest: key.secret.sign(message, pad, digest))
    yield "PS256 with our key", key.token(
        claims, key.header(alg="PS256"), lambda message: key.secret.sign(message, padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256()))
    yield "RS512 with our key", key.token(
        claims, key.header(alg="RS512"), lambda message: key.secret.sign(message, padding.PKCS1v15(), hashes.SHA512()))
    yield "an RSA signature plus the modulus", message + "." + b64((int.from_bytes(raw, "big") + n).to_bytes(257, "big"))
    yield "an RSA signature of 1", message + "." + b64((1).to_bytes(256, "big"))
    yield "an RSA signature of n - 1", message + "." + b64((n - 1).to_bytes(256, "big"))
    yield "an RSA signature in reverse", message + "." + b64(raw[::-1])
    yield "the modulus as signature", message + "." + b64(n.to_bytes(256, "big"))
    yield "EdDSA by a stranger under our kid", swapped(realm, "EdDSA")


def form_forgeries(realm, other):
    """A token in another form than the one and only."""
    key, claims = realm.key, realm.claims(x="???>>>~~~")
    token = key.token(claims)
    header, payload, signature = token.split(".")

    def rewritten(part, how):
        """Sign a text whose header or payload is written otherwise."""
        segments = [header, payload]
        segments[part] = Written(how(segments[part]))
        return key.token(segments[1] if part == 1 else Written(payload), segments[0] if part == 0 else Written(header))

    for part, name in enumerate(("header", "payload")):
        yield f"padding behind the {name}", rewritten(part, lambda text: text + "=" * (-len(text) % 4 or 4))
        yield f"one = behind the {name}", rewritten(part, lambda text: text + "=")
        yield f"a blank in the {name}", rewritten(part, lambda text: text[:8] + " " + text[8:])
        yield f"a line feed behind the {name}", rewritten(part, lambda text: text + "\n")
        yield f"a tab before the {name}", rewritten(part, lambda text: "\t" + text)
        yield f"a letter beyond ASCII in the {name}", rewritten(part, lambda text: text[:8] + "\u00e9" + text[9:])
        yield f"a full-width letter in the {name}", rewritten(part, lambda text: text[:8] + "\uff21" + text[9:])
        yield f"a letter beyond the BMP behind the {name}", rewritten(part, lambda text: text + "\U0001d400")
        yield f"a percent-encoded letter in the {name}", rewritten(part, lambda text: text[:8] + "%%%02X" % ord(text[8]) + text[9:])
        yield f"half a byte more behind the {name}", rewritten(part, lambda text: text + "A" * (5 - len(text) % 4))
    spare_header, spare_payload = with_spare_bits(key.header()), with_spare_bits(claims)
    yield "spare bits in the header", key.token(claims, spoil_bits(spare_header))
    yield "spare bits in the payload", key.token(spoil_bits(spare_payload))
    yield "spare bits in the signature", ".".join([header, payload, spoil_bits(signature)])
    assert set("-_") & set(payload)
    yield "+ and / in the payload", rewritten(1, lambda text: text.replace("-", "+").replace("_", "/"))
    odd = signed_with(key, claims, "-", "_")
    yield "+ and / in the signature", odd[0] + odd[1].replace("-", "+").replace("_", "/")
    # To libsodium's decoder every byte beyond ASCII is an underscore.
    odd = signed_with(key, claims, "__")
    yield "a letter beyond ASCII for two underscores in the signature", odd[0] + odd[1].replace("__", "\u00e9", 1)
    yield "padding behind the signature", token + "=" * (-len(token.split(".")[2]) % 4)
    yield "a blank before the token", " " + token
    yield "a blank behind it", token + " "
    yield "a line feed behind it", token + "\n"
    yield "a carriage return and line feed behind it", token + "\r\n"
    yield "a no-break space behind it", token + "\u00a0"
    yield "a letter beyond ASCII in the signature", token[:-8] + "\u00e9" + token[-7:]
    yield "a comma behind it", token + ","
    yield "quotation marks around it", f'"{token}"'
    yield "Bearer before it", "Bearer " + token
    yield "a dot behind it", token + "."
    yield "a dot before it", "." + token
    yield "two dots in it", token.replace(".", "..", 1)
    yield "four segments", token + "." + b64("{}")
    yield "five segments", ".".join([token, "", ""])
    yield "two segments", token.rsplit(".", 1)[0]
    yield "two segments, the latter", token.split(".", 1)[1]
    yield "one segment", payload
    yield "no header", "." + token.split(".", 1)[1]
    yield "no payload", key.token(Written(""))
    yield "an empty payload, signed", key.token("")
    yield "no header and no payload", key.token(Written(""), Written(""))
    yield "two dots", ".."
    yield "nothing", ""
    yield "dots", "." * 65536
    yield "the JSON serialisation", compact({"protected": header, "payload": payload, "signature": signature})
    yield "a token twice", token + token
    yield "a detached payload", ".".join([header, "", signature])
    yield "header and payload swapped", key.token(key.header(), claims)
    yield "the payload as it is", key.token(Written(compact(realm.claims())))
    yield "base64 of base64", key.token(segment(claims))
    yield "one size too large", sized(key, claims, MAX_SIZE + 1)
    yield "twice the size", sized(key, claims, 2 * MAX_SIZE)
    yield "half a megabyte", sized(key, claims, 1 << 19)


def claim_forgeries(realm, other):
    """Claims that we did not write, under our own signature."""
    key = realm.key
    claims = realm.claims()
    bob = realm.claims("bob")
    now = int(time.time())

    def changed(**changes):
        return key.token(realm.claims(**changes))

    for name in "aud", "uid", "sub", "tk", "sid", "gen", "iat", "exp":
        yield f"a token without {name}", changed(**{name: None})
        yield f"{name} null", key.token({**claims, name: None})
        yield f"{name} in an array", changed(**{name: [claims[name]]})
        yield f"{name} in an object", changed(**{name: {name: claims[name]}})
        yield f"{name} true", changed(**{name: True})
        yield f"{name} an empty text", changed(**{name: ""})
        text = compact(claims)
        yield f"{name} twice", key.token(text[:-1] + ',"%s":%s}' % (name, compact(claims[name])))
        escaped = "\\u%04x%s" % (ord(name[0]), name[1:])
        yield f"{name} twice, once as {escaped}", key.token(text[:-1] + ',"%s":%s}' % (escaped, compact(claims[name])))
        yield f"{name} in capitals only", key.token(text.replace(f'"{name}":', f'"{name.upper()}":'))
    yield "aud of several", changed(aud=[claims["aud"], other.aud])
    yield "aud of another realm", changed(aud=other.aud)
    yield "aud as UUID", changed(aud=realm.id)
    yield "aud with a user's prefix", changed(aud=claims["aud"].replace("rl_", "usr_"))
    yield "aud without prefix", changed(aud=claims["aud"][3:])
    yield "aud and a blank", changed(aud=claims["aud"] + " ")
    yield "aud and an escaped NUL", changed(aud=claims["aud"] + "\0")
    yield "aud of 64 characters", changed(aud=claims["aud"].ljust(64, "0"))
    yield "aud of 60 KiB", changed(aud="rl_" + "0" * 45000)
    yield "aud beyond 128 bits", changed(aud="rl_" + "z" * 22)
    yield "aud and not aud", key.token(compact(claims)[:-1] + ',"aud":"%s"}' % other.aud)
    yield "not aud and aud", key.token('{"aud":"%s",' % other.aud + compact(claims)[1:])
    for name in "sub", "uid":
        yield f"{name} of another user", changed(**{name: bob[name]})
        yield f"{name} of nobody", changed(**{name: claims["uid"][:-1] + ("0" if claims["uid"][-1] != "0" else "1")})
    nobody = claims["uid"][:-4] + "0000"
    yield "sub and uid of nobody", changed(sub=nobody, uid=nobody)
    yield "sub and uid of another user", changed(sub=bob["sub"], uid=bob["uid"])
    yield "sub and uid of another realm's user", changed(sub=other.claims()["sub"], uid=other.claims()["uid"])
    yield "sub and uid with an org's prefix", changed(**{name: claims[name].replace("usr_", "org_") for name in ("sub", "uid")})
    yield "sub and uid in SQL", changed(**{name: claims[name] + "' OR '1'='1" for name in ("sub", "uid")})
    for name in "sid", "tk":
        yield f"{name} of another session", changed(**{name: bob[name]})
    yield "sid and tk of another user's session", changed(sid=bob["sid"], tk=bob["tk"])
    yield "sid and tk of another realm's session", changed(sid=other.claims()["sid"], tk=other.claims()["tk"])
    unknown = claims["tk"][:-4] + "0000"
    yield "sid and tk of a session that there is not", changed(sid=unknown, tk=unknown)
    for prefix in "usr", "KSS", "ks", "kss_kss", "":
        tk = prefix + claims["tk"][3:]
        yield f'sid and tk with the prefix "{prefix}"', changed(sid=tk, tk=tk)
    yield "sid and tk of an ended session", changed(sid=realm.ended, tk=realm.ended)
    yield "sid and tk of an expired session", changed(sid=realm.expired, tk=realm.expired)
    # Its owner's token in all but the session; whether a session is managed is not for the token to say.
    eve = {name: realm.claims("eve")[name] for name in ("uid", "sub", "un", "n", "fn")}
    for name, tk in ("ended", realm.ended), ("expired", realm.expired):
        yield f"a user's own {name} session", changed(**eve, sid=tk, tk=tk)
    for name in "iat", "exp":
        value = claims[name]
        yield f"{name} with a fraction", changed(**{name: value + 0.5})
        yield f"{name} with a fraction of nothing", key.token(compact(claims).replace(f'"{name}":{value}', f'"{name}":{value}.0'))
        yield f"{name} with an exponent", key.token(compact(claims).replace(f'"{name}":{value}', f'"{name}":{value}e0'))
        yield f"{name} as text", changed(**{name: str(value)})
        yield f"{name} negative", changed(**{name: -value})
        yield f"{name} -1", changed(**{name: -1})
        yield f"{name} 2^63", changed(**{name: 2**63})
        yield f"{name} 2^64 and more", changed(**{name: 2**64 + value})
        yield f"{name} 10^400", changed(**{name: 10**400})
        yield f"{name} 1e400", key.token(compact(claims).replace(f'"{name}":{value}', f'"{name}":1e400'))
        yield f"{name} in hexadecimal", key.token(compact(claims).replace(f'"{name}":{value}', f'"{name}":{value:#x}'))
        yield f"{name} with a leading zero", key.token(compact(claims).replace(f'"{name}":{value}', f'"{name}":0{value}'))
        yield f"{name} with a plus", key.token(compact(claims).replace(f'"{name}":{value}', f'"{name}":+{value}'))
        yield f"{name} in milliseconds" if name == "iat" else f"{name} in minutes", changed(
            **{name: value * 1000 if name == "iat" else value // 60})
    yield "exp 0", changed(exp=0)
    yield "exp an hour ago", changed(iat=now - 7200, exp=now - 3600)
    yield "exp NaN", key.token(compact(claims).replace(f'"exp":{claims["exp"]}', '"exp":NaN'))
    yield "exp Infinity", key.token(compact(claims).replace(f'"exp":{claims["exp"]}', '"exp":Infinity'))
    yield "iat in an hour", changed(iat=now + 3600, exp=now + 7200)


def payload_forgeries(realm, other):
    """Payloads that are not one JSON object of valid UTF-8 with each member once, under our own signature."""
    key, claims = realm.key, realm.claims()
    text = compact(claims)

    def added(member):
        return key.token((text[:-1] + ",").encode() + member + b"}")

    yield "claims in an array", key.token(f"[{text}]")
    yield "claims as a string", key.token(compact(text))
    yield "a number as claims", key.token("1")
    yield "null as claims", key.token("null")
    yield "no claims", key.token("{}")
    yield "claims and more behind them", key.token(text + "x")
    yield "claims and a NUL behind them", key.token(text + "\0")
    yield "claims and a NUL before them", key.token("\0" + text)
    yield "claims twice", key.token(text + text)
    yield "claims with a byte order mark", key.token("\ufeff" + text)
    yield "claims in UTF-16", key.token(text.encode("utf-16-le"))
    yield "claims cut short", key.token(text[:-1])
    yield "claims with a trailing comma", key.token(text[:-1] + ",}")
    yield "claims with a comment", key.token(text[:-1] + "/**/}")
    yield "claims in single quotes", key.token(text.replace('"', "'"))
    yield "a claim without quotes", added(b"x:1")
    yield "a claim that is NaN", added(b'"x":NaN')
    yield "a claim that is a lone minus", added(b'"x":-')
    yield "a claim that is nothing", added(b'"x":')
    yield "a claim that is undefined", added(b'"x":undefined')
    yield "a NUL behind a number", added(b'"x":1\0')
    yield "a NUL behind exp", key.token(text.replace(f'{claims["exp"]}', f'{claims["exp"]}\0'))
    yield "a NUL in a claim", added(b'"x":"a\0b"')
    yield "an escaped NUL in a claim", added(b'"x":"a\\u0000b"')
    yield "an escaped NUL in the name of a claim", added(b'"x\\u0000":1')
    yield "a line feed in a claim", added(b'"x":"a\nb"')
    yield "an escape that there is not", added(b'"x":"\\x41"')
    yield "half an escape", added(b'"x":"\\u00"')
    yield "half a surrogate pair, escaped", added(b'"x":"\\ud800"')
    yield "the other half, escaped", added(b'"x":"\\udc00"')
    yield "a surrogate pair in UTF-8", added(b'"x":"\xed\xa0\x80\xed\xb0\x80"')
    yield "an overlong slash", added(b'"x":"\xc0\xaf"')
    yield "an overlong NUL", added(b'"x":"\xc0\x80"')
    yield "a byte that is no UTF-8", added(b'"x":"\xff"')
    yield "UTF-8 cut short", added(b'"x":"\xe2\x82"')
    yield "UTF-8 beyond U+10FFFF", added(b'"x":"\xf4\x90\x80\x80"')
    yield "Latin-1", added('"x":"\u00e9"'.encode("latin-1"))
    yield "a claim of no interest twice", added(b'"x":1,"x":1')
    yield "a member twice inside a claim", added(b'"x":{"a":1,"a":1}')
    yield "a member twice deep inside a claim", added(b'"x":[{"y":{"a":1,"\\u0061":2}}]')
    yield "a number of 309 digits", added(b'"x":' + b"1" * 309)
    yield "arrays nested too deep", added(b'"x":' + nested(MAX_DEPTH).encode())
    yield "objects nested too deep", added(b'"x":' + b'{"x":' * (MAX_DEPTH - 1) + b"{}" + b"}" * (MAX_DEPTH - 1))
    yield "arrays nested a thousand deep", added(b'"x":' + nested(1000).encode())
    yield "arrays nested 20,000 deep", added(b'"x":' + nested(20000).encode())
    yield "20,000 opening brackets", key.token("[" * 20000)


def controls(realm, other):
    """What differs from forgeries above in nothing but the defect."""
    key, claims = realm.key, realm.claims()
    payload = compact(claims)
    now = int(time.time())
    yield "the server's own token", realm.tokens["ada"]
    yield "the same claims, signed here", key.token(claims)
    yield "the other realm's, likewise", other.key.token(other.claims())
    yield "another order of the header", key.token(claims, dict(reversed(key.header().items())))
    yield "another order of the claims", key.token(dict(reversed(claims.items())))
    yield "blanks in the JSON", key.token(json.dumps(claims, indent=1), json.dumps(key.header(), indent=1))
    yield "escapes in the header", key.token(claims, compact(key.header()).replace('"alg"', '"\\u0061lg"'))
    yield "escapes in the claims", key.token(payload.replace('"exp"', '"\\u0065xp"'))
    yield "spare bits of zero in the header", key.token(claims, Written(with_spare_bits(key.header())))
    yield "spare bits of zero in the payload", key.token(Written(with_spare_bits(claims)))
    yield "a claim that we do not know", key.token({**claims, "x": "???>>>~~~"})
    yield "an odd claim", key.token({**claims, "x": "\u00e9\U0001d400\x7f", "y": [1, -0.5, 1e-300, None, True, {}]})
    yield "a member of the same name elsewhere", key.token(payload[:-1] + ',"x":{"aud":1},"y":[{"a":1},{"a":1}]}')
    yield "arrays nested just as deep as may be", key.token(payload[:-1] + ',"x":%s}' % nested(MAX_DEPTH - 1))
    yield "a whole number beyond 64 bits", key.token({**claims, "x": [2**64, -(2**64)]})
    yield "just as large as may be", largest(key, claims)
    yield "iat half an hour ago", key.token(realm.claims(iat=now - 1800))
    yield "exp in a second", key.token(realm.claims(exp=now + 1))
    yield "the ended session's owner in a session that goes on", key.token(realm.claims("eve"))
    yield "the kid of 22 characters in escapes", key.token(
        claims, compact(key.header()).replace(key.kid, "".join("\\u%04x" % ord(letter) for letter in key.kid)))


# ---- output for the database ----


def rows(kind, expected, realms):
    for realm, other in realms:
        for name, token in kind(realm, other):
            yield name, realm.key.alg, expected, "", token


def realm_rows(realms):
    """Whole tokens, but asked for in the name of a realm."""
    for realm, other in realms:
        alg = realm.key.alg
        yield "its own realm named", alg, "accepted", realm.id, realm.tokens["ada"]
        yield "another realm named", alg, "refused", other.id, realm.tokens["ada"]
        yield "no realm that there is", alg, "refused", "00000000-0000-7000-8000-000000000000", realm.tokens["ada"]


def edge_rows(realm):
    """For every second of the next minute: tokens that are good in it by a second, or bad by a second."""
    started = int(time.time())
    for now in range(started, started + 60):
        for name, expected, changes in (
            ("exp by the skew and a second ago", "refused", {"exp": now - SKEW - 1}),
            ("exp by the skew ago", "refused", {"exp": now - SKEW}),
            ("exp by the skew ago but for a second", "accepted", {"exp": now - SKEW + 1}),
            ("iat in the skew", "accepted", {"iat": now + SKEW}),
            ("iat in the skew and a second", "refused", {"iat": now + SKEW + 1}),
        ):
            yield name, now, expected, "", realm.key.token(realm.claims(**changes))


def forged_rows(realm):
    """Tokens by keys that somebody has written into the table who cannot seal them."""
    key = stranger("EdDSA")
    unsealed = "SU011 signing key cannot be opened"
    # Under a key that is the neutral point, R = that point and S = 0 fit every message.
    yield "A5: a key of small order in the table", "EdDSA", unsealed, "", key.token(
        realm.claims(), key.header(kid="weak"), lambda message: b"\1" + bytes(63))
    yield "A5: a stranger's key in the table", "EdDSA", unsealed, "", key.token(realm.claims())
    yield "A5: a stranger's key in the place of ours", "EdDSA", unsealed, "", swapped(realm, "EdDSA")


def retired_rows(realm):
    """For a key that was retired two hours ago: for an hour more it may have signed tokens of six hours."""
    now = int(time.time())
    for name, expected, iat, exp in (
        ("of when its key was live", "accepted", now - 3 * 3600, now + 3600),
        ("of the key's last hour", "accepted", now - 3600 - 60, now + 5 * 3600 - 60),
        ("of after the key's last hour", "refused", now - 3600 + 60, now + 3600),
        ("made just now", "refused", now, now + 3600),
        ("of when its key was live, for longer than sessions last", "refused", now - 3 * 3600, now + 5 * 3600 + 60),
        ("of when its key was live, for a year", "refused", now - 3 * 3600, now + 366 * 86400),
    ):
        yield "by a retired key: a token " + name, realm.key.alg, expected, "", realm.key.token(realm.claims(iat=iat, exp=exp))


def main():
    command = sys.argv[1]
    world = json.load(sys.stdin)
    if command == "open":
        json.dump(open_world(world), sys.stdout)
        return
    realms = [(Realm(world, alg), Realm(world, "other " + alg)) for alg in ("HS256", "EdDSA", "RS256")]
    out = csv.writer(sys.stdout, quoting=csv.QUOTE_ALL, lineterminator="\n")
    if command == "verify":
        verify_all(realms)
    elif command == "make":
        out.writerows(("made by PyJWT", realm.key.alg, "accepted", "", make(realm)) for realm, _ in realms)
    elif command == "forge":
        for kind in header_forgeries, signature_forgeries, form_forgeries, claim_forgeries, payload_forgeries:
            out.writerows(rows(kind, "refused", realms))
        out.writerows(rows(controls, "accepted", realms))
        out.writerows(realm_rows(realms))
    elif command == "edges":
        out.writerows(edge_rows(Realm(world, "unmanaged")))
    elif command == "retired":
        out.writerows(row for realm, _ in realms for row in retired_rows(realm))
    elif command == "forged":
        out.writerows(forged_rows(realms[1][0]))


main()

"""Signs a file with Ed25519ph (RFC 8032, section 5.1):  ed25519ph.py SEED FILE SIGNATURE

SEED holds the 32 bytes of a private key. OpenSSL has had this kind of signature since 3.2 only, and nothing here is constant
in time: it is for keys that live as long as a test.
"""

import hashlib
import sys

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
# The prefix of Ed25519ph with an empty context.
DOM2 = b"SigEd25519 no Ed25519 collisions" + bytes([1, 0])


def base_point():
    y = 4 * pow(5, -1, P) % P
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if x * x % P != square:
        x = x * pow(2, (P - 1) // 4, P) % P
    return (P - x if x % 2 else x), y


def add(a, b):
    (x1, y1), (x2, y2) = a, b
    k = D * x1 * x2 * y1 * y2 % P
    x = (x1 * y2 + x2 * y1) * pow(1 + k, -1, P) % P
    y = (y1 * y2 + x1 * x2) * pow(1 - k, -1, P) % P
    return x, y


def multiply(scalar):
    result, addend = (0, 1), base_point()
    while scalar:
        if scalar & 1:
            result = add(result, addend)
        addend = add(addend, addend)
        scalar >>= 1
    return result


def encode(point):
    x, y = point
    return (y | (x & 1) << 255).to_bytes(32, "little")


def scalar_of(*parts):
    return int.from_bytes(hashlib.sha512(b"".join(parts)).digest(), "little") % L


def sign(seed, message):
    expanded = hashlib.sha512(seed).digest()
    clamped = bytearray(expanded[:32])
    clamped[0] &= 248
    clamped[31] = clamped[31] & 63 | 64
    secret = int.from_bytes(clamped, "little")
    prehash = hashlib.sha512(message).digest()
    nonce = scalar_of(DOM2, expanded[32:], prehash)
    commitment = encode(multiply(nonce))
    challenge = scalar_of(DOM2, commitment, encode(multiply(secret)), prehash)
    return commitment + ((nonce + challenge * secret) % L).to_bytes(32, "little")


with open(sys.argv[1], "rb") as seed_file, open(sys.argv[2], "rb") as file:
    signature = sign(seed_file.read(), file.read())
with open(sys.argv[3], "wb") as output:
    output.write(signature)

"""Hashes of passwords as other systems have them, made by other libraries than ours: one line each, in tabs: what it is,
the password in hexadecimal, the hash. Called by the test `import`."""

import base64
import hashlib
import os
import subprocess
import unicodedata

import bcrypt
from passlib.hash import django_pbkdf2_sha256, pbkdf2_sha256, sha256_crypt, sha512_crypt

DIGITS = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
PLAIN = 'nine-inch difference'
ACCENTED = unicodedata.normalize('NFC', 'caf\u00e9 \U0001f511 stra\u00dfe')
DECOMPOSED = unicodedata.normalize('NFD', ACCENTED)
LONG = ('a password that is longer than bcrypt can see, ' * 3)[:128]  # as long as sha-crypt may be

# passlib's own sha-crypt, not the one of crypt(3).
sha256_crypt.set_backend('builtin')
sha512_crypt.set_backend('builtin')


def crypt_digits(data):
    """Write bytes in crypt(3)'s base64, low bits first."""
    out = ''
    for start in range(0, len(data), 3):
        group = data[start:start + 3]
        value = int.from_bytes(group, 'little')
        for _ in range((len(group) * 8 + 5) // 6):
            out += DIGITS[value & 63]
            value >>= 6
    return out


def crypt_number(number):
    """Write a number in five digits, low ones first."""
    return ''.join(DIGITS[number >> 6 * i & 63] for i in range(5))


def base64_of(data):
    return base64.b64encode(data).decode()


def pbkdf2(password, salt, iterations, size=32):
    return hashlib.pbkdf2_hmac('sha256', password.encode(), salt, iterations, size)


def bcrypt_hash(password, version=b'2b'):
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt(4, version)).decode()


def php_hash(password):
    """bcrypt as PHP's password_hash makes it."""
    script = 'echo password_hash($argv[1], PASSWORD_BCRYPT, ["cost" => 4]);'
    return subprocess.run(['php', '-r', script, password], check=True, capture_output=True, text=True).stdout


def yescrypt_hash(password):
    """yescrypt as Debian's mkpasswd makes it for /etc/shadow."""
    command = ['mkpasswd', '--method=yescrypt', '--rounds=1', '--stdin']
    return subprocess.run(command, check=True, capture_output=True, text=True, input=password).stdout.strip()


def scrypt_hash(password, log_n=10, r=8, p=1):
    """scrypt by OpenSSL, written as libsodium does."""
    salt = crypt_digits(os.urandom(32))
    tag = hashlib.scrypt(password.encode(), salt=salt.encode(), n=1 << log_n, r=r, p=p, dklen=32)
    return f'$7${DIGITS[log_n]}{crypt_number(r)}{crypt_number(p)}{salt}${crypt_digits(tag)}'


def django_hash(password, iterations=1000):
    salt = base64.b32encode(os.urandom(10)).decode()
    return f'pbkdf2_sha256${iterations}${salt}${base64_of(pbkdf2(password, salt.encode(), iterations))}'


def phc_hash(password, iterations=1000, size=32):
    salt = os.urandom(16)
    salt_and_tag = '$'.join(base64_of(part).rstrip('=') for part in (salt, pbkdf2(password, salt, iterations, size)))
    return f'$pbkdf2-sha256$i={iterations},l={size}${salt_and_tag}'


MAKERS = {
    'bcrypt $2b$': bcrypt_hash,
    'bcrypt $2a$': lambda password: bcrypt_hash(password, b'2a'),
    'bcrypt $2y$ of PHP': php_hash,
    'sha256crypt': sha256_crypt.using(rounds=1000).hash,
    'sha256crypt of 5,000 rounds': sha256_crypt.using(rounds=5000).hash,
    'sha512crypt': sha512_crypt.using(rounds=1000).hash,
    'sha512crypt of 5,000 rounds': sha512_crypt.using(rounds=5000).hash,
    'yescrypt': yescrypt_hash,
    'scrypt': scrypt_hash,
    'scrypt with p = 2': lambda password: scrypt_hash(password, 8, 3, 2),
    'PBKDF2 of Django': django_hash,
    "PBKDF2 of Django by passlib": django_pbkdf2_sha256.using(rounds=1000).hash,
    'PBKDF2 of passlib': pbkdf2_sha256.using(rounds=1000).hash,
    'PBKDF2 in PHC form': phc_hash,
    'PBKDF2 in PHC form, 64 bytes': lambda password: phc_hash(password, size=64),
}

for what, make in MAKERS.items():
    for kind, password in (('', PLAIN), (', accents', ACCENTED), (', decomposed', DECOMPOSED), (', long', LONG)):
        print(what + kind, password.encode().hex(), make(password), sep='\t')

# Werkzeug's, as docs/importing.md rewrites it.
iterations, salt = 1000, 'SaltOfWerkzeug'
print('werkzeug', PLAIN.encode().hex(),
      f'pbkdf2:sha256:{iterations}${salt}${pbkdf2(PLAIN, salt.encode(), iterations).hex()}', sep='\t')

"""Hashes of passwords as other systems have them, made by other libraries than ours: one line each, in tabs: what it is,
the password in hexadecimal, the hash, the same dearer than a server allows (or \\N). Called by the test `import`."""

import base64
import hashlib
import os
import re
import struct
import subprocess
import unicodedata

import argon2.low_level
import bcrypt
from passlib.hash import (django_pbkdf2_sha1, django_pbkdf2_sha256, pbkdf2_sha1, pbkdf2_sha256, pbkdf2_sha512, scrypt,
                          sha256_crypt, sha512_crypt)

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


def text_salt():
    return base64.b32encode(os.urandom(10)).decode()


def pbkdf2(password, salt, iterations, size=None, digest='sha256'):
    return hashlib.pbkdf2_hmac(digest, password.encode(), salt, iterations, size)


def scrypt_key(password, salt, n, r, p, size=64):
    return hashlib.scrypt(password.encode(), salt=salt, n=n, r=r, p=p, dklen=size, maxmem=1 << 28)


def argon2_hash(password, salt_size=16, lanes=4, passes=1):
    """argon2id; the tag is as short as can be, so that no part of it can be taken for it."""
    return argon2.low_level.hash_secret(password.encode(), os.urandom(salt_size), passes, 1024, lanes, 16,
                                        argon2.low_level.Type.ID).decode()


def bcrypt_hash(password, version=b'2b'):
    return bcrypt.hashpw(password.encode()[:72], bcrypt.gensalt(4, version)).decode()


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
    salt = text_salt()
    return f'pbkdf2_sha256${iterations}${salt}${base64_of(pbkdf2(password, salt.encode(), iterations))}'


def phc_hash(password, iterations=1000, size=32, digest='sha256', name='pbkdf2-sha256'):
    salt = os.urandom(16)
    tag = pbkdf2(password, salt, iterations, size, digest)
    return f'${name}$i={iterations},l={size}$' + '$'.join(base64_of(part).rstrip('=') for part in (salt, tag))


def django_bcrypt_sha256(password):
    return 'bcrypt_sha256$' + bcrypt_hash(hashlib.sha256(password.encode()).hexdigest())


def django_scrypt(password):
    salt = text_salt()
    return f'scrypt$1024${salt}$8$5${base64_of(scrypt_key(password, salt.encode(), 1024, 8, 5))}'


def werkzeug_scrypt(password):
    salt = text_salt()
    return f'scrypt:1024:8:1${salt}${scrypt_key(password, salt.encode(), 1024, 8, 1).hex()}'


def werkzeug_hash(password, digest):
    salt = text_salt()
    return f'pbkdf2:{digest}:1000${salt}${pbkdf2(password, salt.encode(), 1000, digest=digest).hex()}'


def spring_scrypt(password, label='scrypt', salt_size=64):
    salt = os.urandom(salt_size)
    return f'{{{label}}}${10 << 16 | 8 << 8 | 1:x}${base64_of(salt)}${base64_of(scrypt_key(password, salt, 1024, 8, 1, 32))}'


def better_auth_hash(password):
    salt = os.urandom(16).hex()
    return f'{salt}:{scrypt_key(unicodedata.normalize("NFKC", password), salt.encode(), 16384, 16, 1).hex()}'


def aspnet_hash(password, digest, iterations=1000):
    """ASP.NET Identity's third form, by PHP's own PBKDF2."""
    script = 'echo hash_pbkdf2($argv[1], $argv[2], hex2bin($argv[3]), (int) $argv[4], 64);'
    salt = os.urandom(16)
    command = ['php', '-r', script, ASPNET_DIGESTS[digest], password, salt.hex(), str(iterations)]
    key = bytes.fromhex(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return base64_of(struct.pack('>BIII', 1, digest, iterations, len(salt)) + salt + key)


def dearer(text):
    """The hash at a cost that no server allows by default; None if its form has one cost only."""
    if text.startswith('AQAAAA'):
        blob = base64.b64decode(text)
        return base64_of(blob[:5] + struct.pack('>I', 2000001) + blob[9:])
    for pattern, replacement in DEARER:
        dear, changes = re.subn(pattern, replacement, text)
        if changes:
            return dear
    return None


ASPNET_DIGESTS = ('sha1', 'sha256', 'sha512')
DEARER = (
    (r'(\$2.\$)04', r'\g<1>15'),
    (r'(rounds=|i=|(?:sha1|sha256|sha512|pbkdf2)[$:])1000\b', r'\g<1>2000001'),
    (r'^\$y\$j7', r'$y$jR'),
    (r'^\$7\$.', r'$7$S'),
    (r'\$m=1024,', r'$m=262145,'),
    (r'\$ln=\d+', r'$ln=18'),
    (r'^scrypt([$:])1024', r'scrypt\g<1>262144'),
    (r'^(\{scrypt[^}]*\}\$)a0801', r'\g<1>120801'),
)


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
    'argon2id of four lanes': argon2_hash,
    'argon2id with a salt of 8 bytes': lambda password: argon2_hash(password, 8, 1, 3),
    'argon2id with a salt of 32 bytes': lambda password: argon2_hash(password, 32, 1),
    'argon2id of Django': lambda password: 'argon2' + argon2_hash(password, 22, 8),
    'argon2id of Spring': lambda password: '{argon2}' + argon2_hash(password, 16, 1, 3),
    'argon2id of Spring 5.8': lambda password: '{argon2@SpringSecurity_v5_8}' + argon2_hash(password, 16, 1, 2),
    'bcrypt of Django': lambda password: 'bcrypt$' + bcrypt_hash(password),
    'bcrypt of Django, prehashed': django_bcrypt_sha256,
    'bcrypt of Spring': lambda password: '{bcrypt}' + bcrypt_hash(password, b'2a'),
    'scrypt of passlib': scrypt.using(rounds=10).hash,
    'scrypt of Django': django_scrypt,
    'scrypt of Werkzeug': werkzeug_scrypt,
    'scrypt of Spring': spring_scrypt,
    'scrypt of Spring 5.8': lambda password: spring_scrypt(password, 'scrypt@SpringSecurity_v5_8', 16),
    'scrypt of better-auth': better_auth_hash,
    'PBKDF2-SHA1 of Django by passlib': django_pbkdf2_sha1.using(rounds=1000).hash,
    'PBKDF2-SHA1 of passlib': pbkdf2_sha1.using(rounds=1000).hash,
    'PBKDF2-SHA1 of Werkzeug': lambda password: werkzeug_hash(password, 'sha1'),
    'PBKDF2-SHA1 in PHC form': lambda password: phc_hash(password, 1000, 32, 'sha1', 'pbkdf2'),
    'PBKDF2-SHA1 of ASP.NET': lambda password: aspnet_hash(password, 0),
    'PBKDF2-SHA256 of Werkzeug': lambda password: werkzeug_hash(password, 'sha256'),
    'PBKDF2-SHA256 of ASP.NET': lambda password: aspnet_hash(password, 1),
    'PBKDF2-SHA512 of passlib': pbkdf2_sha512.using(rounds=1000).hash,
    'PBKDF2-SHA512 of Werkzeug': lambda password: werkzeug_hash(password, 'sha512'),
    'PBKDF2-SHA512 in PHC form': lambda password: phc_hash(password, 1000, 64, 'sha512', 'pbkdf2-sha512'),
    'PBKDF2-SHA512 of ASP.NET': lambda password: aspnet_hash(password, 2),
}

for what, make in MAKERS.items():
    for kind, password in (('', PLAIN), (', accents', ACCENTED), (', decomposed', DECOMPOSED), (', long', LONG)):
        made = make(password)
        print(what + kind, password.encode().hex(), made, dearer(made) or r'\N', sep='\t')

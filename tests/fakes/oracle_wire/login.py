"""The login of the wire fake: Oracle's 12c verifier, both ways."""

import hashlib
import os
from collections.abc import Mapping

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from .engine import OracleError
from .packets import Reader, long_bytes, number, sized

__all__ = ["Login"]

_VERIFIER_ROUNDS, _KEY_ROUNDS = 4096, 3
_VERIFIER_TYPE = 0x4815
_EXPIRES_SOON = 28002


class Login:
    """One login: first the server's half of the key, then the password that comes back under both halves.

    Parameters
    ----------
    users
        Passwords by user name, upper case.
    refusals
        Error code by user name, for accounts that are locked or whose password has expired.
    """

    def __init__(self, users: Mapping[str, str], refusals: Mapping[str, int], service: str) -> None:
        self._users, self._refusals, self._service = users, refusals, service
        self.user, self.proxied = "", ""
        self._half = os.urandom(32)
        self._salt, self._key_salt = os.urandom(16), os.urandom(16)

    def challenge(self, reader: Reader) -> bytes:
        """Answer who the client says it is with the server's half of the key."""
        self.user, _ = _pairs(reader)
        self._password = self._users.get(self.user.upper(), os.urandom(8).hex()).encode()
        key = _stretched(self._password, self._salt + b"AUTH_PBKDF2_SPEEDY_KEY", 64, _VERIFIER_ROUNDS)
        self._hash = hashlib.sha512(key + self._salt).digest()[:32]
        return _answer(
            {
                "AUTH_SESSKEY": _aes(self._hash, self._half, encrypt=True).hex().upper(),
                "AUTH_VFR_DATA": self._salt.hex().upper(),
                "AUTH_PBKDF2_CSK_SALT": self._key_salt.hex().upper(),
                "AUTH_PBKDF2_VGEN_COUNT": str(_VERIFIER_ROUNDS),
                "AUTH_PBKDF2_SDER_COUNT": str(_KEY_ROUNDS),
            }
        )

    def admit(self, reader: Reader) -> bytes:
        """Check the password; raise the error that Oracle would."""
        user, given = _pairs(reader)
        self.proxied = given.get("PROXY_CLIENT_NAME", "")
        other_half = _aes(self._hash, bytes.fromhex(given["AUTH_SESSKEY"])[:32], encrypt=False)
        both = (other_half + self._half).hex().upper().encode()
        key = _stretched(both, self._key_salt, 32, _KEY_ROUNDS)
        password = _aes(key, bytes.fromhex(given["AUTH_PASSWORD"]), encrypt=False)[16:]
        if password[: -password[-1]] != self._password:
            raise OracleError(1017, "invalid credential or not authorized; logon denied")
        code = self._refusals.get(user.upper(), 0)
        if code and code != _EXPIRES_SOON:
            raise OracleError(code, "the account may not log on")
        warning = b"ORA-28002: the password will expire within 5 days"
        said = b"\x0f" + number(code) + number(len(warning)) + number(0) + long_bytes(warning) if code else b""
        return said + _answer(
            {
                "AUTH_SVR_RESPONSE": _aes(key, os.urandom(16) + b"SERVER_TO_CLIENT", encrypt=True).hex().upper(),
                "AUTH_VERSION_NO": str(19 << 24 | 3 << 16),
                "AUTH_SESSION_ID": "7",
                "AUTH_SERIAL_NUM": "1",
                "AUTH_SC_SERVICE_NAME": self._service,
                "AUTH_MAX_OPEN_CURSORS": "300",
                "AUTH_MAX_IDEN_LENGTH": "128",
                "AUTH_INSTANCENAME": "wirefake",
            }
        )


def _pairs(reader: Reader) -> tuple[str, dict[str, str]]:
    reader.byte()
    reader.skip_numbers(2)
    reader.byte()
    count = reader.number()
    reader.take(2)
    user = (reader.long_bytes() or b"").decode()
    pairs = {}
    for _ in range(count):
        name, value = reader.sized() or b"", reader.sized() or b""
        reader.number()
        pairs[name.decode()] = value.decode()
    return user, pairs


def _answer(pairs: Mapping[str, str]) -> bytes:
    flags = {"AUTH_VFR_DATA": _VERIFIER_TYPE}
    content = b"".join(sized(name.encode()) + sized(value.encode()) + number(flags.get(name, 0)) for name, value in pairs.items())
    return b"\x08" + number(len(pairs)) + content + b"\x09" + number(0) + number(0)


def _stretched(secret: bytes, salt: bytes, size_bytes: int, rounds: int) -> bytes:
    return hashlib.pbkdf2_hmac("sha512", secret, salt, rounds, size_bytes)


def _aes(key: bytes, content: bytes, *, encrypt: bool) -> bytes:
    cipher = Cipher(algorithms.AES(key), modes.CBC(bytes(16)))
    worker = cipher.encryptor() if encrypt else cipher.decryptor()
    return worker.update(content) + worker.finalize()

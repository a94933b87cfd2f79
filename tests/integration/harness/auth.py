"""What the tests of auth share: clients with credentials, and upgrades whose answer is awaited
later."""

import base64
import contextlib
import hashlib
import hmac

from .served import ServedTest
from .waiting import patience
from .wire import Ended, RawClient, Refused, upgrade_request


def stage(plugin, **options):
    """A stage of a pipeline with options."""
    return {'plugin': plugin, 'options': options}


def bearer(token):
    return [('Authorization', f'Bearer {token}')]


def basic(name, secret):
    return [('Authorization', 'Basic ' + base64.b64encode(f'{name}:{secret}'.encode()).decode())]


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b'=').decode()


def ticket(identity, expires, path, secret):
    name = b64(identity.encode())
    signed = f't1\n{path}\n{name}\n{expires}'.encode()
    return f't1.{name}.{expires}.' + b64(hmac.new(secret.encode(), signed, hashlib.sha256).digest())


def scrypt_line(name, secret):
    """A line of a token list, with a hash that costs little."""
    made = hashlib.scrypt(secret.encode(), salt=b'saltsaltsaltsalt', n=1 << 12, r=8, p=1, dklen=32)
    salt, made = (base64.b64encode(part).decode().rstrip('=') for part in (b'saltsaltsaltsalt', made))
    return f'{name} $scrypt$ln=12,r=8,p=1${salt}${made}\n'


def with_lifetimes(attempt):
    """Attempts something with credentials that live for a few seconds; on a machine that is too busy for that, with such
    that live longer."""
    for seconds in (3, 12):
        with contextlib.suppress(AssertionError, Ended, Refused):
            return attempt(int(patience(seconds)))
    return attempt(int(patience(30)))


class Pending(RawClient):
    """A client that has asked to upgrade and does not wait for the answer."""

    def __init__(self, server, path, headers=(), **how):
        super().__init__(server, path, upgrade=False, **how)
        self.send(upgrade_request(path, headers))

    def answer(self):
        """(status, headers)"""
        status, headers = self.read_response_head()
        return status, dict(headers)


class AuthTest(ServedTest):
    """The endpoints that are asked have `probe` behind auth."""

    def name(self, path, **how):
        """What the client is called, according to probe."""
        with RawClient(self.server, path, **how) as client:
            client.text('who')
            return client.read_text().split(' ', 3)[3]

    def identity(self, path, token):
        return self.name(path, headers=bearer(token))

    def refused(self, path, token, status=401):
        with self.assertRaises(Refused) as caught:
            RawClient(self.server, path, headers=bearer(token))
        self.assertEqual(caught.exception.status, status)
        return caught.exception

    def lets_in(self, path, token):
        try:
            return bool(self.identity(path, token))
        except Refused:
            return False

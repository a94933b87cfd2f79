"""The configurations that ship for production, each started and used as its comments say."""

import json
import os
import shutil
import unittest

from harness import (BUILD, Certificates, Ended, Issuer, ROOT, RawClient, Refused, Sluice, for_module,
                     temporary_folder)

certificates = issuer = None


def setUpModule():
    global certificates, issuer
    certificates, issuer = for_module(Certificates()), for_module(Issuer())


class Shipped(unittest.TestCase):
    """A copy of config/, with the files that have to be provided, on ports of its own."""

    file = None
    environment = {}

    @classmethod
    def setUpClass(cls):
        if cls.file is None:
            raise unittest.SkipTest('only for what is derived from it')
        cls.folder = temporary_folder()
        home = os.path.join(cls.folder.name, 'config')
        shutil.copytree(os.path.join(ROOT, 'config'), home)
        shutil.copy(certificates.certificate, os.path.join(home, 'server.crt'))
        os.mkdir(os.path.join(home, 'secrets'), mode=0o700)
        shutil.copy(certificates.key, os.path.join(home, 'secrets', 'server.key'))
        os.chmod(os.path.join(home, 'secrets', 'server.key'), 0o600)
        shutil.copy(certificates.path('ca.crt'), os.path.join(home, 'devices.crt'))
        with open(os.path.join(home, 'secrets', 'admin.token'), 'w') as out:
            out.write('admin-token-0123456789\n')
        os.chmod(os.path.join(home, 'secrets', 'admin.token'), 0o600)
        file = os.path.join(home, cls.file)
        with open(file) as source:
            text = source.read()
        text = text.replace('"*:8443"', '127.0.0.1:0').replace('127.0.0.1:9090', '127.0.0.1:0')
        with open(file, 'w') as out:
            out.write(text + f'plugins: {{path: ["{BUILD}/plugins"]}}\n')
        cls.server = Sluice(file=file, environment=cls.environment).start()

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()
        cls.folder.cleanup()


class Production(Shipped):
    file = 'production.yaml'

    @classmethod
    def setUpClass(cls):
        cls.environment = {'SLUICE_JWKS_URL': issuer.url + '/jwks',
                           'SLUICE_ISSUER': 'https://issuer.test', 'SLUICE_DOMAIN': 'chat.test'}
        super().setUpClass()

    def connect(self, token, origin='https://chat.test'):
        headers = [('Origin', origin)] if origin else []
        if token:
            headers.append(('Authorization', f'Bearer {token}'))
        return RawClient(self.server, headers=headers, tls=certificates.client_context())

    def test_all_of_it(self):
        for token, origin, status in ((None, 'https://chat.test', 401),
                                      (issuer.special['expired'], None, 401),
                                      (issuer.special['confused'], None, 401),
                                      (issuer.tokens['RS256'], 'https://chat.test.evil.test', 403)):
            with self.assertRaises(Refused) as caught:
                self.connect(token, origin)
            self.assertEqual(caught.exception.status, status)
        good = json.dumps({'type': 'chat', 'room': 'a', 'text': 'hello'})
        with self.connect(issuer.tokens['RS256']) as ada, \
                self.connect(issuer.special['bob'], None) as bob:
            ada.text(good)
            self.assertEqual((ada.read_text(), bob.read_text()), (good, good))
            ada.text(json.dumps({'renew': issuer.tokens['EdDSA']}))
            self.assertTrue(json.loads(ada.read_text())['renewed'])
            bob.text(json.dumps({'type': 'chat', 'room': 'a', 'text': 'x', 'more': 1}))
            self.assertEqual(bob.expect_close()[0], 1008)
            for _ in range(45):
                ada.text(good)
            with self.assertRaises(Ended):  # over the limit: closed
                for _ in range(46):
                    ada.read_text()


class Telemetry(Shipped):
    file = 'telemetry.yaml'

    def connect(self, has_certificate=True):
        return RawClient(self.server, '/telemetry',
                         tls=certificates.client_context(has_certificate))

    def test_all_of_it(self):
        with self.assertRaises(OSError):  # the TLS handshake fails
            self.connect(has_certificate=False)
        first = self.connect()
        first.text(json.dumps({'at': 'yesterday', 'values': {'t': 1}}))
        answer = json.loads(first.read_text())
        self.assertEqual(answer['error'], 'schema')
        self.assertEqual((answer['instance'], answer['schema']), ('/at', '#/properties/at/format'))
        first.text(json.dumps({'at': '2026-11-24T12:00:00Z', 'values': {'temperature': 21.5}}))
        second = self.connect()  # takes over
        self.assertEqual(first.expect_close()[0], 4409)
        self.assertEqual(second.close(), 1000)

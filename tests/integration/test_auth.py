"""auth's methods in a running server, with tokens made by `jose` and a real HTTP server."""

import base64
import hashlib
import hmac
import json
import os
import time

from harness import (Issuer, RawClient, Refused, ServedTest, endpoint, settings,
                     temporary_folder, wait_until)

issuer = None
SECRET = 'a-secret-that-applications-share'


def setUpModule():
    global issuer
    issuer = Issuer()


def tearDownModule():
    issuer.close()


def stage(plugin, **options):
    return {'plugin': plugin, 'options': options}


def bearer(token):
    return [('Authorization', f'Bearer {token}')]


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b'=').decode()


def ticket(identity, expires, path='/ticket', secret=SECRET):
    name = b64(identity.encode())
    signed = f't1\n{path}\n{name}\n{expires}'.encode()
    return f't1.{name}.{expires}.' + b64(hmac.new(secret.encode(), signed, hashlib.sha256).digest())


class AuthTest(ServedTest):
    def identity(self, path, token):
        with RawClient(self.server, path, headers=bearer(token)) as client:
            client.text('who')
            return client.read_text().split(' ', 3)[3]

    def refused(self, path, token, status=401):
        with self.assertRaises(Refused) as caught:
            RawClient(self.server, path, headers=bearer(token))
        self.assertEqual(caught.exception.status, status)
        return caught.exception


class Methods(AuthTest):
    @classmethod
    def setUpClass(cls):
        rules = {'jwt_issuer': ['https://issuer.test'], 'jwt_audience': ['sluice']}
        os.environ['TICKET_SECRET'] = SECRET
        cls.folder = temporary_folder()
        cls.tokens = os.path.join(cls.folder.name, 'tokens')
        scrypt = hashlib.scrypt(b'her secret', salt=b'saltsaltsaltsalt', n=1 << 12, r=8, p=1, dklen=32)
        cls.write('alice alice-token-0123456789\n'
                  'carol $scrypt$ln=12,r=8,p=1$' + base64.b64encode(b'saltsaltsaltsalt').decode().rstrip('=')
                  + '$' + base64.b64encode(scrypt).decode().rstrip('=') + '\n')
        cls.configuration = settings(
            endpoint('/jwt', [stage('auth', jwks_url=issuer.url + '/jwks', **rules),
                              {'plugin': 'probe'}]),
            endpoint('/scope', [stage('auth', jwks_url=issuer.url + '/jwks', jwt_scopes=['chat'],
                                      **rules)]),
            endpoint('/short', [stage('auth', jwks_url=issuer.url + '/jwks', renewal='renew', **rules)]),
            endpoint('/ticket', [stage('auth', ticket_secret='${TICKET_SECRET}'),
                                 {'plugin': 'probe'}]),
            endpoint('/http', [stage('auth', http_url=issuer.url + '/who'), {'plugin': 'probe'}]),
            endpoint('/tokens', [stage('auth', tokens_file=cls.tokens, reread='1s'),
                                 {'plugin': 'probe'}]))
        super().setUpClass()

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        cls.folder.cleanup()

    @classmethod
    def write(cls, text):
        with open(cls.tokens, 'w') as out:
            out.write(text)
        os.chmod(cls.tokens, 0o600)

    def test_every_algorithm(self):
        for algorithm, token in issuer.tokens.items():
            with self.subTest(algorithm=algorithm):
                self.assertEqual(self.identity('/jwt', token), 'ada')

    def test_forged_and_expired_tokens(self):
        good = issuer.tokens['ES256']
        for name in ('expired', 'confused', 'none', 'audience'):
            with self.subTest(token=name):
                self.refused('/jwt', issuer.special[name])
        for token in (good[:-4] + 'AAAA', good + 'A', good.replace('.', '..', 1), good + '.x',
                      'eyJ.eyJ.x', 'eyJhbGciOiJub25lIn0.e30.', 'eyJ' + 'A' * 7000 + '.e30.AA'):
            with self.subTest(token=token[:40]):
                self.refused('/jwt', token)

    def test_scope(self):
        self.refused('/scope', issuer.special['scopeless'], 403)
        with RawClient(self.server, '/scope', headers=bearer(issuer.tokens['EdDSA'])) as client:
            self.assertEqual(client.close(), 1000)

    def test_unknown_key_fetches_once(self):
        self.identity('/jwt', issuer.tokens['RS256'])
        before = len([path for path, _ in issuer.requests if path == '/jwks'])
        for _ in range(20):
            self.refused('/jwt', issuer.special['unknown'])
        after = len([path for path, _ in issuer.requests if path == '/jwks'])
        self.assertLessEqual(after - before, 3)  # one for each endpoint at most, whoever asks

    def test_expiry(self):
        with RawClient(self.server, '/short', headers=bearer(issuer.special['short'])) as client:
            self.assertEqual(client.expect_close()[0], 4401)

    def test_renewal_keeps_the_client(self):
        with RawClient(self.server, '/short', headers=bearer(issuer.tokens['ES256'])) as client:
            client.text(json.dumps({'renew': issuer.special['bob']}))
            self.assertEqual(json.loads(client.read_text())['renewed'], False)
            client.text(json.dumps({'renew': issuer.tokens['RS256']}))
            answer = json.loads(client.read_text())
            self.assertTrue(answer['renewed'])
            self.assertGreater(answer['expires_in'], 3000)
            client.text('and on')
            self.assertEqual(client.read_text(), 'and on')

    def test_tickets(self):
        later = int(time.time()) + 60
        self.assertEqual(self.identity('/ticket', ticket('ada', later)), 'ada')
        good = ticket('ada', later)
        for bad in (ticket('ada', int(time.time()) - 1), ticket('ada', later, path='/other'),
                    ticket('ada', later, secret='another-secret-of-some-length'), good[:-2] + 'AA',
                    good.replace('.' + str(later), '.' + str(later + 1)), 't1.', 't1...', good + 'A'):
            self.refused('/ticket', bad)

    def test_http_service(self):
        self.assertEqual(self.identity('/http', 'good-one'), 'good-one')
        asked = len([1 for path, _ in issuer.requests if path == '/who'])
        self.assertEqual(self.identity('/http', 'good-one'), 'good-one')
        self.assertEqual(len([1 for path, _ in issuer.requests if path == '/who']), asked)
        self.refused('/http', 'bad', 401)
        self.refused('/http', 'banned', 403)
        self.refused('/http', 'broken', 503)
        headers = [head for path, head in issuer.requests if path == '/who'][0]
        self.assertEqual(headers['X-Original-Path'], '/http')
        self.assertEqual(headers['X-Client-Address'], '127.0.0.1')

    def test_slow_hash_and_reread(self):
        basic = base64.b64encode(b'carol:her secret').decode()
        with RawClient(self.server, '/tokens', headers=[('Authorization', f'Basic {basic}')]) as client:
            client.text('who')
            self.assertEqual(client.read_text().split(' ', 3)[3], 'carol')
        self.refused('/tokens', 'carol:wrong')
        self.refused('/tokens', 'dave-token-0123456789')
        with open(self.tokens) as file:
            text = file.read()
        self.write(text + 'dave dave-token-0123456789\n')

        def is_in():
            try:
                return self.identity('/tokens', 'dave-token-0123456789') == 'dave'
            except Refused:
                return False
        wait_until(is_in, 'the list is read anew')


class JwksServerThatMisbehaves(AuthTest):
    @classmethod
    def setUpClass(cls):
        issuer.status = 500
        cls.configuration = settings(
            endpoint('/ws', [stage('auth', jwks_url=issuer.url + '/jwks', jwks_refetch='1s',
                                   jwks_refresh='1s', jwks_timeout='500ms', jwt_audience=['sluice']),
                             {'plugin': 'probe'}]))
        super().setUpClass()

    def lets_in(self):
        try:
            return self.identity('/ws', issuer.tokens['PS256']) == 'ada'
        except Refused:
            return False

    def test_dies_recovers_lies_and_hangs(self):
        self.refused('/ws', issuer.tokens['PS256'], 503)  # fails closed
        issuer.status = 200
        wait_until(self.lets_in, 'the keys are fetched')
        for body in (b'not JSON', b'{"keys": []}', b'{"keys": [{"kty": "oct", "k": "AAAA"}]}',
                     b'[' * 100000, b'A' * 2000000):
            issuer.body = body
            asked = len(issuer.requests)
            wait_until(lambda: len(issuer.requests) > asked, 'the keys are asked for')
            self.assertTrue(self.lets_in())  # the keys of before
        issuer.body = None
        issuer.let_go.clear()
        asked = len(issuer.requests)
        wait_until(lambda: len(issuer.requests) > asked, 'the keys are asked for')
        for _ in range(10):
            self.assertTrue(self.lets_in())
        issuer.let_go.set()

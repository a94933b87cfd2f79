"""auth's methods in a running server, with tokens made by `jose`."""

import hmac
import json
import os
import time
import unittest

from harness import (Certificates, Issuer, RawClient, Refused, Sluice, endpoint, for_module, patience,
                     run_sluice, settings, temporary_folder, wait_until)
from harness.auth import AuthTest, b64, basic, bearer, scrypt_line, stage, ticket, with_lifetimes
from harness.issuer import SHARED_SECRET

issuer = None
SECRET = 'a-secret-that-applications-share'
PREVIOUS = 'the-secret-that-they-shared-before'
ALICE = 'alice-token-0123456789'
RULES = {'jwt_issuer': ['https://issuer.test'], 'jwt_audience': ['sluice']}
PROBE = {'plugin': 'probe'}


def setUpModule():
    global issuer
    os.environ.update(TICKET_SECRET=SECRET, TICKET_PREVIOUS=PREVIOUS, SHARED_SECRET=SHARED_SECRET)
    issuer = for_module(Issuer())


def jwt(**options):
    return issuer.stage(**RULES, **options)


def hs256(claims):
    """A token with claims that JavaScript could not write."""
    claims = {'iss': 'https://issuer.test', 'aud': 'sluice', 'exp': int(time.time()) + 600, **claims}
    signed = b64(b'{"alg":"HS256"}') + '.' + b64(json.dumps(claims).encode())
    return signed + '.' + b64(hmac.new(SHARED_SECRET.encode(), signed.encode(), 'sha256').digest())


def write(path, text):
    """Replaces a file at once, as tools do that know that it is read meanwhile."""
    with open(path + '.new', 'w') as out:
        out.write(text)
    os.chmod(path + '.new', 0o600)
    os.replace(path + '.new', path)


class JsonWebTokens(AuthTest):
    @classmethod
    def setUpClass(cls):
        cls.configuration = settings(
            endpoint('/jwt', [jwt(jwt_secret='${SHARED_SECRET}'), PROBE]),
            endpoint('/public', [jwt(), PROBE]),
            endpoint('/scope', [jwt(jwt_scopes=['chat']), PROBE]),
            endpoint('/short', [jwt(renewal='renew', jwt_leeway='0s', grace='1s'), PROBE]))
        super().setUpClass()

    def test_every_algorithm(self):
        self.assertEqual(len(issuer.tokens), 13)
        for algorithm, token in issuer.tokens.items():
            with self.subTest(algorithm=algorithm):
                self.assertEqual(self.identity('/jwt', token), 'ada')

    def test_shared_secrets_are_not_asked_for_where_keys_are_public(self):
        for algorithm in ('HS256', 'HS384', 'HS512'):
            with self.subTest(algorithm=algorithm):
                self.refused('/public', issuer.tokens[algorithm])

    def test_forged_and_expired_tokens(self):
        good = issuer.tokens['ES256']
        for name in ('expired', 'confused', 'none', 'audience'):
            with self.subTest(token=name):
                self.refused('/jwt', issuer.special[name])
        for token in (good[:-4] + 'AAAA', good + 'A', good.replace('.', '..', 1), good + '.x',
                      'eyJ.eyJ.x', 'eyJhbGciOiJub25lIn0.e30.', 'eyJ' + 'A' * 7000 + '.e30.AA',
                      good.replace('.', '.A=', 1), '.'.join((good.split('.')[0], 'A', good.split('.')[2])),
                      issuer.sign(header={'kid': 'key-RS256'}), issuer.sign(nbf=int(time.time()) + 60),
                      issuer.sign(iss=None), issuer.sign(aud=''), issuer.sign(exp=str(2 ** 40)),
                      issuer.sign(sub=''), issuer.sign(sub='a\nb'), issuer.sign(sub='a' * 256),
                      issuer.sign(sub={'name': 'ada'}), issuer.sign(sub=True)):
            with self.subTest(token=token[:40]):
                self.refused('/jwt', token)

    def test_fully_specified_edwards_curves(self):
        token = issuer.sign(alg='EdDSA', kid='key-EdDSA')
        head, payload, _ = token.split('.')
        self.assertEqual(self.identity('/jwt', token), 'ada')
        self.refused('/jwt', '.'.join((b64(b'{"alg":"Ed448","kid":"key-EdDSA"}'), payload, 'AAAA')))

    def test_what_nobody_asks_for_refuses_nothing(self):
        for claims in ({'n': 2 ** 64}, {'n': [1, {'m': -2 ** 70}]}, {'text': 'a\0b'}, {'text': '\ud800'}):
            with self.subTest(claims=claims):
                self.assertEqual(self.identity('/jwt', hs256({'sub': 'ada', **claims})), 'ada')
        self.assertEqual(self.identity('/jwt', hs256({'sub': 2 ** 64})), str(2 ** 64))
        self.refused('/jwt', hs256({'sub': 'a\0b'}))

    def test_names_of_every_kind(self):
        for name in ('a' * 255, '7', 'Zoë', 'ada@example.org'):
            self.assertEqual(self.identity('/jwt', issuer.sign(sub=name)), name)
        self.assertEqual(self.identity('/jwt', issuer.sign(sub=7)), '7')

    def test_scope(self):
        self.refused('/scope', issuer.special['scopeless'], 403)
        self.assertEqual(self.identity('/scope', issuer.tokens['EdDSA']), 'ada')

    def test_expiry_closes_after_the_grace_period_and_not_before(self):
        with_lifetimes(self.expire)

    def expire(self, seconds):
        expires = int(time.time() + seconds)
        with RawClient(self.server, '/short', headers=bearer(issuer.sign(exp=expires))) as client:
            client.socket.settimeout(seconds + patience(10))
            self.assertEqual(client.expect_close(), (4401, b'Your credentials have expired.'))
            self.assertGreaterEqual(time.time(), expires + 1)
        self.refused('/short', issuer.sign(exp=expires))

    def test_renewal_prolongs(self):
        with_lifetimes(self.renew)

    def renew(self, seconds):
        token = issuer.sign(seconds)
        with RawClient(self.server, '/short', headers=bearer(token)) as ada, \
                RawClient(self.server, '/short', headers=bearer(token)) as other:
            ada.text(json.dumps({'renew': issuer.special['bob']}))
            self.assertEqual(json.loads(ada.read_text()),
                             {'renewed': False, 'error': 'The token names somebody else.'})
            ada.text(json.dumps({'renew': issuer.special['expired']}))
            self.assertEqual(json.loads(ada.read_text()),
                             {'renewed': False, 'error': 'The token has expired.'})
            ada.text(json.dumps({'renew': issuer.tokens['RS256']}))
            answer = json.loads(ada.read_text())
            self.assertTrue(answer['renewed'])
            self.assertGreater(answer['expires_in'], 3000)
            other.socket.settimeout(seconds + patience(10))
            self.assertEqual(other.expect_close()[0], 4401)  # nobody has seen the renewals
            ada.text('and on')
            self.assertEqual(ada.read_text(), 'and on')


class OtherMethods(AuthTest):
    @classmethod
    def setUpClass(cls):
        cls.folder = temporary_folder()
        cls.tokens = os.path.join(cls.folder.name, 'tokens')
        cls.machines = os.path.join(cls.folder.name, 'machines')
        cls.pem = os.path.join(cls.folder.name, 'keys.pem')
        write(cls.tokens, f'alice {ALICE}\n' + scrypt_line('carol', 'her secret'))
        write(cls.machines, f'alice {ALICE}\n')
        write(cls.pem, issuer.pem)
        secrets = {'ticket_secret': '${TICKET_SECRET}', 'ticket_secret_previous': '${TICKET_PREVIOUS}'}
        cls.configuration = settings(
            endpoint('/ticket', [stage('auth', **secrets), PROBE]),
            endpoint('/tokens', [stage('auth', tokens_file=cls.tokens, renewal='renew'), PROBE]),
            endpoint('/machines', [stage('auth', tokens_file=cls.machines, reread='1s'), PROBE]),
            endpoint('/pem', [stage('auth', jwt_key_file=cls.pem, reread='1s', **RULES), PROBE]),
            endpoint('/order', [stage('auth', tokens_file=cls.machines,
                                      **{'from': ['subprotocol', 'cookie', 'query', 'header']}), PROBE]))
        super().setUpClass()

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        cls.folder.cleanup()

    def test_tickets(self):
        later = int(time.time()) + 600
        good = ticket('ada', later, '/ticket', SECRET)
        self.assertEqual(self.identity('/ticket', good), 'ada')
        self.assertEqual(self.identity('/ticket', ticket('ada', later, '/ticket', PREVIOUS)), 'ada')
        for bad in (ticket('ada', int(time.time()) - 1, '/ticket', SECRET),
                    ticket('ada', later, '/other', SECRET),
                    ticket('ada', later, '/ticket', 'another-secret-of-some-length'), good[:-2] + 'AA',
                    good.replace(f'.{later}', f'.{later + 1}'), 't1.', 't1...', good + 'A', good + '='):
            self.refused('/ticket', bad)

    def test_an_expired_ticket_closes(self):
        def expire(seconds):
            soon = ticket('ada', int(time.time() + seconds), '/ticket', SECRET)
            with RawClient(self.server, '/ticket', headers=bearer(soon)) as client:
                client.socket.settimeout(seconds + patience(10))
                self.assertEqual(client.expect_close()[0], 4401)
        with_lifetimes(expire)

    def test_slow_hashes(self):
        self.assertEqual(self.name('/tokens', headers=basic('carol', 'her secret')), 'carol')
        self.assertEqual(self.identity('/tokens', 'carol:her secret'), 'carol')
        for token in ('carol:wrong', 'carol:', 'dave:her secret', 'carol'):
            self.refused('/tokens', token)
        challenge = self.refused('/tokens', '').headers['www-authenticate']
        self.assertIn('Basic', challenge)

    def test_renewal_by_a_slow_hash(self):
        with RawClient(self.server, '/tokens', headers=basic('carol', 'her secret')) as carol:
            carol.text('{"renew": "carol:wrong"}')
            self.assertFalse(json.loads(carol.read_text())['renewed'])
            carol.text('{"renew": "carol:her secret"}')
            carol.text('and on')
            self.assertEqual(json.loads(carol.read_text()), {'renewed': True})
            self.assertEqual(carol.read_text(), 'and on')

    def test_a_token_file_is_read_anew_and_a_broken_one_is_not(self):
        self.refused('/machines', 'dave-token-0123456789')
        write(self.machines, f'alice {ALICE}\ndave dave-token-0123456789\n')
        wait_until(lambda: self.lets_in('/machines', 'dave-token-0123456789'), 'the list is read anew')
        for number, broken in enumerate((f'alice {ALICE} and more\n', '', f'alice {ALICE}\nalice\n')):
            write(self.machines, broken)
            wait_until(lambda: self.server.log().count('stay in force') > number, 'it is said')
            self.assertTrue(self.lets_in('/machines', 'dave-token-0123456789'))
        write(self.machines, f'alice {ALICE}\n' + scrypt_line('carol', 'her secret'))
        wait_until(lambda: not self.lets_in('/machines', 'dave-token-0123456789'), 'dave is gone')
        self.assertEqual(self.name('/machines', headers=basic('carol', 'her secret')), 'carol')

    def test_a_key_file_is_read_anew(self):
        self.assertEqual(self.identity('/pem', issuer.tokens['RS256']), 'ada')
        write(self.pem, '-----BEGIN NONSENSE-----\n')
        wait_until(lambda: 'the keys of before stay in force' in self.server.log(), 'it is said')
        self.assertEqual(self.identity('/pem', issuer.tokens['RS256']), 'ada')
        write(self.pem, Certificates.public_pem())
        wait_until(lambda: not self.lets_in('/pem', issuer.tokens['RS256']), 'there is another key')

    def test_the_first_place_with_a_token_decides(self):
        token, wrong = ALICE, 'wrong'
        protocols = [('Sec-WebSocket-Protocol', f'bearer, {token}')]
        self.assertEqual(self.name('/order', headers=protocols + bearer(wrong)), 'alice')
        self.assertEqual(self.name('/order', headers=[('Cookie', f'token={token}')] + bearer(wrong)),
                         'alice')
        self.assertEqual(self.name('/order', query=f'?token={token}', headers=bearer(wrong)), 'alice')
        for how in ({'headers': [('Cookie', f'token={wrong}')] + bearer(token)},
                    {'query': f'?token={wrong}', 'headers': bearer(token)}):
            with self.assertRaises(Refused):
                RawClient(self.server, '/order', **how)

    def test_no_credential_is_logged(self):
        for token in ('a-secret-guess', 'carol:a-secret-guess', issuer.special['expired']):
            self.refused('/tokens', token)
            self.assertNotIn(token, self.server.log())
        self.assertNotIn('a-secret-guess', self.server.log())


class ClientCertificates(unittest.TestCase):
    def test_the_certificate_names_the_client(self):
        certificates = Certificates()
        self.addCleanup(certificates.cleanup)
        tls = {**certificates.tls, 'client_ca': certificates.path('ca.crt')}
        expected = {'common_name': 'alice', 'subject': 'CN=alice',
                    'sha256': certificates.fingerprint('client')}
        endpoints = [endpoint(f'/{field}', [stage('auth', certificate_identity=field), PROBE])
                     for field in (*expected, 'email')]
        configuration = settings(*endpoints, listen=[{'address': '127.0.0.1:0', 'tls': tls}])
        with Sluice(configuration) as server:
            for field, name in expected.items():
                with RawClient(server, f'/{field}', tls=certificates.client_context(True)) as client:
                    client.text('who')
                    self.assertEqual(client.read_text().split(' ', 3)[3], name)
            with self.assertRaises(Refused) as caught:  # there is no such field in it
                RawClient(server, '/email', tls=certificates.client_context(True))
            self.assertEqual(caught.exception.status, 401)


class Reload(unittest.TestCase):
    def reload(self, server):
        before = server.metric('sluice_configuration_generation')
        status, _, error = run_sluice('reload', '--admin', '%s:%d' % server.admin_address)
        self.assertEqual(status, 0, error)
        server.wait_for_metric(before + 1, 'sluice_configuration_generation')

    def test_options_change_live_and_keys_are_kept(self):
        def configuration(**options):
            return settings(endpoint('/ws', [jwt(jwks_refresh='1h', **options), PROBE]))
        server = Sluice(configuration()).start()
        try:
            with RawClient(server, headers=bearer(issuer.tokens['ES256'])) as ada:
                issuer.status = 500  # from now on there are only the keys that were fetched
                asked = issuer.asked('/jwks')
                server.write(configuration(jwt_scopes=['admin'], renewal='renew'))
                self.reload(server)
                with self.assertRaises(Refused) as caught:
                    RawClient(server, headers=bearer(issuer.tokens['RS256']))
                self.assertEqual(caught.exception.status, 403)  # its key is known
                with RawClient(server, headers=bearer(issuer.sign(scope='admin'))):
                    pass
                ada.text(json.dumps({'renew': issuer.sign(scope='admin')}))
                self.assertTrue(json.loads(ada.read_text())['renewed'])
                self.assertEqual(issuer.asked('/jwks'), asked)
                server.write(configuration(jwt_scopes=[]))
                status, _, error = run_sluice('reload', '--admin', '%s:%d' % server.admin_address)
                self.assertEqual(status, 1, error)
                with RawClient(server, headers=bearer(issuer.sign(scope='admin'))):
                    pass
        finally:
            issuer.status = 200
            server.stop()

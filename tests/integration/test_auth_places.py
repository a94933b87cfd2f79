"""auth: where a token is looked for, and what comes of those that are not good."""

import os

from harness import RawClient, Refused, ServedTest, endpoint, settings, stage, temporary_folder

ALICE = 'alice-token-0123456789'
BOB = 'bob-token-0123456789'
LONG_NAME = 'chat.' + 'x' * 250
PLUS = 'plus+and/slash+0123456789=='
TOKENS = f'alice {ALICE}\nbob {BOB}\nplus {PLUS}\n'


class Places(ServedTest):
    @classmethod
    def setUpClass(cls):
        cls.folder = temporary_folder()
        file = os.path.join(cls.folder.name, 'tokens')
        with open(file, 'w') as out:
            out.write(TOKENS)
        os.chmod(file, 0o600)
        cls.configuration = settings(
            endpoint('/ws', [stage('auth', tokens_file=file), {'plugin': 'probe'}],
                     identity='required'),
            endpoint('/alice', [stage('auth', tokens_file=file, allow=['alice'])]),
            endpoint('/optional', [stage('auth', tokens_file=file, required=False),
                                   {'plugin': 'probe'}]),
            endpoint('/strict', [stage('auth', tokens_file=file, required=False)],
                     identity='required'),
            endpoint('/shadow', [{**stage('auth', tokens_file=file), 'mode': 'shadow'}]),
            endpoint('/named', [stage('auth', tokens_file=file)], subprotocols=[LONG_NAME]),
            endpoint('/named-shadow', [{**stage('auth', tokens_file=file), 'mode': 'shadow'}],
                     subprotocols=[LONG_NAME]),
            endpoint('/cookie', [stage('auth', tokens_file=file, cookie='session',
                                       **{'from': ['cookie']})]))
        super().setUpClass()

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        cls.folder.cleanup()

    def refuse(self, status, path='/ws', **how):
        with self.assertRaises(Refused) as caught:
            RawClient(self.server, path, **how)
        self.assertEqual(caught.exception.status, status)
        if status == 401:
            self.assertTrue(caught.exception.headers['www-authenticate'].startswith('Bearer'))

    def identity(self, path='/ws', **how):
        with RawClient(self.server, path, **how) as client:
            client.text('who')
            return client.read_text().split(' ', 3)[3]

    def test_a_plus_in_a_query_is_written_as_a_percent_code(self):
        with RawClient(self.server, '/ws', query='?token=' + PLUS.replace('+', '%2B')):
            pass
        with self.assertRaises(Refused) as caught:
            RawClient(self.server, '/ws', query='?token=' + PLUS)  # a + stands for a space
        self.assertEqual(caught.exception.status, 401)
        with RawClient(self.server, '/ws', headers=[('Authorization', 'Bearer ' + PLUS)]):
            pass

    def test_header(self):
        self.assertEqual(self.identity(headers=[('Authorization', f'Bearer {ALICE}')]), 'alice')

    def test_query(self):
        self.assertEqual(self.identity(query=f'?token={BOB}'), 'bob')

    def test_cookie(self):
        self.assertEqual(self.identity(headers=[('Cookie', f'a=b; token={ALICE}; c=d')]), 'alice')

    def test_cookie_of_another_name(self):
        with RawClient(self.server, '/cookie', headers=[('Cookie', f'session={BOB}')]) as client:
            self.assertEqual(client.close(), 1000)
        self.refuse(401, '/cookie', headers=[('Authorization', f'Bearer {BOB}')])

    def test_subprotocol(self):
        offer = [('Sec-WebSocket-Protocol', f'bearer, {ALICE}')]
        with RawClient(self.server, headers=offer) as client:
            self.assertEqual(client.subprotocol, 'bearer')
        self.assertEqual(self.identity(headers=offer), 'alice')

    def test_bearer_is_answered_wherever_the_token_was(self):
        offer = ('Sec-WebSocket-Protocol', 'bearer, x')
        for path, how in (('/ws', {'headers': [offer, ('Authorization', f'Bearer {ALICE}')]}),
                          ('/cookie', {'headers': [offer, ('Cookie', f'session={BOB}')]}),
                          ('/shadow', {'headers': [offer]}),
                          ('/shadow', {'headers': [offer, ('Authorization', f'Bearer {ALICE}')]}),
                          ('/optional', {'headers': [('Sec-WebSocket-Protocol', 'bearer')]})):
            with self.subTest(path=path), RawClient(self.server, path, **how) as client:
                self.assertEqual(client.subprotocol, 'bearer')

    def test_what_the_endpoint_has_is_answered_rather(self):
        offer = [('Sec-WebSocket-Protocol', f'bearer, {ALICE}, {LONG_NAME}')]
        for path in ('/named', '/named-shadow'):
            with self.subTest(path=path), RawClient(self.server, path, headers=offer) as client:
                self.assertEqual(client.subprotocol, LONG_NAME)

    def test_a_subprotocol_that_was_not_offered_is_not_answered(self):
        for path in ('/shadow', '/optional'):
            for offers in ([], [('Sec-WebSocket-Protocol', 'bearers, Bearer')]):
                with RawClient(self.server, path, headers=offers) as client:
                    self.assertIsNone(client.subprotocol)

    def test_what_is_shown_on_purpose_comes_before_a_cookie(self):
        cookie = ('Cookie', f'token={ALICE}')
        self.assertEqual(self.identity(query=f'?token={BOB}', headers=[cookie]), 'bob')
        offer = ('Sec-WebSocket-Protocol', f'bearer, {BOB}')
        self.assertEqual(self.identity(headers=[cookie, offer]), 'bob')
        self.assertEqual(self.identity(query=f'?token={ALICE}', headers=[offer]), 'bob')

    def test_no_token(self):
        self.refuse(401)

    def test_bad_tokens(self):
        for token in ('wrong', ALICE[:-1], ALICE + 'x', 'alice'):
            with self.subTest(token=token):
                self.refuse(401, query=f'?token={token}')

    def test_bad_header_is_not_saved_by_a_good_query(self):
        self.refuse(401, query=f'?token={ALICE}', headers=[('Authorization', 'Bearer wrong')])

    def test_not_allowed_here(self):
        self.refuse(403, '/alice', query=f'?token={BOB}')
        with RawClient(self.server, '/alice', query=f'?token={ALICE}') as client:
            self.assertEqual(client.close(), 1000)

    def test_optional(self):
        self.assertEqual(self.identity('/optional'), '')
        self.assertEqual(self.identity('/optional', query=f'?token={BOB}'), 'bob')
        self.refuse(401, '/optional', query='?token=wrong')

    def test_identity_required_though_auth_abstains(self):
        self.refuse(401, '/strict')

    def test_tokens_are_never_logged(self):
        self.refuse(401, query='?token=a-secret-that-was-mistyped')
        self.identity(query=f'?token={ALICE}')
        for secret in (ALICE, BOB, 'a-secret-that-was-mistyped'):
            self.assertNotIn(secret, self.server.log())

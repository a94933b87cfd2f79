"""The plugins that ship with Sluice, in a running server."""

import json
import os
import time

from harness import (PING, PONG, RawClient, Refused, ServedTest, endpoint, patience, settings,
                     temporary_folder)

ALICE = 'alice-token-0123456789'
BOB = 'bob-token-0123456789'
TOKENS = f'alice {ALICE}\nbob {BOB}\n'


def stage(plugin, **options):
    return {'plugin': plugin, 'options': options}


class Auth(ServedTest):
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


class RateLimit(ServedTest):
    configuration = settings(
        endpoint('/drop', [stage('rate-limit', messages='1/m', burst=3)]),
        endpoint('/close', [stage('rate-limit', messages='1/m', burst=3, action='close')]),
        endpoint('/bytes', [stage('rate-limit', bytes='1/m', bytes_burst=100)]),
        endpoint('/refill', [stage('rate-limit', messages='20/s', burst=1)]),
        endpoint('/connect', [stage('rate-limit', connections='1/m', connections_burst=2)]),
        endpoint('/address', [stage('rate-limit', messages='1/m', burst=3, per='address')]))

    def test_what_is_over_the_limit_is_dropped(self):
        with RawClient(self.server, '/drop') as client:
            for number in range(10):
                client.text(str(number))
            self.assertEqual([client.read_text() for _ in range(3)], ['0', '1', '2'])
            self.assertEqual(client.close(), 1000)

    def test_each_client_has_its_own_allowance(self):
        for _ in range(3):
            with RawClient(self.server, '/drop') as client:
                for number in range(3):
                    client.text(str(number))
                    self.assertEqual(client.read_text(), str(number))
                client.close()

    def passed(self, client, count):
        """Sends `count` messages and returns how many of them come back."""
        for _ in range(count):
            client.text('x')
        opcodes = []
        for pongs in (1, 2):  # A pong may overtake messages of its own moment, not of an earlier one.
            client.send_frame(PING, b'was that all?')
            while opcodes.count(PONG) < pongs:
                opcodes.append(client.read_frame()[0])
        return len(opcodes) - 2

    def test_clients_of_an_address_share_theirs(self):
        for source, expected in (('127.0.0.2', 2), ('127.0.0.2', 1), ('127.0.0.3', 2)):
            with RawClient(self.server, '/address', source=source) as client:
                self.assertEqual(self.passed(client, 2), expected)
                client.close()

    def test_over_the_limit_is_closed_with_4429(self):
        with RawClient(self.server, '/close') as client:
            for number in range(4):
                client.text(str(number))
            self.assertEqual(client.expect_close()[0], 4429)

    def test_bytes(self):
        with RawClient(self.server, '/bytes') as client:
            for payload in ('x' * 90, 'y' * 90, 'z' * 5):
                client.text(payload)
            self.assertEqual(client.read_text(), 'x' * 90)
            self.assertEqual(client.read_text(), 'z' * 5)

    def test_allowance_comes_back(self):
        with RawClient(self.server, '/refill') as client:
            begin = time.monotonic()
            passed = 0
            while passed < 5 and time.monotonic() - begin < patience(10):
                passed += self.passed(client, 1)
            self.assertEqual(passed, 5)
            self.assertGreater(time.monotonic() - begin, 0.15)

    def test_connections(self):
        for _ in range(2):
            with RawClient(self.server, '/connect', source='127.0.0.9') as client:
                client.close()
        with self.assertRaises(Refused) as caught:
            RawClient(self.server, '/connect', source='127.0.0.9')
        self.assertEqual(caught.exception.status, 429)
        self.assertGreater(int(caught.exception.headers['retry-after']), 0)
        with RawClient(self.server, '/connect', source='127.0.0.10') as client:
            self.assertEqual(client.close(), 1000)


class Validate(ServedTest):
    configuration = settings(
        endpoint('/close', [stage('validate', json=True, required={'id': 'integer'})]),
        endpoint('/drop', [stage('validate', json=True, action='drop')]),
        endpoint('/notify', [stage('validate', json=True, action='drop', notify=True)]),
        endpoint('/sizes', [stage('validate', min_size=2, max_size=4)]),
        endpoint('/binary', [stage('validate', types=['binary'])]))

    def closed_with(self, code, path, payload, opcode=1):
        with RawClient(self.server, path) as client:
            client.send_frame(opcode, payload)
            self.assertEqual(client.expect_close()[0], code)

    def test_good_messages_pass(self):
        with RawClient(self.server, '/close') as client:
            for text in ('{"id":1}', '{"more": [1, 2, {}], "id": -7}'):
                client.text(text)
                self.assertEqual(client.read_text(), text)

    def test_close_codes(self):
        self.closed_with(1007, '/close', b'{"id":')
        self.closed_with(1008, '/close', b'{"id":"one"}')
        self.closed_with(1008, '/close', b'{}')
        self.closed_with(1008, '/close', b'{"id":1,"a":' + b'[' * 40 + b']' * 40 + b'}')
        self.closed_with(1003, '/close', b'{"id":1}', opcode=2)
        self.closed_with(1008, '/sizes', b'1')
        self.closed_with(1009, '/sizes', b'12345')
        self.closed_with(1003, '/binary', b'text')

    def test_drop(self):
        with RawClient(self.server, '/drop') as client:
            client.text('nonsense')
            client.text('"good"')
            self.assertEqual(client.read_text(), '"good"')

    def test_notify_tells_only_the_sender(self):
        with RawClient(self.server, '/notify') as one, RawClient(self.server, '/notify') as two:
            self.server.wait_for_metric(2, 'sluice_clients', endpoint='/notify')
            one.text('nonsense')
            self.assertEqual(json.loads(one.read_text())['error'], 'malformed_json')
            two.text('[]')
            self.assertEqual(two.read_text(), '[]')


class Together(ServedTest):
    """The order of the pipeline decides: what rate-limit drops, validate never sees."""

    configuration = settings(endpoint('/ws', [
        stage('rate-limit', messages='1/m', burst=1), stage('validate', json=True)]))

    def test_order(self):
        with RawClient(self.server) as client:
            client.text('1')
            self.assertEqual(client.read_text(), '1')
            client.text('nonsense')
            self.assertEqual(client.close(), 1000)
            self.assertEqual(self.server.metric('sluice_plugin_verdicts_total',
                                                plugin='rate-limit', verdict='drop'), 1)

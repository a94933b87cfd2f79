"""auth and an HTTP service that says who somebody is, in good and in bad hours; and floods of checks
that cost something."""

import contextlib
import json
import os
import subprocess
import time
import unittest

from harness import (Certificates, Ended, Issuer, RawClient, Refused, Sluice, endpoint, for_module,
                     patience, run_sluice, settings, temporary_folder, wait_until)
from harness.server import INTEGRATION
from harness.auth import AuthTest, Pending, basic, bearer, scrypt_line, stage

issuer = folder = None
PROBE = {'plugin': 'probe'}
ALICE = 'alice-token-0123456789'


def setUpModule():
    global issuer, folder
    issuer = for_module(Issuer())
    folder = for_module(temporary_folder())
    for name, text in (('machines', f'alice {ALICE}\n'), ('people', scrypt_line('carol', 'her secret'))):
        with open(os.path.join(folder.name, name), 'w') as out:
            out.write(text)
        os.chmod(out.name, 0o600)


def service(path='/who', **options):
    return stage('auth', http_url=issuer.url + path, **{'http_timeout': '30s', **options})


def tokens(name):
    return stage('auth', tokens_file=os.path.join(folder.name, name))


class Answers(AuthTest):
    @classmethod
    def setUpClass(cls):
        cls.configuration = settings(
            endpoint('/http', [service(renewal='renew'), PROBE]),
            endpoint('/attributes', [service(), {'plugin': 'later'}]),
            endpoint('/reuse', [service('/who?reuse', http_cache='0s'), PROBE]),
            endpoint('/small', [service('/who?small', http_cache='1h', http_cache_size=4), PROBE]))
        super().setUpClass()

    def test_names_the_client_and_asks_once(self):
        asked = issuer.asked('/who')
        for _ in range(5):
            self.assertEqual(self.identity('/http', 'good-one'), 'good-one')
        self.assertEqual(issuer.asked('/who'), asked + 1)
        headers = [head for path, head in issuer.requests if path == '/who'][-1]
        self.assertEqual(headers['X-Original-Path'], '/http')
        self.assertEqual(headers['X-Client-Address'], '127.0.0.1')

    def test_refusals_stay_what_they_are_in_the_cache(self):
        for token, status in (('bad', 401), ('banned', 403)):
            for _ in range(3):
                self.refused('/http', token, status)
        self.assertIn('www-authenticate', self.refused('/http', 'bad').headers)

    def test_what_cannot_be_understood_lets_nobody_in(self):
        for token in ('broken', 'garbage', 'list', 'huge', 'deep', 'twice', 'nobody', 'own', 'redirect'):
            with self.subTest(token=token):
                self.assertEqual(self.refused('/http', token, 503).headers['retry-after'], '1')
        self.assertEqual(issuer.asked('/elsewhere'), 0)

    def test_answers_are_taken_as_what_they_mean(self):
        for answer, name, attributes in (
                ({'identity': 42}, '42', {}),
                ({'identity': 'a', 'expires_in': None, 'attributes': None}, 'a', {}),
                ({'identity': 'b', 'expires_in': 300.0, 'attributes': []}, 'b', {}),
                ({'identity': 'c', 'expires_in': 300.5, 'unused': 2 ** 70}, 'c', {}),
                ({'identity': 'd', 'attributes': {'n': 7, 'yes': True, 'none': None, 'x': 1.5, 'id': 2 ** 64,
                                                  'list': ['u', 'v']}}, 'd',
                 {'n': '7', 'yes': 'true', 'none': 'none', 'x': '1.5', 'id': str(2 ** 64), 'list': 'u v'})):
            with self.subTest(answer=answer):
                token = 'answer ' + json.dumps(answer)
                self.assertEqual(self.identity('/http', token), name)
                with RawClient(self.server, '/attributes', headers=bearer(token)) as client:
                    for attribute, value in attributes.items():
                        client.text(f'get {attribute}')
                        self.assertEqual(client.read_text(), value)

    def test_the_log_says_what_is_wrong_with_an_answer(self):
        for answer, why in (('{"identity": true}', 'identity is no text and no integer'),
                            ('{"identity": "a", "expires_in": "5"}', 'expires_in is no number'),
                            ('{"identity": "a", "expires_in": 1e400}', 'expires_in is no number'),
                            ('{"identity": "a", "expires_in": 0}', 'expires_in is less than a second'),
                            ('{"identity": "a", "attributes": {"x": {}}}', 'an attribute is no text'),
                            ('{"identity": "a", "attributes": [1]}', 'attributes is no object'),
                            ('[]', 'it is no JSON object')):
            with self.subTest(answer=answer):
                wait_until(lambda: self.says(answer, why), 'the log says it')  # once a second at most

    def says(self, answer, why):
        self.refused('/http', 'answer ' + answer, 503)
        return why in self.server.log()

    def test_a_token_cannot_bring_headers(self):
        asked = issuer.asked('/who')
        with self.assertRaises(Refused) as caught:
            RawClient(self.server, '/http', query='?token=good%0d%0aX-Other:%20b')
        self.assertEqual(caught.exception.status, 401)
        self.assertEqual(issuer.asked('/who'), asked)

    def test_expires_in_closes_however_many_attributes_there_are(self):
        for token in ('short-one', 'many-attributes'):
            with RawClient(self.server, '/http', headers=bearer(token)) as client:
                self.assertEqual(client.expect_close()[0], 4401)

    def test_renewal_by_the_service(self):
        with RawClient(self.server, '/http', headers=bearer('good-two')) as client:
            for token, renewed in (('bad', False), ('good-three', False), ('garbage', False),
                                   ('good-two', True)):
                client.text(json.dumps({'renew': token}))
                self.assertEqual(json.loads(client.read_text())['renewed'], renewed)

    def test_connections_are_used_again(self):
        for number in range(20):
            self.assertEqual(self.identity('/reuse', f'good-{number}'), f'good-{number}')
        peers = [peer for path, peer in issuer.peers if path == '/who?reuse']
        self.assertEqual(len(peers), 20)
        self.assertEqual(len(set(peers)), 1)

    def test_the_cache_is_bounded(self):
        for _ in range(2):
            for number in range(20):
                self.identity('/small', f'good-{number}')
        self.assertGreaterEqual(issuer.asked('/who?small'), 36)  # four are known at most

    def test_refusals_do_not_push_good_answers_out(self):
        self.identity('/small', 'good-to-keep')
        for number in range(20):
            self.refused('/small', f'bad-{number}')
        asked = issuer.asked('/who?small')
        self.identity('/small', 'good-to-keep')
        self.assertEqual(issuer.asked('/who?small'), asked)


class ServiceThatEndsItsConnections(unittest.TestCase):
    def test_it_is_asked_once_more(self):
        certificates = Certificates()
        self.addCleanup(certificates.cleanup)
        service_process = subprocess.Popen(
            ['node', os.path.join(INTEGRATION, 'clients', 'h2service.mjs'), certificates.certificate,
             certificates.key], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.addCleanup(service_process.stdout.close)
        self.addCleanup(service_process.wait)
        self.addCleanup(service_process.stdin.close)
        url = f'https://localhost:{int(service_process.stdout.readline())}/who'
        configuration = settings(endpoint('/http', [dict(stage(
            'auth', http_url=url, ca_file=certificates.certificate, http_cache='0s',
            http_timeout='30s'), timeout='60s')]))
        with Sluice(configuration) as server:
            for number in range(5):
                with RawClient(server, '/http', headers=bearer(f'client-{number}')):
                    pass


class ServiceThatHangs(unittest.TestCase):
    def setUp(self):
        issuer.who_go.clear()
        self.addCleanup(issuer.who_go.set)

    def others_are_served(self, server):
        with RawClient(server, '/machines', headers=bearer(ALICE)):
            pass
        with RawClient(server, '/people', headers=basic('carol', 'her secret')):
            pass

    def serve(self, *endpoints):
        return Sluice(settings(*endpoints, endpoint('/machines', [tokens('machines')]),
                               endpoint('/people', [tokens('people')])))

    def test_it_times_out_within_bounds_and_nobody_else_notices(self):
        with self.serve(endpoint('/http', [dict(service(http_timeout='1s'), timeout='30s')])) as server:
            clients = [Pending(server, '/http', bearer(f'good-{number}')) for number in range(200)]
            self.others_are_served(server)
            for client in clients:
                status, headers = client.answer()
                self.assertEqual((status, headers['retry-after']), (503, '1'))
            issuer.who_go.set()
            wait_until(lambda: self.is_served(server), 'the service answers in time again')

    @staticmethod
    def is_served(server):
        with contextlib.suppress(Refused), RawClient(server, '/http', headers=bearer('good-again')):
            return True
        return False

    def test_clients_that_leave_and_a_reload_do_no_harm(self):
        def configuration(**options):
            return settings(endpoint('/http', [dict(service(http_timeout='30s', **options),
                                                    timeout='30s'), PROBE]))
        with Sluice(configuration()) as server:
            leaving = [Pending(server, '/http', bearer(f'good-{number}')) for number in range(20)]
            staying = [Pending(server, '/http', bearer(f'good-{number}')) for number in range(20, 30)]
            wait_until(lambda: server.metric('sluice_plugin_auth_deferred_total') == 30, 'all wait')
            for client in leaving:
                client.reset()
            server.write(configuration(http_cache='1h', grace='1s'))
            status, _, error = run_sluice('reload', '--admin', '%s:%d' % server.admin_address)
            self.assertEqual(status, 0, error)
            issuer.who_go.set()
            self.assertEqual([client.answer()[0] for client in staying], [101] * 10)
            for client in staying:
                client.socket.close()

    def test_it_does_not_hold_up_the_end(self):
        server = self.serve(endpoint('/http', [dict(service(http_timeout='60s'), timeout='60s')])).start()
        clients = [Pending(server, '/http', bearer(f'good-{number}')) for number in range(100)]
        wait_until(lambda: server.metric('sluice_plugin_auth_deferred_total') == 100, 'all wait')
        began = time.monotonic()
        server.stop()
        self.assertLess(time.monotonic() - began, patience(10))
        for client in clients:
            client.socket.close()

    def test_a_fetch_of_keys_ends_with_its_instance(self):
        issuer.let_go.clear()
        self.addCleanup(issuer.let_go.set)
        with Sluice(settings(endpoint('/ws', [issuer.stage(jwks_timeout='60s')]))) as server:
            server.wait_for_metric(1, 'sluice_http_in_flight')
            server.reload(settings(endpoint('/ws')))
            server.wait_for_metric(0, 'sluice_http_in_flight')

    def test_nobody_passes_unchecked_whatever_on_error_says(self):
        late = dict(service(http_timeout='30s'), timeout='100ms', on_error='continue')
        with self.serve(endpoint('/http', [late, PROBE])) as server:
            client = Pending(server, '/http', bearer('good-one'))
            client.text('who')
            self.assertEqual(client.answer()[0], 101)
            with self.assertRaises(Ended):  # no answer from probe
                client.read_message()
            client.socket.close()
            server.wait_for_metric(0, 'sluice_clients')


class SlowHashes(unittest.TestCase):
    def test_a_flood_is_bounded_and_other_endpoints_go_on(self):
        configuration = settings(endpoint('/people', [dict(tokens('people'), timeout='30s'), PROBE]),
                                 endpoint('/machines', [tokens('machines')]),
                                 offload={'threads': 1})
        with Sluice(configuration) as server:
            flood = [Pending(server, '/people', basic('carol', f'guess-{number}'))
                     for number in range(300)]
            with RawClient(server, '/machines', headers=bearer(ALICE)):
                pass
            answers = [client.answer() for client in flood]
            self.assertEqual({status for status, _ in answers} - {401, 503}, set())
            self.assertIn(503, {status for status, _ in answers})
            self.assertIn(401, {status for status, _ in answers})
            self.assertTrue(all(headers['retry-after'] == '1' for status, headers in answers
                                if status == 503))
            with RawClient(server, '/people', headers=basic('carol', 'her secret')):
                pass

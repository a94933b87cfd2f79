"""A JWKS server that rotates its keys, hangs, lies and dies, and whoever tries to make auth ask it."""

import json
import os
import time
import unittest

from harness import (Certificates, Issuer, RawClient, Refused, Sluice, endpoint, for_module, http_get,
                     patience, run_sluice, settings, temporary_folder, wait_until)
from harness.auth import AuthTest, Pending, bearer, stage

issuer = None
PROBE = {'plugin': 'probe'}


def setUpModule():
    global issuer
    issuer = for_module(Issuer())


class Rotation(AuthTest):
    configuration = None

    @classmethod
    def setUpClass(cls):
        cls.configuration = settings(
            endpoint('/keeps', [issuer.stage(jwks_refetch='1s', jwks_keep='1h'), PROBE]),
            endpoint('/forgets', [issuer.stage(jwks_refetch='1s', jwks_keep='0s', jwks_refresh='1s'), PROBE]))
        super().setUpClass()

    def test_new_keys_are_found_and_old_ones_stay_as_long_as_configured(self):
        old = issuer.tokens['ES256']
        before = issuer.jwks
        self.assertEqual(self.identity('/keeps', old), 'ada')
        self.assertEqual(self.identity('/forgets', old), 'ada')
        issuer.jwks = {'keys': [issuer.generate('rotated')]}
        new = issuer.sign(kid='rotated')
        wait_until(lambda: self.lets_in('/keeps', new), 'an unknown key makes them be fetched')
        self.assertEqual(self.identity('/keeps', old), 'ada')
        wait_until(lambda: self.lets_in('/forgets', new), 'the new key is there')
        wait_until(lambda: self.refusal('/forgets', old) == 401, 'and the old one known to be gone')
        issuer.jwks = before
        wait_until(lambda: self.lets_in('/forgets', old), 'the old key is back')

    def refusal(self, path, token):
        with self.assertRaises(Refused) as caught:
            RawClient(self.server, path, headers=bearer(token))
        return caught.exception.status

    def test_a_key_of_another_type_in_the_set_is_left_alone(self):
        before = issuer.jwks
        issuer.jwks = {'keys': [{'kty': 'oct', 'kid': 'secret', 'k': 'A' * 64, 'alg': 'HS256'},
                                *before['keys']]}
        fetches = self.server.metric('sluice_plugin_auth_key_fetches_total', endpoint='/forgets')
        wait_until(lambda: self.server.metric('sluice_plugin_auth_key_fetches_total',
                                              endpoint='/forgets') > fetches + 1, 'it is fetched')
        self.assertEqual(self.identity('/forgets', issuer.tokens['ES256']), 'ada')
        self.refused('/forgets', issuer.tokens['HS256'])
        issuer.jwks = before


class UnknownKeys(AuthTest):
    @classmethod
    def setUpClass(cls):
        cls.configuration = settings(
            endpoint('/seldom', [issuer.stage(jwks_refetch='1h'), PROBE]),
            endpoint('/often', [issuer.stage(jwks_refetch='1s', jwks_refresh='1h'), PROBE]))
        super().setUpClass()

    def fetches(self, path):
        return self.server.metric('sluice_plugin_auth_key_fetches_total', endpoint=path)

    def flood(self, path, prefix='unknown'):
        """The statuses of the answers."""
        statuses = []
        for number in range(50):
            with self.assertRaises(Refused) as caught:
                RawClient(self.server, path,
                          headers=bearer(issuer.sign(header={'kid': f'{prefix}-{number}'})))
            statuses.append(caught.exception.status)
        return statuses

    def test_a_flood_of_unknown_keys_fetches_once(self):
        self.assertEqual(self.identity('/seldom', issuer.tokens['RS256']), 'ada')
        self.assertEqual(self.fetches('/seldom'), 1)
        self.assertEqual(self.flood('/seldom'), [401] + [503] * 49)  # the first one is looked for
        self.assertEqual(self.flood('/seldom', 'other'), [503] * 50)
        self.assertEqual(self.fetches('/seldom'), 2)
        self.assertGreaterEqual(self.server.metric('sluice_plugin_auth_unknown_keys_total',
                                                   endpoint='/seldom'), 100)
        self.assertEqual(self.identity('/seldom', issuer.tokens['RS256']), 'ada')

    def test_fetches_are_as_far_apart_as_configured(self):
        self.assertEqual(self.identity('/often', issuer.tokens['RS256']), 'ada')
        began, before = time.monotonic(), self.fetches('/often')
        while self.fetches('/often') < before + 2:
            self.assertLessEqual(set(self.flood('/often')), {401, 503})
        self.assertLessEqual(self.fetches('/often') - before, time.monotonic() - began + 1)


class Waiting(unittest.TestCase):
    """Before there are any keys."""

    def setUp(self):
        issuer.let_go.clear()
        self.addCleanup(issuer.let_go.set)

    def test_all_wait_for_one_fetch_and_others_are_served_meanwhile(self):
        folder = temporary_folder()
        self.addCleanup(folder.cleanup)
        tokens = os.path.join(folder.name, 'tokens')
        with open(tokens, 'w') as out:
            out.write('alice alice-token-0123456789\n')
        before = issuer.asked('/jwks')
        configuration = settings(
            endpoint('/ws', [dict(issuer.stage(jwks_timeout='30s'), timeout='30s')]),
            endpoint('/tokens', [stage('auth', tokens_file=tokens)]))
        with Sluice(configuration) as server:
            clients = [Pending(server, '/ws', bearer(issuer.tokens['ES256'])) for _ in range(50)]
            wait_until(lambda: server.metric('sluice_plugin_auth_deferred_total') == 50, 'all wait')
            with RawClient(server, '/tokens', headers=bearer('alice-token-0123456789')):
                pass
            clients.pop().reset()  # leaves meanwhile
            issuer.let_go.set()
            self.assertEqual([client.answer()[0] for client in clients], [101] * 49)
            self.assertEqual(issuer.asked('/jwks'), before + 1)
            for client in clients:
                client.socket.close()

    def test_too_many_that_wait_are_told_to_come_again(self):
        configuration = settings(endpoint('/ws', [dict(issuer.stage(jwks_timeout='30s'), timeout='30s')]))
        with Sluice(configuration) as server:
            clients = [Pending(server, '/ws', bearer(issuer.tokens['ES256'])) for _ in range(300)]
            wait_until(lambda: server.metric('sluice_plugin_auth_failed_total') == 44, '256 wait')
            issuer.let_go.set()
            answers = [client.answer() for client in clients]
            self.assertEqual(sorted(status for status, _ in answers), [101] * 256 + [503] * 44)
            self.assertTrue(all(headers['retry-after'] == '1' for status, headers in answers
                                if status == 503))
            for client in clients:
                client.socket.close()

    def test_a_fetch_that_hangs_does_not_hold_up_the_end(self):
        server = Sluice(settings(endpoint('/ws', [issuer.stage(jwks_timeout='60s')]))).start()
        waiting = Pending(server, '/ws', bearer(issuer.tokens['ES256']))
        wait_until(lambda: server.metric('sluice_plugin_auth_key_fetches_total') == 1, 'it is asked')
        began = time.monotonic()
        server.stop()
        self.assertLess(time.monotonic() - began, patience(10))
        waiting.socket.close()


class WhileNewKeysCannotBeKnown(AuthTest):
    """A good token of a new key is told to come again, at a time that is worth it."""

    def setUp(self):
        self.before = issuer.jwks
        self.addCleanup(self.restore)

    def restore(self):
        issuer.jwks, issuer.status = self.before, 200
        issuer.let_go.set()

    def rotate(self, kid, **how):
        """A token of a key that is in the set from now on."""
        issuer.jwks = {'keys': [*issuer.jwks['keys'], issuer.generate(kid)]}
        return issuer.sign(kid=kid, **how)

    def retry_after(self, path, token, server=None):
        with self.assertRaises(Refused) as caught:
            RawClient(server or self.server, path, headers=bearer(token))
        self.assertEqual(caught.exception.status, 503)
        return int(caught.exception.headers['retry-after'])

    @classmethod
    def setUpClass(cls):
        cls.configuration = settings(
            *(endpoint(path, [issuer.stage(jwks_refetch='30s', jwks_refresh='1h', jwks_timeout='30s'), PROBE])
              for path in ('/first', '/second', '/nameless')),
            endpoint('/outage', [issuer.stage(jwks_refetch='30s', jwks_refresh='1s', renewal='renew'), PROBE]),
            endpoint('/slow', [dict(issuer.stage(jwks_refetch='30s', jwks_refresh='1h', jwks_timeout='30s'),
                                    timeout='300ms'), PROBE]))
        super().setUpClass()
        for path in ('/first', '/second', '/nameless', '/outage', '/slow'):
            wait_until(lambda path=path: cls.server.metric('sluice_plugin_auth_keys', endpoint=path) > 0,
                       'there are keys')

    def test_the_first_new_key_after_a_fetch_is_asked_for_at_once(self):
        self.assertEqual(self.identity('/first', self.rotate('at-once')), 'ada')

    def test_a_bogus_token_makes_new_ones_wait_and_not_fail(self):
        self.refused('/second', issuer.sign(header={'kid': 'bogus'}))
        retry_after = self.retry_after('/second', self.rotate('after-bogus'))
        self.assertGreaterEqual(retry_after, 20)
        self.assertLessEqual(retry_after, 30)

    def test_keys_without_names_are_asked_for_too(self):
        issuer.jwks = {'keys': [{name: value for name, value in key.items() if name != 'kid'}
                                for key in (issuer.generate('nameless'),)]}
        token = issuer.sign(kid='nameless', header={'kid': None})
        self.assertEqual(self.identity('/nameless', token), 'ada')

    def test_after_an_outage(self):
        old = issuer.tokens['ES256']
        wait_until(lambda: self.lets_in('/outage', old), 'the keys are those of this test')
        failures = self.server.metric('sluice_plugin_auth_key_failures_total', endpoint='/outage')
        issuer.status = 500
        wait_until(lambda: self.server.metric('sluice_plugin_auth_key_failures_total',
                                              endpoint='/outage') > failures, 'a fetch fails')
        new = self.rotate('after-outage')
        self.assertLessEqual(self.retry_after('/outage', new), 30)
        with RawClient(self.server, '/outage', headers=bearer(old)) as client:  # the keys of before
            client.text(json.dumps({'renew': new}))
            answer = json.loads(client.read_text())
            self.assertFalse(answer['renewed'])
            self.assertIn(answer['retry_after'], range(1, 31))
            issuer.status = 200
            wait_until(lambda: self.lets_in('/outage', new), 'the pause is over')

    def test_a_server_that_takes_too_long(self):
        issuer.let_go.clear()
        self.assertEqual(self.retry_after('/slow', self.rotate('slowly')), 1)
        issuer.let_go.set()
        wait_until(lambda: self.lets_in('/slow', issuer.sign(kid='slowly')), 'the keys have come')


class NoKeysYet(unittest.TestCase):
    def setUp(self):
        issuer.status = 500
        self.addCleanup(setattr, issuer, 'status', 200)

    def readiness(self, server):
        status, _, body = http_get(server, '/readyz', address=server.admin_address)
        return status, json.loads(body)

    def test_the_server_is_not_ready_and_asks_again_soon(self):
        configuration = settings(endpoint('/ws', [issuer.stage(jwks_refetch='1h', jwks_refresh='1h')]))
        with Sluice(configuration) as server:
            status, body = self.readiness(server)
            self.assertEqual((status, body['status']), (503, 'not ready'))
            self.assertEqual(body['reasons'], [{'endpoint': '/ws', 'instance': 'auth#1',
                                                'reason': 'There are no keys from jwks_url.'}])
            server.wait_for_metric(2, 'sluice_plugin_auth_key_failures_total')
            issuer.status = 200
            wait_until(lambda: self.readiness(server) == (200, {'status': 'ready'}), 'it is ready')
            with RawClient(server, headers=bearer(issuer.tokens['ES256'])):
                pass

    def test_what_is_not_vital_or_in_shadow_or_removed_does_not_count(self):
        with Sluice(settings(endpoint('/ws', [issuer.stage(jwks_ready=False)]),
                             endpoint('/shadow', [dict(issuer.stage(), mode='shadow')]))) as server:
            server.wait_for_metric(1, 'sluice_plugin_auth_key_failures_total', endpoint='/shadow')
            self.assertEqual(self.readiness(server)[0], 200)
            server.reload(settings(endpoint('/ws', [issuer.stage()])))
            self.assertEqual(self.readiness(server)[0], 503)
            server.reload(settings(endpoint('/ws')))
            self.assertEqual(self.readiness(server)[0], 200)

    def test_the_end_of_a_fetch_says_what_the_options_of_now_want(self):
        issuer.let_go.clear()
        self.addCleanup(issuer.let_go.set)
        with Sluice(settings(endpoint('/ws', [issuer.stage(jwks_ready=False)]))) as server:
            server.wait_for_metric(1, 'sluice_plugin_auth_key_fetches_total')
            server.reload(settings(endpoint('/ws', [issuer.stage()])))
            issuer.let_go.set()
            server.wait_for_metric(1, 'sluice_plugin_auth_key_failures_total')
            self.assertEqual(self.readiness(server)[0], 503)

    def test_the_end_of_a_fetch_from_a_former_url_says_nothing(self):
        issuer.let_go.clear()
        self.addCleanup(issuer.let_go.set)
        elsewhere = issuer.stage(jwks_url=issuer.url + '/nowhere')
        log = {'level': 'debug'}
        with Sluice(settings(endpoint('/ws', [issuer.stage()]), log=log)) as server:
            server.wait_for_metric(1, 'sluice_plugin_auth_key_fetches_total')
            server.reload(settings(endpoint('/ws', [elsewhere]), log=log))
            issuer.status = 200
            issuer.let_go.set()
            server.wait_for_log(' of no use here)')
            self.assertEqual(self.readiness(server)[0], 503)


class WaitersThatLeave(unittest.TestCase):
    def test_they_give_their_places_back(self):
        issuer.let_go.clear()
        self.addCleanup(issuer.let_go.set)
        configuration = settings(endpoint('/ws', [dict(issuer.stage(jwks_timeout='30s'), timeout='30s')]))
        with Sluice(configuration) as server:
            leaving = [Pending(server, '/ws', bearer(issuer.tokens['ES256'])) for _ in range(256)]
            wait_until(lambda: server.metric('sluice_plugin_auth_deferred_total') == 256, 'all wait')
            for client in leaving:
                client.reset()
            server.wait_for_metric(0, 'sluice_deferrals')
            staying = [Pending(server, '/ws', bearer(issuer.tokens['ES256'])) for _ in range(256)]
            wait_until(lambda: server.metric('sluice_plugin_auth_deferred_total') == 512, 'all wait')
            self.assertEqual(server.metric('sluice_plugin_auth_failed_total'), 0)
            issuer.let_go.set()
            self.assertEqual([client.answer()[0] for client in staying], [101] * 256)
            for client in staying:
                client.socket.close()


class JwksServerThatMisbehaves(AuthTest):
    @classmethod
    def setUpClass(cls):
        issuer.status = 500
        cls.configuration = settings(
            endpoint('/ws', [issuer.stage(jwks_refetch='1s', jwks_refresh='1s', jwks_timeout='500ms'), PROBE]))
        super().setUpClass()

    def test_dies_recovers_lies_and_hangs(self):
        token = issuer.tokens['PS256']
        self.refused('/ws', token, 503)  # fails closed
        issuer.status = 200
        wait_until(lambda: self.lets_in('/ws', token), 'the keys are fetched')
        for body in (b'<html>Sign in</html>', b'{"keys": []}', b'{"keys": [{"kty": "oct", "k": "AAAA"}]}',
                     b'[' * 100000, b'A' * 2000000, b''):
            issuer.body = body
            failures = self.server.metric('sluice_plugin_auth_key_failures_total')
            wait_until(lambda: self.server.metric('sluice_plugin_auth_key_failures_total') > failures,
                       'the answer is refused')
            self.assertTrue(self.lets_in('/ws', token))  # the keys of before
        self.server.wait_for_log("the response's body is longer than 1048576 bytes")
        issuer.body = json.dumps({'keys': issuer.jwks['keys'] + [{'kty': 'other'}] * 300}).encode()
        self.server.wait_for_log('keys are left out: 256 are the most')
        issuer.body = None
        issuer.let_go.clear()
        failures = self.server.metric('sluice_plugin_auth_key_failures_total')
        wait_until(lambda: self.server.metric('sluice_plugin_auth_key_failures_total') > failures,
                   'it takes too long')
        for _ in range(10):
            self.assertTrue(self.lets_in('/ws', token))
        issuer.let_go.set()
        issuer.status = 302
        failures = self.server.metric('sluice_plugin_auth_key_failures_total')
        wait_until(lambda: self.server.metric('sluice_plugin_auth_key_failures_total') > failures,
                   'no redirect is followed')
        self.assertEqual(issuer.asked('/elsewhere'), 0)
        issuer.status = 200


class Trust(unittest.TestCase):
    def test_only_servers_that_the_ca_file_knows_are_asked_and_no_proxy_is(self):
        certificates = Certificates()
        self.addCleanup(certificates.cleanup)
        secure = Issuer(certificates.certificate, certificates.key)
        self.addCleanup(secure.cleanup)
        nowhere = 'http://127.0.0.1:9'
        proxies = {name: nowhere for name in ('http_proxy', 'https_proxy', 'all_proxy', 'ALL_PROXY')}
        keys, service = secure.url + '/jwks', secure.url + '/who'
        configuration = settings(
            endpoint('/system', [stage('auth', jwks_url=keys)]),
            endpoint('/other', [stage('auth', jwks_url=keys, ca_file=certificates.path('other.crt'))]),
            endpoint('/name', [stage('auth', jwks_url=keys.replace('localhost', '127.0.0.2'),
                                     ca_file=certificates.certificate)]),
            endpoint('/service', [stage('auth', http_url=service)]),
            endpoint('/trusted', [stage('auth', jwks_url=keys, jwks_timeout='30s', ca_file=certificates.certificate)]),
            endpoint('/asked', [stage('auth', http_url=service, http_timeout='30s', ca_file=certificates.certificate)]))
        with Sluice(configuration, environment=proxies) as server:
            for path, token in (('/system', secure.tokens['ES256']), ('/other', secure.tokens['ES256']),
                                ('/name', secure.tokens['ES256']), ('/service', 'good-one')):
                with self.subTest(path=path), self.assertRaises(Refused) as caught:
                    RawClient(server, path, headers=bearer(token))
                self.assertEqual(caught.exception.status, 503)
                if token != 'good-one':
                    self.assertGreater(server.metric('sluice_plugin_auth_key_failures_total',
                                                     endpoint=path), 0)
            self.assertEqual(secure.asked('/who'), 0)
            for path, token in (('/trusted', secure.tokens['ES256']), ('/asked', 'good-one')):
                with RawClient(server, path, headers=bearer(token)) as client:
                    self.assertEqual(client.close(), 1000)


class Options(unittest.TestCase):
    def refused(self, expected, **options):
        configuration = settings(endpoint('/ws', [stage('auth', **options)]))
        with self.assertRaises(AssertionError) as caught:
            Sluice(configuration).start()
        self.assertIn(expected, str(caught.exception))

    def test_urls_that_give_keys_away_are_refused(self):
        self.refused('has to be https://', jwks_url='http://issuer.test/jwks')
        self.refused('https:// or http://', jwks_url='file:///etc/passwd')
        self.refused('a user or a password', jwks_url='https://me:mine@issuer.test/jwks')
        self.refused('holds an empty text', jwks_url=issuer.url, jwt_audience=[''])
        self.refused("this plugin's own", jwks_url=issuer.url, jwt_attributes={'auth.expires': 'x'})

    def test_times_that_are_longer_than_the_stage_waits_are_said(self):
        folder = temporary_folder()
        self.addCleanup(folder.cleanup)
        path = os.path.join(folder.name, 'sluice.json')
        for options, said in (({'jwks_url': issuer.url, 'jwks_timeout': '3s'}, True),
                              ({'http_url': issuer.url, 'http_timeout': '3s'}, True),
                              ({'jwks_url': issuer.url}, False)):
            with open(path, 'w') as out:
                json.dump(settings(endpoint('/ws', [dict(stage('auth', **options), timeout='2s')])), out)
            status, _, error = run_sluice('check', '-c', path)
            self.assertEqual(status, 0)
            self.assertEqual('the timeout of this plugin in the pipeline 2000 ms' in error, said)

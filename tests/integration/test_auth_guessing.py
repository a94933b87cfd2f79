"""Who guesses, and what it costs the others: secrets with slow hashes, signatures, renewals."""

import json
import os
import time
import unittest

from harness import (Issuer, RawClient, Refused, Sluice, endpoint, for_module, settings,
                     temporary_folder, wait_until)
from harness.auth import AuthTest, Pending, b64, basic, bearer, scrypt_line, stage

issuer = folder = None
PROBE = {'plugin': 'probe'}


def setUpModule():
    global issuer, folder
    issuer = for_module(Issuer())
    folder = for_module(temporary_folder())
    with open(os.path.join(folder.name, 'people'), 'w') as out:
        out.write(scrypt_line('carol', 'her secret') + scrypt_line('carol', 'her other secret') +
                  scrypt_line('dave', 'his secret'))
    os.chmod(out.name, 0o600)


def people(**options):
    return dict(stage('auth', tokens_file=os.path.join(folder.name, 'people'), **options), timeout='30s')


def coming_from(address, headers):
    return [('X-Forwarded-For', address), *headers]


class Secrets(unittest.TestCase):
    def test_one_address_does_not_take_the_places_of_others(self):
        configuration = settings(endpoint('/people', [people()]), trusted_proxies=['127.0.0.1'],
                                 offload={'threads': 1})
        with Sluice(configuration) as server:
            flood = [Pending(server, '/people', coming_from('203.0.113.7', basic('carol', f'guess-{number}')))
                     for number in range(60)]
            with RawClient(server, '/people', headers=coming_from('198.51.100.1', basic('dave', 'his secret'))):
                pass
            answers = [client.answer() for client in flood]
            self.assertEqual({status for status, _ in answers}, {401, 503})
            refused = sum(1 for status, _ in answers if status == 503)
            server.wait_for_metric(refused, 'sluice_plugin_auth_slow_refused_total')

    def test_who_leaves_gives_the_place_back(self):
        configuration = settings(
            endpoint('/people', [people(slow_checks_per_address=8, slow_checks=8)]), offload={'threads': 1})
        with Sluice(configuration) as server:
            for _ in range(4):
                leaving = [Pending(server, '/people', basic('carol', 'a guess')) for _ in range(8)]
                wait_until(lambda: server.metric('sluice_plugin_auth_deferred_total') > 0, 'they wait')
                for client in leaving:
                    client.reset()
                server.wait_for_metric(0, 'sluice_clients')
            wait_until(lambda: self.comes_in(server), 'there are places')

    def comes_in(self, server):
        try:
            with RawClient(server, '/people', headers=basic('carol', 'her other secret')):
                return True
        except Refused:
            return False

    def test_names_are_not_given_away(self):
        with Sluice(settings(endpoint('/people', [people()]))) as server:
            answers = []
            for name in ('carol', 'dave', 'mallory', ''):
                with self.assertRaises(Refused) as caught:
                    RawClient(server, '/people', headers=basic(name, 'a guess'))
                answers.append((caught.exception.status, caught.exception.body,
                                caught.exception.headers['www-authenticate']))
            self.assertEqual(answers, [answers[0]] * 4)
            self.assertEqual(answers[0][:2], (401, b'The name or the secret is not valid.\n'))


class Signatures(AuthTest):
    @classmethod
    def setUpClass(cls):
        cls.before = issuer.jwks
        keys = [issuer.generate(f'ed-{number}', 'EdDSA') for number in range(16)]
        issuer.jwks = {'keys': [{name: value for name, value in key.items() if name != 'kid'} for key in keys]}
        cls.configuration = settings(
            endpoint('/ws', [stage('auth', jwks_url=issuer.url + '/jwks', jwt_audience=['sluice'],
                                   renewal='renew'), PROBE]))
        super().setUpClass()

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        issuer.jwks = cls.before

    def test_many_keys_are_tried_on_a_worker_thread(self):
        wait_until(lambda: self.server.metric('sluice_plugin_auth_keys') == 16, 'there are keys')
        self.assertAlmostEqual(self.server.metric('sluice_plugin_auth_keys_timestamp_seconds'), time.time(), delta=120)
        before = self.server.metric('sluice_plugin_auth_deferred_total')
        token = issuer.sign(kid='ed-15', alg='EdDSA', header={'kid': None})
        self.assertEqual(self.identity('/ws', token), 'ada')
        self.server.wait_for_metric(before + 1, 'sluice_plugin_auth_deferred_total')

    def test_renewals_of_a_client_have_a_rate(self):
        wait_until(lambda: self.server.metric('sluice_plugin_auth_keys') == 16, 'there are keys')
        token = issuer.sign(kid='ed-3', alg='EdDSA', header={'kid': None})
        head, payload, _ = token.split('.')
        with RawClient(self.server, '/ws', headers=bearer(token)) as client, \
                RawClient(self.server, '/ws', headers=bearer(token)) as other:
            before = self.server.metric('sluice_plugin_auth_deferred_total')
            for number in range(50):
                client.text(json.dumps({'renew': f'{head}.{payload}.{b64(bytes([number]) * 64)}'}))
            answers = [json.loads(client.read_text()) for _ in range(50)]
            self.assertFalse(any(answer['renewed'] for answer in answers))
            limited = [answer for answer in answers if answer['error'].startswith('Too many')]
            self.assertEqual(len(limited), 45)
            self.assertIn(limited[-1]['retry_after'], range(1, 7))
            self.assertLessEqual(self.server.metric('sluice_plugin_auth_deferred_total') - before, 10)
            self.server.wait_for_metric(45, 'sluice_plugin_auth_renewals_limited_total')
            other.text(json.dumps({'renew': token}))
            self.assertTrue(json.loads(other.read_text())['renewed'])

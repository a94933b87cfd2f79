"""Clients of auth that stay: what a renewal changes, and what a reload makes of their expiry."""

import json
import time
import unittest

from harness import Issuer, RawClient, Refused, Sluice, endpoint, for_module, patience, settings, wait_until
from harness.auth import AuthTest, bearer, with_lifetimes

issuer = None
LATER = {'plugin': 'later'}


def setUpModule():
    global issuer
    issuer = for_module(Issuer())


def jwt(**options):
    return issuer.stage(jwt_leeway='0s', **options)


class Renewal(AuthTest):
    @classmethod
    def setUpClass(cls):
        cls.configuration = settings(
            endpoint('/ws', [jwt(renewal='renew', jwt_attributes={'role': 'role', 'team': 'team'}), LATER]))
        super().setUpClass()

    def attribute(self, client, name):
        client.text(f'get {name}')
        return client.read_text()

    def test_what_the_old_token_gave_goes_with_it(self):
        with RawClient(self.server, '/ws', headers=bearer(issuer.sign(role='admin', team='blue'))) as client:
            self.assertEqual(self.attribute(client, 'role'), 'admin')
            for claims, role, team in (({'team': 'red'}, 'none', 'red'), ({}, 'none', 'none'),
                                       ({'role': 'user'}, 'user', 'none'), ({'exp': None}, 'user', 'none')):
                client.text(json.dumps({'renew': issuer.sign(**claims)}))
                renewed = json.loads(client.read_text())['renewed']
                self.assertEqual(renewed, 'exp' not in claims)  # who is refused keeps what there is
                self.assertEqual(self.attribute(client, 'role'), role)
                self.assertEqual(self.attribute(client, 'team'), team)


    def test_an_attribute_of_another_type_is_said(self):
        for role, sentence in (({'a': 1}, b'no text, number, boolean or list of texts'),
                               ([1], b'no text, number, boolean or list of texts'),
                               ('x' * 2000, b'too long')):
            with self.subTest(role=str(role)[:9]), self.assertRaises(Refused) as caught:
                RawClient(self.server, '/ws', headers=bearer(issuer.sign(role=role)))
            self.assertEqual(caught.exception.status, 401)
            self.assertIn(sentence, caught.exception.body)


class Told(unittest.TestCase):
    def test_the_log_tells_of_renewals(self):
        configuration = settings(endpoint('/ws', [jwt(renewal='renew')]), log={'level': 'debug', 'format': 'json'})
        with Sluice(configuration) as server:
            with RawClient(server, '/ws', headers=bearer(issuer.sign(sub='ann'))) as client:
                client.text(json.dumps({'renew': issuer.sign(sub='ann', exp=int(time.time()) + 600)}))
                self.assertTrue(json.loads(client.read_text())['renewed'])
            wait_until(lambda: 'client_renewed' in server.log(), 'the event')
            told = {event['event']: event for event in map(json.loads, server.log().splitlines()) if 'event' in event}
        renewed, accepted = told['client_renewed'], told['upgrade_accepted']
        self.assertEqual((renewed['identity'], renewed['instance']), ('ann', 'auth#1'))
        self.assertRegex(renewed['ends'], r'^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ$')
        self.assertEqual((renewed['client'], renewed['request_id']), (accepted['client'], accepted['request_id']))


class Reload(unittest.TestCase):
    def configuration(self, **options):
        return settings(endpoint('/ws', [jwt(**options)]))

    def test_turning_expire_on_and_grace_off_reaches_who_is_there(self):
        with_lifetimes(self.turn_expire_on_and_grace_off)

    def turn_expire_on_and_grace_off(self, seconds):
        with Sluice(self.configuration(expire=False)) as server:
            expires = int(time.time()) + seconds
            with RawClient(server, '/ws', headers=bearer(issuer.sign(exp=expires))) as client:
                client.socket.settimeout(seconds + patience(10))
                server.reload(self.configuration(expire=True, grace='1h'))
                server.reload(self.configuration(expire=True))
                self.assertEqual(client.expect_close(), (4401, b'Your credentials have expired.'))
                self.assertGreaterEqual(time.time(), expires)
            self.assertEqual(server.metric('sluice_plugin_auth_expired_total'), 1)

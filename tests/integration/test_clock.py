"""The wall clock of the server is set forward: what ends at a time of the clock ends then."""

import os
import signal
import unittest

from harness import (BUILD, Issuer, RawClient, Refused, Sluice, endpoint, sanitized, settings,
                     wait_until)
from harness.auth import bearer, stage

LIBRARY = os.path.join(BUILD, 'tests', 'shifted_clock.so')
HOUR = 3600
TOLD = 'shifted_clock: set forward'


@unittest.skipIf(sanitized(), 'a preloaded library and a sanitizer do not go together')
class SetForward(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.issuer = Issuer()

    @classmethod
    def tearDownClass(cls):
        cls.issuer.cleanup()

    def serve(self):
        keys = stage('auth', jwks_url=self.issuer.url + '/jwks')
        service = stage('auth', http_url=self.issuer.url + '/who', http_timeout='30s', http_cache='1h')
        return Sluice(settings(endpoint('/jwt', [keys]), endpoint('/http', [service])),
                      environment={'LD_PRELOAD': LIBRARY,
                                   'SHIFTED_CLOCK_SECONDS': str(2 * HOUR)})

    def set_forward(self, server):
        server.process.send_signal(signal.SIGUSR2)
        wait_until(lambda: TOLD in server.log(), f'the log says: {TOLD}')

    def connect(self, server, path, token):
        return RawClient(server, path, headers=bearer(token))

    def test_a_token_of_an_open_session_ends_when_the_clock_says_so(self):
        with self.serve() as server:
            ends = self.connect(server, '/jwt', self.issuer.sign(HOUR))
            stays = self.connect(server, '/jwt', self.issuer.sign(4 * HOUR))
            self.set_forward(server)
            self.assertEqual(ends.expect_close()[0], 4401)
            stays.text('still here')
            self.assertEqual(stays.read_text(), 'still here')
            with self.assertRaises(Refused) as caught:
                self.connect(server, '/jwt', self.issuer.sign(HOUR))
            self.assertEqual(caught.exception.status, 401)
            stays.close()

    def test_an_answer_that_was_kept_ends_when_the_clock_says_so(self):
        with self.serve() as server:
            first = self.connect(server, '/http', 'hour-long')
            self.connect(server, '/http', 'hour-long').close()
            self.assertEqual(self.issuer.asked('/who'), 1)
            self.set_forward(server)
            self.assertEqual(first.expect_close()[0], 4401)
            again = self.connect(server, '/http', 'hour-long')
            self.assertEqual(self.issuer.asked('/who'), 2)
            again.text('let in anew')
            self.assertEqual(again.read_text(), 'let in anew')
            again.close()

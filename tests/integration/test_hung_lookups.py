"""DNS does not answer: lookups of names hang, each on a thread of libcurl's."""

import itertools
import os
import unittest

from harness import (BUILD, Issuer, RawClient, Sluice, endpoint, for_module, patience, sanitized, settings,
                     temporary_folder, wait_until)
from harness.auth import Pending, bearer, stage

LIBRARY = os.path.join(BUILD, 'tests', 'hung_lookups.so')
PER_INSTANCE, OF_NAME = 4, 8
issuer = None


def setUpModule():
    global issuer
    issuer = for_module(Issuer())


def service(url):
    return stage('auth', http_url=url, http_timeout='200ms', http_cache='0s')


def threads(server):
    return len(os.listdir(f'/proc/{server.pid}/task'))


@unittest.skipIf(sanitized(), 'a preloaded library and a sanitizer do not go together')
class NoAnswer(unittest.TestCase):
    def setUp(self):
        folder = temporary_folder()
        self.addCleanup(folder.cleanup)
        self.until = os.path.join(folder.name, 'until')

    def serve(self):
        return Sluice(settings(endpoint('/hung', [service('https://hung.test/who')]),
                               endpoint('/fine', [stage('auth', http_url=issuer.url + '/who', http_timeout='30s')]),
                               http={'per_instance': PER_INSTANCE}),
                      environment={'LD_PRELOAD': LIBRARY, 'HUNG_LOOKUPS_UNTIL': self.until})

    def answer(self):
        with open(self.until, 'w'):
            pass

    def ask(self, server, number):
        clients = [Pending(server, '/hung', bearer(f'token-{number}-{client}')) for client in range(10)]
        for client in clients:
            with client:
                self.assertEqual(client.answer()[0], 503)

    def test_upgrades_start_a_limited_number_of_threads_and_others_are_served(self):
        with self.serve() as server:
            with RawClient(server, '/fine', headers=bearer('good-first')):
                server.wait_for_metric(0, 'sluice_http_hanging_lookups')
                before = threads(server)
            numbers = itertools.count()

            def refused():
                self.ask(server, next(numbers))
                return server.metric('sluice_plugin_http_requests_total', outcome='refused') > 0
            wait_until(refused, 'no more lookups are begun', 30)
            wait_until(lambda: threads(server) == before + server.metric('sluice_http_hanging_lookups'),
                       'threads and lookups are the same')
            hanging = threads(server) - before
            self.assertGreaterEqual(hanging, OF_NAME)
            self.assertLess(hanging, OF_NAME + PER_INSTANCE)
            with RawClient(server, '/fine', headers=bearer('good-second')):
                pass
            self.answer()
            server.wait_for_metric(0, 'sluice_http_hanging_lookups', patience(10))
            wait_until(lambda: threads(server) == before, 'the threads have ended')

    def test_a_server_that_stops_does_not_wait_for_them(self):
        with self.serve() as server:
            self.ask(server, 0)
            wait_until(lambda: server.metric('sluice_http_hanging_lookups') > 0, 'a lookup hangs')
            server.stop()


if __name__ == '__main__':
    unittest.main()

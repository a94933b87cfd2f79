"""Plugins that never return: what the server says meanwhile, and that it ends whatever hangs."""

import json
import signal
import unittest
import urllib.error
import urllib.request

from harness import (RawClient, Refused, Sluice, endpoint, patience, sanitized, settings, stage,
                     wait_until)

WATCHDOG = {'warn': '200ms', 'unready': '500ms', 'stop': '1s'}


def configuration(loops=2, where='nowhere', **more):
    return settings(endpoint('/ws', [stage('stuck', where=where)]), endpoint('/other'),
                    loops=loops, watchdog={**WATCHDOG, **more}, shutdown={'grace': '200ms'})


def readiness(server):
    """The status and body of /readyz."""
    try:
        with urllib.request.urlopen(server.admin_urls[0] + '/readyz',
                                    timeout=patience(10)) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


class Stuck(unittest.TestCase):
    def serve(self, **how):
        server = Sluice(configuration(**how)).start()
        self.addCleanup(server.abandon)
        return server

    def wait_for_log(self, server, text):
        wait_until(lambda: text in server.log(), f'the log says: {text}')

    def ends(self, server, seconds=10):
        wait_until(lambda: server.process.poll() is not None, 'the process ends', seconds)
        return server.process.returncode

    def test_hook_is_named_while_it_hangs(self):
        server = self.serve()
        client = RawClient(server)
        client.text('hang')
        self.wait_for_log(server, "hook on_message of plugin 'stuck' 1.0.0 (instance stuck#1 of "
                                  'endpoint /ws, client ')
        self.assertRegex(server.log(), r'loop-\d: hook .* has not returned for 0\.[2-9] s; all '
                                       'clients of this loop wait')
        if not sanitized():  # which put signals off
            self.wait_for_log(server, '/stuck.so+0x')  # Without a name: a plugin exports its table alone.
            self.assertRegex(server.log(), r'#\d+ \S*/stuck\.so\+0x[0-9a-f]+')
        server.wait_for_metric(1, 'sluice_stuck_calls', thread='loop')
        self.assertGreaterEqual(server.metric('sluice_stuck_seconds'), 0.2)
        wait_until(lambda: readiness(server)[0] == 503, '/readyz fails')
        status, body = readiness(server)
        self.assertEqual(body['status'], 'stuck')
        self.assertIn("plugin 'stuck'", body['detail'])
        self.assertIn('"ok"', server.admin('/healthz'))

    def test_newcomers_go_to_other_loops(self):
        server = self.serve()
        client = RawClient(server)
        client.text('hang')
        server.wait_for_metric(1, 'sluice_stuck_calls', thread='loop')
        for path in ['/ws', '/other'] * 4:
            with RawClient(server, path) as other:
                other.text('hello')
                self.assertEqual(other.read_text(), 'hello')

    def test_without_a_loop_that_goes_on_newcomers_get_503(self):
        server = self.serve(loops=1)
        client = RawClient(server)
        client.text('hang')
        server.wait_for_metric(1, 'sluice_stuck_calls', thread='loop')
        with self.assertRaises(Refused) as caught:
            RawClient(server, '/other')
        self.assertEqual(caught.exception.status, 503)
        server.wait_for_metric(1, 'sluice_upgrades_refused_total', reason='stuck')

    def test_offloaded_work_is_named_too(self):
        server = self.serve()
        with RawClient(server) as client:
            client.text('offload')
            self.assertEqual(client.read_text(), 'offload')
            self.wait_for_log(server, "worker-0: hook offload of plugin 'stuck'")
            server.wait_for_metric(1, 'sluice_stuck_calls', thread='worker')
            wait_until(lambda: readiness(server)[0] == 503, '/readyz fails')
            client.text('still served')
            self.assertEqual(client.read_text(), 'still served')

    def test_one_that_returns_is_taken_back(self):
        with Sluice(configuration()) as server, RawClient(server) as client:
            client.text('stay')
            self.wait_for_log(server, 'has not returned for')
            self.assertEqual(client.read_text(), 'stay')
            self.wait_for_log(server, 'has gone on after 0.')
            server.wait_for_metric(0, 'sluice_stuck_calls')
            server.wait_for_metric(1, 'sluice_stuck_calls_total')
            wait_until(lambda: readiness(server)[0] == 200, '/readyz is as before')

    def test_second_signal_ends_it(self):
        server = self.serve(stop='1h')
        client = RawClient(server)
        client.text('hang')
        server.wait_for_metric(1, 'sluice_stuck_calls', thread='loop')
        server.process.send_signal(signal.SIGTERM)
        self.wait_for_log(server, 'closing all clients')
        server.process.send_signal(signal.SIGTERM)
        self.assertEqual(self.ends(server), 1)
        server.reader.join()
        self.assertIn("is still in hook on_message of plugin 'stuck'", server.log())

    def test_grace_ends_it_without_a_second_signal(self):
        server = self.serve()
        with RawClient(server) as client:
            client.text('offload')
            self.assertEqual(client.read_text(), 'offload')
        server.process.send_signal(signal.SIGTERM)
        self.assertEqual(self.ends(server), 1)
        server.reader.join()
        self.assertIn("worker-0 is still in hook offload of plugin 'stuck'", server.log())

    def test_reload_that_hangs_is_named_and_ended(self):
        server = self.serve(stop='1h')
        server.write(configuration(where='on_reload', stop='1h'))
        server.process.send_signal(signal.SIGHUP)
        self.wait_for_log(server, "main-0: hook on_reload of plugin 'stuck'")
        with RawClient(server) as client:
            client.text('served')
            self.assertEqual(client.read_text(), 'served')
        server.process.send_signal(signal.SIGTERM)
        server.process.send_signal(signal.SIGINT)
        self.assertEqual(self.ends(server), 1)

    def test_start_that_hangs_is_named_and_ended(self):
        server = Sluice(configuration(where='create', stop='300ms'))
        server._is_ready = lambda: "main-0: hook create of plugin 'stuck'" in server.log()
        server.start()
        self.addCleanup(server.abandon)
        server.process.send_signal(signal.SIGTERM)
        self.assertEqual(self.ends(server), 1)

    def test_destroy_that_hangs_ends_after_the_grace(self):
        server = self.serve(where='destroy', stop='300ms')
        server.process.send_signal(signal.SIGTERM)
        self.assertEqual(self.ends(server), 1)
        server.reader.join()
        self.assertIn("main is still in hook destroy of plugin 'stuck'", server.log())

    def test_exit_of_a_plugin_is_named(self):
        server = self.serve()
        client = RawClient(server)
        client.text('exit')
        self.assertEqual(self.ends(server), 1)
        server.reader.join()
        self.assertRegex(server.log(), r"exit\(\) was called inside plugin 'stuck' 1\.0\.0, "
                                       r'hook on_message, instance stuck#1 of endpoint /ws, client')
        self.assertRegex(server.log(), r'/stuck\.so\+0x')


if __name__ == '__main__':
    unittest.main()

"""Clients that end at the worst moment, and plugins that talk from every place."""

import os
import re
import signal
import unittest

from harness import (BINARY, RawClient, Refused, Sluice, endpoint, run_sluice, settings,
                     temporary_folder, upgrade_request, wait_until)

NOTE = re.compile(r'(opened|closed) id=(\d+) thread=(\S+?)(?: code=(\d+) by_peer=(\d))?"')
BRIM_SIZE = 262100  # what the hook sends: a little less than the server keeps
CLIENTS = 1500  # draining closes 64 of them each 50 ms


def notes(server, what):
    """What the plugin witness has noted: [(id, thread, code, by_peer)]."""
    return [(found[1], found[2], found[3], found[4]) for found in NOTE.findall(server.log())
            if found[0] == what]


def witness(**options):
    return {'plugin': 'witness', 'options': options}


def patient_endpoint(*pipeline):
    return endpoint('/ws', pipeline, queue={'bytes': '64MiB'}, message={'max_size': '1MiB'},
                    heartbeat={'interval': '1h', 'timeout': '1h'})


class ResetWhileHookRuns(unittest.TestCase):
    """The client is reset while a hook of its own holds the loop; then more is sent than the server
    keeps before it writes: by the hook itself, or with the answer to the upgrade."""

    def setUp(self):
        self.folder = temporary_folder()
        self.gate = os.path.join(self.folder.name, 'gate')
        os.mkfifo(self.gate)

    def tearDown(self):
        self.folder.cleanup()

    def open_gate(self):
        with open(self.gate, 'w'):
            pass

    def reset_at_gate(self, server, query):
        held = server.log().count('at the gate')
        victim = RawClient(server, upgrade=False)
        victim.send(upgrade_request(f'/ws?{query}=1'))
        wait_until(lambda: server.log().count('at the gate') > held, 'the hook holds the loop')
        victim.reset()
        self.open_gate()

    def check(self, query, loops):
        configuration = settings(patient_endpoint(witness(gate=self.gate)), loops=loops)
        with Sluice(configuration) as server:
            first = RawClient(server)
            for _ in range(3):
                self.reset_at_gate(server, query)
                if query != 'open':
                    self.assertEqual(first.read_message(), (BINARY, b'x' * BRIM_SIZE))
                else:
                    self.assertEqual(first.read_text(), 'filled')
                server.wait_for_metric(1, 'sluice_clients')
                with RawClient(server) as after:
                    self.assertEqual(after.close(), 1000)
                server.wait_for_metric(1, 'sluice_clients')
            self.assertEqual(first.close(), 1000)
            server.wait_for_metric(0, 'sluice_clients')
            wait_until(lambda: len(notes(server, 'closed')) == len(notes(server, 'opened')),
                       'every client that was opened is closed')
        opened = [note[0] for note in notes(server, 'opened')]
        closed = [note[0] for note in notes(server, 'closed')]
        self.assertEqual(len(set(opened)), len(opened))
        self.assertEqual(sorted(opened), sorted(closed))
        self.assertEqual(len(opened), 4 if query == 'deny' else 7)

    def test_in_on_open(self):
        for loops in (1, 2):
            with self.subTest(loops=loops):
                self.check('open', loops)

    def test_in_on_connect(self):
        for loops in (1, 2):
            with self.subTest(loops=loops):
                self.check('connect', loops)

    def test_in_on_connect_that_refuses(self):
        self.check('deny', 1)

    def test_refusal_arrives_behind_much_else(self):
        with Sluice(settings(patient_endpoint(witness(gate='/dev/null')), loops=1)) as server:
            with RawClient(server) as first:
                with self.assertRaises(Refused) as caught:
                    RawClient(server, query='?deny=1')
                self.assertEqual(caught.exception.status, 403)
                self.assertEqual(len(first.read_message()[1]), BRIM_SIZE)


class Ends(unittest.TestCase):
    def test_hooks_of_clients_that_are_cut_off_run_on_their_loop(self):
        """More clients than the first step of draining closes, and an operator who does not wait:
        the rest is cut off."""
        server = Sluice(settings(patient_endpoint(witness()), loops=1,
                                 shutdown={'grace': '1h'})).start()
        clients = [RawClient(server, source=f'127.0.0.{2 + i % 30}')
                   for i in range(CLIENTS)]
        server.wait_for_metric(CLIENTS, 'sluice_clients', 30)
        server.process.send_signal(signal.SIGTERM)
        wait_until(lambda: 'closing all clients' in server.log(), 'it is stopping')
        server.stop()
        for client in clients:
            client.socket.close()
        opened, closed = notes(server, 'opened'), notes(server, 'closed')
        self.assertEqual(sorted(note[0] for note in opened), sorted(note[0] for note in closed))
        for number, thread, code, by_peer in closed:
            self.assertEqual(thread, f'loop-{int(number) & 0xff}')
            self.assertEqual((by_peer, code in ('1006', '1012')), ('0', True), (code, by_peer))
        self.assertGreater([note[2] for note in closed].count('1006'), 0)

    def test_reset_is_by_the_peer(self):
        with Sluice(settings(patient_endpoint(witness()))) as server:
            RawClient(server).reset()
            wait_until(lambda: notes(server, 'closed'), 'the reset is noticed')
            self.assertEqual(notes(server, 'closed')[0][2:], ('1006', '1'))


class CloseReasons(unittest.TestCase):
    def reason(self, command):
        with Sluice(settings(patient_endpoint(witness()))) as server, \
                RawClient(server) as client:
            client.text(command)
            code, reason = client.expect_close()
            self.assertEqual(code, 4000)
            return reason

    def test_long_reason_is_cut_between_characters(self):
        self.assertEqual(self.reason('close-long').decode(), 'x' + '\u20ac' * 40)

    def test_reason_that_is_not_utf8_is_left_out(self):
        self.assertEqual(self.reason('close-broken'), b'')


class TalkativePlugins(unittest.TestCase):
    """The plugin talkative calls the host in create, on_close and destroy, and from a thread."""

    def configuration(self, loops):
        talkative = {'plugin': 'talkative'}
        return settings(endpoint('/ws', [talkative, talkative]), endpoint('/b', [talkative]),
                        endpoint('/quiet'), loops=loops, shutdown={'grace': '200ms'})

    def test_check(self):
        for loops in (1, 2):
            server = Sluice(self.configuration(loops))
            with self.subTest(loops=loops):
                for _ in range(3):
                    status, _, error = run_sluice('check', '-c', server.file)
                    self.assertEqual(status, 0, error)
            server.folder.cleanup()

    def test_configuration_that_is_refused(self):
        """The plugin has begun to talk when another one cannot be created."""
        configuration = self.configuration(2)
        configuration['endpoints'].append(endpoint('/bad', [{'plugin': 'create-fails'}]))
        server = Sluice(configuration)
        status, _, error = run_sluice('serve', '-c', server.file)
        server.folder.cleanup()
        self.assertEqual(status, 1)
        self.assertIn('wrong phase', error)

    def test_serve_and_stop_without_clients(self):
        for loops in (1, 2):
            with self.subTest(loops=loops), Sluice(self.configuration(loops)):
                pass

    def test_serve_and_stop_with_clients_that_come_and_go(self):
        for loops in (1, 2):
            with self.subTest(loops=loops), Sluice(self.configuration(loops)) as server:
                clients = [RawClient(server, path) for path in ('/ws', '/b', '/quiet') * 5]
                for client in clients:
                    self.assertIn(b'about nothing', client.read_message()[1])
                for client in clients[::2]:
                    client.reset()
            for client in clients:
                client.socket.close()

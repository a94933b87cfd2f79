"""Reload: SIGHUP, the admin API and the command change pipelines, limits, endpoints, listeners and
certificates under the clients' feet; nobody loses a connection or a message."""

import json
import os
import shutil
import signal
import threading
import unittest

from harness import (BUILD, Certificates, Ended, RawClient, Refused, Sluice, endpoint, http_get, patience,
                     run_sluice, sanitized, settings, temporary_folder, wait_until)

GROUPS = 200  # clients
CONNECTIONS = 4  # of each
LOADERS = 4  # threads
ROUNDS = 100


class Reloadable:
    """A server whose plugins are copies in a folder of its own."""

    def __init__(self, *endpoints, **top):
        self.plugins = temporary_folder()
        self.put_version(1)
        self.top = {'plugins': {'path': [self.plugins.name, os.path.join(BUILD, 'tests/plugins')]},
                    'loops': 2, **top}
        self.server = Sluice(self.settings(*endpoints))

    def settings(self, *endpoints, **top):
        return settings(*endpoints, **{**self.top, **top})

    def put_version(self, version):
        source = os.path.join(BUILD, f'tests/plugins/v{version}/version.so')
        target = os.path.join(self.plugins.name, 'version.so')
        shutil.copy(source, target)  # written over in place, as a careless operator does

    def __enter__(self):
        self.server.start()
        return self

    def __exit__(self, *how):
        self.server.__exit__(*how)
        self.plugins.cleanup()

    def reload_command(self):
        return run_sluice('reload', '--admin', '%s:%d' % self.server.admin_address)

    def generation(self):
        return self.server.metric('sluice_configuration_generation')

    def copies(self):
        """How many copies of plugin files the process has in memory."""
        with open(f'/proc/{self.server.pid}/maps') as maps:
            return len({line.split()[4] for line in maps if 'memfd:sluice-plugin' in line})

    def change(self, *endpoints, **top):
        """Writes the configuration and reloads it; returns when all loops have changed over."""
        self.server.write(self.settings(*endpoints, **top))
        before = self.generation()
        self.server.process.send_signal(signal.SIGHUP)
        done = f'configuration {before + 1:.0f} is in force'
        wait_until(lambda: done in self.server.log(), 'the reload')


def version(tag='none', **stage):
    return {'plugin': 'version', 'options': {'tag': tag}, **stage}


def ask(client, text='hi'):
    client.text(text)
    return client.read_text()


class Reload(unittest.TestCase):
    def test_rebuilt_file_is_loaded_and_clients_move_to_it(self):
        with Reloadable(endpoint('/ws', [version()])) as running, \
                RawClient(running.server) as client:
            self.assertEqual(ask(client), 'hi v1 none 1 1')
            running.put_version(2)
            running.change(endpoint('/ws', [version()]))
            wait_until(lambda: ask(client).startswith('hi v2 none 1 '), 'the new version')
            with RawClient(running.server) as other:
                self.assertEqual(ask(other), 'hi v2 none 2 1')

    def test_unchanged_instance_keeps_its_state(self):
        with Reloadable(endpoint('/ws', [version('a')])) as running, \
                RawClient(running.server) as client:
            for number in range(1, 4):
                self.assertEqual(ask(client), f'hi v1 a 1 {number}')
                # Another plugin in front of it, another policy: the instance is still the same.
                running.change(endpoint('/ws', [{'plugin': 'probe'}] * number
                                        + [version('a', on_error='continue')]))

    def test_new_options_make_a_new_instance(self):
        with Reloadable(endpoint('/ws', [version('a')])) as running, \
                RawClient(running.server) as client:
            self.assertEqual(ask(client), 'hi v1 a 1 1')
            running.change(endpoint('/ws', [version('b'), version('c')]))
            wait_until(lambda: ask(client).startswith('hi v1 b 1 '), 'the new options')
            self.assertRegex(ask(client), r'^hi v1 b 1 \d+ v1 c 1 \d+$')

    def test_options_taken_live(self):
        def later(**options):
            return endpoint('/ws', [{'plugin': 'later', 'options': options}])
        with Reloadable(later(tag='one')) as running, RawClient(running.server) as client:
            ask(client, 'set plan gold')
            self.assertEqual(ask(client, 'get tag'), 'one')
            running.change(later(tag='two'))
            self.assertEqual(ask(client, 'get tag'), 'two')
            self.assertEqual(ask(client, 'get plan'), 'gold')
            running.server.write(running.settings(later(tag='three', refuse=True)))
            status, _, error = running.reload_command()
            self.assertEqual(status, 1)
            self.assertIn("plugin 'later' does not take its new options: told to refuse", error)
            self.assertEqual(ask(client, 'get tag'), 'two')

    def test_deferred_message_ends_on_its_old_chain(self):
        with Reloadable(endpoint('/ws', [version('old'), version('old2')])) as running, \
                RawClient(running.server) as client:
            client.text('late')
            client.text('next')
            running.change(endpoint('/ws', [version('new')]))
            self.assertEqual(client.read_text(), 'late v1 old 1 1 v1 old2 1 1')
            self.assertRegex(client.read_text(), r'^next v1 (new 1 1|old 1 2 v1 old2 1 2)$')
            wait_until(lambda: ask(client).startswith('hi v1 new 1 '), 'the new chain')

    def test_bad_configuration_changes_nothing(self):
        with Reloadable(endpoint('/ws', [version('a')])) as running, \
                RawClient(running.server) as client:
            for bad, position in ((endpoint('/ws', [{'plugin': 'nowhere'}]), "no plugin 'nowhere'"),
                                  (endpoint('/ws', [version('a')], echo='perhaps'), 'echo'),
                                  (endpoint('/ws', [{'plugin': 'create-fails'}]), 'wrong phase')):
                running.server.write(running.settings(bad))
                status, _, error = running.reload_command()
                self.assertEqual(status, 1)
                self.assertRegex(error, r'sluice\.yaml:\d+:\d+: ')
                self.assertIn(position, error)
                self.assertIn('what ran before goes on', error)
            self.assertEqual(ask(client), 'hi v1 a 1 1')
            self.assertEqual(running.generation(), 1)

    def test_endpoints_and_limits(self):
        with Reloadable(endpoint('/ws'), endpoint('/old')) as running, \
                RawClient(running.server) as stays, RawClient(running.server, '/old') as goes:
            running.change(endpoint('/ws', message={'max_size': '16'}, echo=False,
                                    clients={'max': 2}), endpoint('/new'))
            self.assertEqual(goes.expect_close(), (1001, b'the endpoint was removed'))
            with RawClient(running.server, '/new') as new:
                self.assertEqual(ask(new), 'hi')
            with self.assertRaises(Refused) as caught:
                RawClient(running.server, '/old')
            self.assertEqual(caught.exception.status, 404)
            with RawClient(running.server) as other:
                other.text('x' * 16)
                self.assertEqual(stays.read_text(), 'x' * 16)
                with self.assertRaises(Refused) as caught:
                    RawClient(running.server)
                self.assertEqual(caught.exception.status, 503)
                stays.text('x' * 17)
                self.assertEqual(stays.expect_close()[0], 1009)
            running.change(endpoint('/ws'), endpoint('/old'))
            with RawClient(running.server, '/old') as back:
                self.assertEqual(ask(back), 'hi')

    def test_listeners_and_certificates(self):
        certificates = Certificates()
        self.addCleanup(certificates.cleanup)
        with Reloadable(endpoint('/ws'), listen=[{'address': '127.0.0.1:0'}]) as running:
            server = running.server
            tls = certificates.tls
            plain = {'address': '127.0.0.1:0'}
            secure = {'address': '127.0.0.1:00', 'tls': tls}
            with RawClient(server) as old:
                running.change(endpoint('/ws'), listen=[plain, secure])
                wait_until(lambda: 'wss://' in server.log(), 'the new listener')
                port = int(server.log().rsplit('wss://127.0.0.1:', 1)[1].split()[0])
                context = certificates.client_context()
                with RawClient(server, tls=context, address=('127.0.0.1', port)) as encrypted:
                    self.assertEqual(ask(encrypted), 'hi')
                    self.assertEqual(old.read_text(), 'hi')
                    running.change(endpoint('/ws'), listen=[secure])
                    with self.assertRaises((OSError, Ended)):
                        RawClient(server)
                    with RawClient(server, tls=context, address=('127.0.0.1', port)) as again:
                        self.assertEqual(ask(again), 'hi')
                    self.assertEqual((ask(old), encrypted.read_text(), encrypted.read_text()),
                                     ('hi', 'hi', 'hi'))

    def test_api(self):
        with Reloadable(endpoint('/ws', [version('a', mode='shadow')])) as running, \
                RawClient(running.server) as client:
            ask(client)
            address = running.server.admin_address
            pipeline = json.loads(http_get(running.server, '/api/v1/pipeline', address=address)[2])
            stage = pipeline['endpoints'][0]['pipeline'][0]
            self.assertEqual((stage['instance'], stage['version'], stage['mode']),
                             ('version#1', '1.0.0', 'shadow'))
            self.assertEqual(stage['verdicts']['continue'], 1)
            self.assertEqual(stage['latency_ns']['count'], 1)
            self.assertGreater(stage['latency_ns']['max'], 0)
            status, _, body = http_get(running.server, '/api/v1/reload', address=address,
                                       method='POST')
            self.assertEqual((status, json.loads(body)['generation']), (200, 2))
            count = json.loads(http_get(running.server, '/api/v1/count', address=address)[2])
            self.assertEqual(count, {'clients': 1, 'by_endpoint': {'/ws': 1}})


class UnderLoad(unittest.TestCase):
    """GROUPS clients with CONNECTIONS connections each send numbered messages, and check that each
    connection gets every message of its group once and in order, while plugin files and options
    change."""

    def load(self, groups, stop, failures, counts):
        number = 0
        while not stop.is_set() and not failures:
            for group in groups:
                for sender, client in enumerate(group):
                    kind = 'late' if (number + sender) % 7 == 3 else 'now'
                    client.text(f'{kind}-{number}-{sender}')
            for group in groups:
                for client in group:
                    got = sorted(client.read_text().split()[0].split('-', 1)[1] for _ in group)
                    expected = [f'{number}-{sender}' for sender in range(CONNECTIONS)]
                    if got != expected:
                        failures.append(f'expected {expected}, got {got}')
            number += 1
        counts.append(number)

    def run_load(self, groups, failures, counts):
        stop = threading.Event()

        def guarded(part):
            try:
                self.load(part, stop, failures, counts)
            except Exception as error:  # reported by the test's thread
                failures.append(repr(error))
        threads = [threading.Thread(target=guarded, args=(groups[at::LOADERS],))
                   for at in range(LOADERS)]
        for thread in threads:
            thread.start()
        return stop, threads

    def test_swapping_under_load(self):
        self.swap(20 if sanitized() else ROUNDS, loops=4)

    def test_swapping_in_several_portions(self):
        self.swap(10, loops=1)

    def swap(self, rounds, loops):
        paths = [f'/ws{number}' for number in range(GROUPS)]

        def endpoints(number):
            return [endpoint(path, [version(f't{number % 5}'), version('steady')])
                    for path in paths]
        with Reloadable(*endpoints(0), loops=loops) as running:
            groups = [[RawClient(running.server, path) for _ in range(CONNECTIONS)]
                      for path in paths]
            failures, counts = [], []
            stop, threads = self.run_load(groups, failures, counts)
            resident = []
            for number in range(1, rounds + 1):
                running.put_version(number % 2 + 1)
                running.change(*endpoints(number))
                resident.append(running.server.resident_bytes())
                if failures:
                    break
            stop.set()
            for thread in threads:
                thread.join(patience(60))
            self.assertEqual(failures, [])
            self.assertGreaterEqual(min(counts), 2)
            for path in (paths[0], paths[-1]):
                self.assertEqual(running.server.metric('sluice_clients', endpoint=path),
                                 CONNECTIONS)
            wait_until(lambda: running.copies() <= 2, 'the replaced plugins to be unloaded', 20)
            if not sanitized():
                half = len(resident) // 2
                self.assertLess(max(resident[half:]), max(resident[:half]) * 1.2 + (8 << 20))
            for client in sum(groups, []):
                client.socket.close()


if __name__ == '__main__':
    unittest.main()

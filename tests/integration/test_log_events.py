"""The log tells a client's story in events."""

import hashlib
import json
import os
import socket
import unittest

from harness import (BUILD, Certificates, RawClient, Refused, ServedTest, Sluice, endpoint, for_module, run_sluice, settings,
                     temporary_folder, wait_until)
from harness.wire import upgrade_request

TRACE = '0af7651916cd43dd8448eb211c80319c'
certificates = None


def setUpModule():
    global certificates
    certificates = for_module(Certificates())


def events(server, name, **having):
    """The events of that name that have these fields."""
    found = [json.loads(line) for line in server.log().splitlines()]
    return [event for event in found if event.get('event') == name and having.items() <= event.items()]


class Told(ServedTest):
    """Every line is JSON, whatever peers send."""
    loops = 2

    @classmethod
    def setUpClass(cls):
        cls.configuration = settings(
            endpoint(), endpoint('/named', identity='required'),
            listen=[{'address': '127.0.0.1:0'}, {'address': '127.0.0.1:0', 'tls': certificates.tls}],
            loops=cls.loops, log={'level': 'debug', 'format': 'json'})
        super().setUpClass()

    def one(self, name, **having):
        wait_until(lambda: events(self.server, name, **having), f'{name} with {having}')
        found = events(self.server, name, **having)
        self.assertEqual(len(found), 1, found)
        return found[0]

    def test_a_life_from_the_upgrade_to_the_close_frame(self):
        headers = [('X-Request-Id', 'life-1'), ('traceparent', f'00-{TRACE}-b7ad6b7169203331-01')]
        with RawClient(self.server, headers=headers) as client:
            client.text('hello')
            self.assertEqual(client.read_text(), 'hello')
            client.close(4001, 'a "b"\\\r\nevent=x'.encode())
            wait_until(lambda: events(self.server, 'client_closed', request_id='life-1'), 'the end')
        begun = self.one('upgrade_accepted', request_id='life-1')
        ended = self.one('client_closed', request_id='life-1')
        for event in begun, ended:
            self.assertEqual(event['trace_id'], TRACE)
            self.assertEqual(event['endpoint'], '/ws')
            self.assertEqual(event['address'], '127.0.0.1')
            self.assertNotIn('identity', event)
        self.assertEqual(begun['client'], ended['client'])
        self.assertEqual((ended['code'], ended['by']), (4001, 'peer'))
        self.assertEqual(ended['reason'], 'a "b"\\\r\nevent=x')
        self.assertGreater(ended['bytes_in'], 100)
        self.assertGreater(ended['bytes_out'], 100)
        counted = ended['messages_in'], ended['messages_out'], ended['messages_dropped']
        self.assertEqual(counted, (1, 1, 0))
        self.assertGreaterEqual(ended['duration_ms'], 0)

    def test_a_reset_over_tls(self):
        address = self.server.urls[1].split('/')[2].rsplit(':', 1)
        client = RawClient(self.server, headers=[('X-Request-Id', 'reset-1')],
                           address=('127.0.0.1', int(address[1])), tls=certificates.client_context())
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b'\1\0\0\0\0\0\0\0')
        client.socket.close()
        ended = self.one('client_closed', request_id='reset-1')
        self.assertEqual((ended['code'], ended['by']), (1006, 'peer'))

    def test_refusals_of_each_stage(self):
        for path, status, stage in (('/none', 404, 'path'), ('/named', 401, 'identity')):
            name = f'refused-{stage}'
            with self.subTest(stage), self.assertRaises(Refused):
                RawClient(self.server, path, headers=[('X-Request-Id', name)])
            refused = self.one('upgrade_refused', request_id=name)
            self.assertEqual((refused['status'], refused['stage'], refused['endpoint']), (status, stage, path))
        with RawClient(self.server, upgrade=False) as client:
            client.send(b'GET /ws HTTP/1.1\r\nHost: x\r\nX-Request-Id: plain\r\n\r\n')
            client.read_to_end()
        self.assertEqual(self.one('upgrade_refused', request_id='plain')['stage'], 'handshake')
        with RawClient(self.server, upgrade=False) as client:
            client.send(b'GET\x01/ \r\n\r\n')
            client.read_to_end()
        self.assertEqual(self.one('upgrade_refused', stage='request')['status'], 400)

    def test_whoever_kicks_is_told(self):
        with RawClient(self.server, headers=[('X-Request-Id', 'kicked-1')]) as client:
            client_id = self.one('upgrade_accepted', request_id='kicked-1')['client']
            admin = '%s:%d' % self.server.admin_address
            arguments = ['kick', '--admin', admin, '--reason', 'moved', client_id]
            status, _, error = run_sluice(*arguments)
            self.assertEqual(status, 0, error)
            self.assertEqual(client.expect_close(), (1008, b'moved'))
        kicked = self.one('client_kicked', request_id='kicked-1')
        self.assertEqual((kicked['client'], kicked['code'], kicked['reason']), (client_id, 1008, 'moved'))
        self.assertRegex(kicked['asked_by'], r'^127\.0\.0\.1, port \d+')
        self.one('clients_kicked', selection=f'id {client_id}', clients=1, asked_by=kicked['asked_by'], level='info')

    def test_ids_that_are_no_names_are_replaced(self):
        for sent in ('x' * 129, 'a b', '\u00e9', ''):
            before = len(events(self.server, 'upgrade_accepted'))
            with RawClient(self.server, headers=[('X-Request-Id', sent), ('traceparent', 'x' * 5000)]):
                wait_until(lambda: len(events(self.server, 'upgrade_accepted')) > before, 'the event')
        wait_until(lambda: events(self.server, 'upgrade_accepted'), 'events')
        for event in events(self.server, 'upgrade_accepted'):
            self.assertRegex(event['request_id'], r'^([0-9a-f]{32}|[\w-]+)$')
            self.assertIn(event.get('trace_id', TRACE), (TRACE,))

    def test_long_paths_are_cut(self):
        with RawClient(self.server, upgrade=False) as client:
            client.send(upgrade_request('/' + '%01' * 2000, [('X-Request-Id', 'long')], 'x'))
            client.read_to_end()
        refused = self.one('upgrade_refused', request_id='long')
        self.assertEqual(refused['endpoint'], '/' + '\x01' * 255 + '...')


class OnOneLoop(Told):
    loops = 1


class OnEightLoops(Told):
    loops = 8


class Configurations(unittest.TestCase):
    """What is said of configurations, at the start and at reloads."""

    def test_a_start_and_reloads_with_who_and_what_changed(self):
        with Sluice(settings()) as server:
            [loaded] = events(server, 'configuration_loaded')
            self.assertEqual((loaded['file'], loaded['generation'], loaded['endpoints']), (server.file, 1, 1))
            server.reload(settings(endpoint(echo=False), log={'level': 'info', 'format': 'json'}))
            wait_until(lambda: events(server, 'reload_done'), 'the reload')
            [done] = events(server, 'reload_done', asked_by='SIGHUP', generation=2)
            self.assertEqual(done['changed'], 'endpoints.0.echo')
            self.assertGreaterEqual(done['duration_ms'], 0)
            [begun] = events(server, 'reload_begun')
            self.assertEqual((begun['asked_by'], begun['file']), ('SIGHUP', server.file))
            admin = '%s:%d' % server.admin_address
            self.assertEqual(run_sluice('reload', '--admin', admin)[0], 0)
            wait_until(lambda: events(server, 'reload_done', generation=3), 'the second one')
            [done] = events(server, 'reload_done', generation=3)
            self.assertRegex(done['asked_by'], r'^127\.0\.0\.1, port \d+$')
            self.assertNotIn('changed', done)

    def test_errors_of_a_reload_have_positions(self):
        with Sluice(settings()) as server:
            server.write(settings(endpoint(ecko=1), endpoint('/a', b=1)))
            self.assertEqual(run_sluice('reload', '--admin', '%s:%d' % server.admin_address)[0], 1)
            wait_until(lambda: events(server, 'reload_failed'), 'the failure')
            [failed] = events(server, 'reload_failed')
            self.assertEqual((failed['errors'], failed['level']), (2, 'error'))
            found = events(server, 'configuration_error', file=server.file)
            self.assertEqual([error['column'] for error in found], [7, 7])
            self.assertGreater(found[1]['line'], found[0]['line'])

    def test_errors_at_the_start_are_json_where_the_log_is_to_be(self):
        json_log = 'log: {format: json}\n'
        with temporary_folder() as folder:
            for text, arguments in ((json_log + 'endpoints: 5\n', ()),
                                    (json_log + 'listen: [{address: "127.0.0.1:0"}]\n'
                                     'endpoints: [{path: /ws, pipeline: [{plugin: nobody}]}]\n', ()),
                                    (json_log + 'listen: [{address: "127.0.0.1:0"}]\nendpoints: [{path: /ws}]\n'
                                     'admin: {listen: "127.0.0.1:0", token_file: /none}\n', ()),
                                    ('a: [\n', ('--set', 'log.format=json')),
                                    ('a: [\n', ('--json',))):
                file = os.path.join(folder, 'server.yaml')
                with open(file, 'w') as out:
                    out.write(text)
                status, _, error = run_sluice('serve', '-c', file, *arguments)
                with self.subTest(text):
                    self.assertEqual(status, 1)
                    lines = [json.loads(line) for line in error.splitlines()]
                    errors = [line for line in lines if line.get('event') == 'configuration_error']
                    self.assertTrue(errors)
                    for said in errors:
                        self.assertEqual(said['file'], file)
                        self.assertGreater(said['line'] * said['column'], 0)

    def test_a_start_that_fails_says_so_on_both_sides_in_json(self):
        with temporary_folder() as folder, socket.create_server(('127.0.0.1', 0)) as taken:
            file, log = os.path.join(folder, 'server.yaml'), os.path.join(folder, 'sluice.log')
            with open(file, 'w') as out:
                json.dump(settings(listen=[{'address': '127.0.0.1:%d' % taken.getsockname()[1]}],
                                   log={'format': 'json', 'file': log}), out)
            status, _, error = run_sluice('serve', '-c', file)
            self.assertEqual(status, 1)
            lines = [json.loads(line) for line in error.splitlines()]
            self.assertIn(log, lines[-1]['message'])
            with open(log) as written:
                self.assertIn('configuration_error', [json.loads(line).get('event') for line in written])


class Parts(unittest.TestCase):
    """What a server is made of, and how it is drained."""

    def test_plugins_and_certificates(self):
        tls = [{'address': '127.0.0.1:0', 'tls': certificates.tls}]
        pipeline = [{'plugin': 'quota', 'options': {'per_identity': 5}}] * 2
        with Sluice(settings(endpoint(pipeline=pipeline), listen=tls)) as server:
            file = os.path.join(BUILD, 'plugins', 'quota.so')
            with open(file, 'rb') as content:
                digest = hashlib.sha256(content.read()).hexdigest()
            found = events(server, 'plugin_loaded', plugin='quota', endpoint='/ws', file=file, hash=digest)
            self.assertEqual([event['instance'] for event in found], ['quota#1', 'quota#2'])
            [shown] = events(server, 'certificate_loaded')
            self.assertEqual((shown['file'], shown['listener']), (certificates.tls['certificate'], '127.0.0.1:0'))
            self.assertRegex(shown['ends'], r'^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ$')
            self.assertIn('=', shown['subject'])
            server.reload(settings(endpoint(pipeline=[*pipeline, pipeline[0]]), listen=tls))
            wait_until(lambda: events(server, 'reload_done'), 'the reload')
            self.assertEqual([event['instance'] for event in events(server, 'plugin_loaded')],
                             ['quota#1', 'quota#2', 'quota#3'])
            self.assertEqual(len(events(server, 'certificate_loaded')), 2)
        [begun] = events(server, 'drain_begun')
        self.assertEqual((begun['asked_by'], begun['clients']), ('SIGTERM', 0))

    def test_steps_of_a_drain(self):
        with Sluice(settings()) as server, RawClient(server), RawClient(server):
            command = ['drain', '--admin', '%s:%d' % server.admin_address, '--endpoint', '/ws']
            self.assertEqual(run_sluice(*command, '--over', '0s')[0], 0)
            wait_until(lambda: events(server, 'drain_ended'), 'the end')
            [begun] = events(server, 'drain_begun')
            self.assertEqual((begun['endpoint'], begun['clients'], begun['left_ms']), ('/ws', 2, 0))
            self.assertRegex(begun['asked_by'], r'^127\.0\.0\.1, port \d+$')
            self.assertEqual(events(server, 'drain_ended')[0]['closed'], 2)
            self.assertEqual(run_sluice(*command, '--stop')[0], 0)
            wait_until(lambda: events(server, 'drain_stopped', endpoint='/ws', closed=2), 'its stop')


def access_log(**log):
    return settings(log={'format': 'json', **log})


class Access(unittest.TestCase):
    def expect(self, server, closed, refused):
        """That many lines, and no more when all clients have gone and a later line is there."""
        wait_until(lambda: server.metric('sluice_clients', endpoint='/ws') == 0, 'all have gone')
        wait_until(lambda: len(events(server, 'client_closed')) >= closed and
                   len(events(server, 'upgrade_refused')) >= refused, 'the lines')
        server.reload(access_log())
        self.assertEqual(len(events(server, 'client_closed')), closed)
        self.assertEqual(len(events(server, 'upgrade_refused')), refused)

    @staticmethod
    def come_and_go(server, count=1):
        for _ in range(count):
            with RawClient(server) as client:
                client.close()

    @staticmethod
    def be_refused(server, count=1):
        for _ in range(count):
            with RawClient(server, upgrade=False) as client:
                client.send(b'GET /none HTTP/1.1\r\nHost: x\r\n\r\n')
                client.read_to_end()

    def test_a_reload_turns_it_on_and_off(self):
        with Sluice(access_log()) as server:
            for access, wanted in (('off', (0, 0)), ('refusals', (0, 1)), ('all', (1, 2)), ('off', (1, 2))):
                server.reload(access_log(access=access))
                self.come_and_go(server)
                self.be_refused(server)
                with self.subTest(access):
                    self.expect(server, *wanted)
            found = events(server, 'client_closed') + events(server, 'upgrade_refused')
            self.assertEqual({event['level'] for event in found}, {'info'})

    def test_a_sample_is_a_share_of_the_lines(self):
        with Sluice(access_log(access='all', sample='1/10')) as server:
            self.come_and_go(server, 30)
            self.expect(server, 3, 0)

    def test_a_flood_of_refusals_makes_nobody_wait(self):
        with Sluice(access_log(access='refusals', queue='16KiB')) as server:
            self.be_refused(server, 300)
            with RawClient(server) as client:
                client.text('hello')
                self.assertEqual(client.read_text(), 'hello')
            wait_until(lambda: len(events(server, 'upgrade_refused')) +
                       server.metric('sluice_log_lost_lines_total') == 300, 'the lines, or their count')


if __name__ == '__main__':
    unittest.main()

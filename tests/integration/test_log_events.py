"""The log tells a client's story in events."""

import json
import socket
import unittest

from harness import (Certificates, RawClient, Refused, ServedTest, Sluice, endpoint, for_module, settings, wait_until)
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

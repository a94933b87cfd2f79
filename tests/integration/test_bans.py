"""Bans: an identity or an address is closed, kept out, and let in again; a file keeps them over a restart and a reload."""

import json
import os
import unittest

from harness import (Certificates, RawClient, Refused, Sluice, endpoint, for_module, run_sluice, settings, temporary_folder,
                     wait_until)
from harness.admin import ask

LATER = [{'plugin': 'later'}]

certificates = None


def setUpModule():
    global certificates
    certificates = for_module(Certificates())


class Banned(unittest.TestCase):
    def serve(self, loops=2, **more):
        server = Sluice(settings(endpoint('/ws', LATER), loops=loops, **more)).start()
        self.addCleanup(server.abandon)
        return server

    def connect(self, server, name=None, **more):
        client = RawClient(server, f'/ws?name={name}' if name else '/ws', **more)
        self.addCleanup(client.socket.close)
        return client

    def refused(self, server, name=None, **more):
        """The body of the refusal with 403."""
        with self.assertRaises(Refused) as caught:
            self.connect(server, name, **more)
        self.assertEqual(caught.exception.status, 403)
        return caught.exception.body.decode()

    def command(self, server, *arguments):
        status, out, error = run_sluice(*arguments, '--admin', 'http://%s:%d/' % server.admin_address)
        self.assertEqual((status, error), (0, ''))
        return out


class Bans(Banned):
    def test_an_identity_is_closed_and_kept_out_on_all_loops(self):
        for loops in (1, 2, 8):
            with self.subTest(loops=loops):
                server = self.serve(loops)
                ann = [self.connect(server, 'ann') for _ in range(9)]
                bob = self.connect(server, 'bob')
                self.assertEqual(self.command(server, 'ban', '--identity', 'ann', '--reason', 'spam', '--code', '4003'),
                                 'ban 1 is in force; 9 clients are being closed\n')
                for client in ann:
                    self.assertEqual(client.expect_close(), (4003, b'spam'))
                self.assertIn('identity is banned', self.refused(server, 'ann'))
                self.connect(server, 'carl')
                bob.text('say here')
                self.assertEqual(bob.read_text(), 'say here')
                self.assertEqual(server.metric('sluice_upgrades_total', endpoint='/ws', outcome='banned'), 1)
                self.assertEqual(self.command(server, 'unban', '--identity', 'ann'), 'ban 1 is lifted\n')
                self.connect(server, 'ann')

    def test_addresses_by_prefix(self):
        proxied = {'trusted_proxies': ['127.0.0.1/32']}
        server = self.serve(**proxied)

        def comes_from(address):
            return {'headers': [('X-Forwarded-For', address)]}

        inside = self.connect(server, **comes_from('192.0.2.7'))
        stays = self.connect(server, **comes_from('2001:db8::7'))
        self.command(server, 'ban', '--address', '192.0.2.0/24', '--for', '1h')
        self.assertEqual(inside.expect_close(), (1008, b'banned'))
        self.command(server, 'ban', '--address', '2001:db8::/64', '--keep')
        stays.text('say here')
        self.assertEqual(stays.read_text(), 'say here')
        for address in ('192.0.2.255', '::ffff:192.0.2.1', '2001:db8::ffff'):
            self.assertIn('address is banned', self.refused(server, **comes_from(address)))
        for address in ('192.0.3.0', '2001:db8:0:1::'):
            self.connect(server, **comes_from(address))
        self.assertEqual(server.metric('sluice_upgrades_refused_total', reason='banned'), 3)
        self.assertEqual(server.metric('sluice_bans', of='address'), 2)
        told = json.loads(self.command(server, 'bans', '--json'))['bans']
        self.assertEqual([ban['address'] for ban in told], ['192.0.2.0/24', '2001:db8::/64'])
        self.assertIn('for good             address  2001:db8::/64', self.command(server, 'bans'))

    def test_over_tls_too(self):
        server = self.serve(listen=[{'address': '127.0.0.1:0'}, {'address': '127.0.0.1:0', 'tls': certificates.tls}],
                            trusted_proxies=['127.0.0.1/32'])
        host, port = server.urls[1].split('/')[2].rsplit(':', 1)
        through_tls = {'address': (host, int(port)), 'tls': certificates.client_context()}
        inside = self.connect(server, 'ann', **through_tls)
        self.command(server, 'ban', '--identity', 'ann', '--reason', 'spam')
        self.assertEqual(inside.expect_close(), (1008, b'spam'))
        self.assertIn('identity is banned', self.refused(server, 'ann', **through_tls))
        self.command(server, 'ban', '--address', '192.0.2.0/24')
        banned = {'headers': [('X-Forwarded-For', '192.0.2.9')], **through_tls}
        self.assertIn('address is banned', self.refused(server, **banned))
        self.connect(server, 'bob', **through_tls)

    def test_an_end_lets_in_again(self):
        server = self.serve()
        self.command(server, 'ban', '--identity', 'ann', '--for', '1s')
        server.wait_for_metric(0, 'sluice_bans', of='identity')
        self.connect(server, 'ann')
        server.wait_for_log('ban_ended')

    def test_a_reload_keeps_them(self):
        server = self.serve()
        self.command(server, 'ban', '--identity', 'ann')
        self.assertEqual(ask(server, 'POST', '/api/v1/reload')[0], 200)
        self.refused(server, 'ann')
        server.wait_for_log('ban_set')


class BansFile(Banned):
    def setUp(self):
        self.folder = self.enterContext(temporary_folder())
        self.file = os.path.join(self.folder, 'bans')

    def written(self):
        if not os.path.exists(self.file):
            return []
        with open(self.file) as file:
            return [(ban.get('identity'), ban.get('reason')) for ban in map(json.loads, file)]

    def test_keeps_them_over_a_restart(self):
        with Sluice(settings(endpoint('/ws', LATER), bans={'file': self.file})) as server:
            # The answer does not wait for a disk that takes its time.
            for request in (('POST', '/api/v1/bans', {'identity': 'ann', 'reason': 'spam "and" more'}),
                            ('POST', '/api/v1/bans', {'address': '192.0.2.0/24'}),
                            ('DELETE', '/api/v1/bans?address=192.0.2.0/24')):
                self.assertEqual(ask(server, *request)[0], 200)
            wait_until(lambda: self.written() == [('ann', 'spam "and" more')], 'the file has the one ban')
        with Sluice(settings(endpoint('/ws', LATER), bans={'file': self.file})) as server:
            self.refused(server, 'ann')
            self.assertEqual(ask(server, 'GET', '/api/v1/bans')[1]['total'], 1)

    def test_a_broken_line_is_named_at_the_start(self):
        with open(os.open(self.file, os.O_CREAT | os.O_WRONLY, 0o600), 'w') as file:
            file.write('{"identity":"ann"}\n{"identity":"bob","ends":"2100-01-01T00:00:00Z"}\n')
        server = Sluice(settings(endpoint('/ws'), bans={'file': self.file}))
        with self.assertRaises(AssertionError):
            server.start()
        self.assertIn(f'{self.file}:2:1: a ban has no ', server.log())

    def test_a_reload_reads_it_anew(self):
        with Sluice(settings(endpoint('/ws', LATER), bans={'file': self.file})) as server:
            self.command(server, 'ban', '--identity', 'ann')
            wait_until(lambda: self.written() == [('ann', None)], 'the file has the ban')
            with open(self.file, 'w') as file:
                file.write('{"identity":"bob"}\n{"identity":"carl",}\n')
            status, _, error = run_sluice('reload', '--admin', 'http://%s:%d/' % server.admin_address)
            self.assertEqual(status, 1)
            self.assertIn(f'{self.file}:2:1: this is not a JSON object', error)
            self.refused(server, 'ann')
            with open(self.file, 'w') as file:
                file.write('{"identity":"bob"}\n')
            self.assertEqual(self.command(server, 'reload'),
                             'reloaded: configuration 2 is in force\nbans.file: 1 set, 1 lifted\n')
            self.refused(server, 'bob')
            self.connect(server, 'ann')
            server.wait_for_log('"bans_set":1,"bans_lifted":1')

    def test_a_large_list(self):
        """It is read at the start; upgrades and a reload go on as ever."""
        with open(os.open(self.file, os.O_CREAT | os.O_WRONLY, 0o600), 'w') as file:
            for i in range(100_000):
                file.write(f'{{"address":"10.{i // 256}.{i % 256}.0/24"}}\n' if i < 60_000 else f'{{"identity":"n{i}"}}\n')
        server = self.serve(bans={'file': self.file})
        self.assertEqual(server.metric('sluice_bans', of='address'), 60_000)
        self.refused(server, 'n99999')
        client = self.connect(server, 'ann')
        self.assertEqual(ask(server, 'POST', '/api/v1/reload')[0], 200)
        client.text('say here')
        self.assertEqual(client.read_text(), 'say here')
        status, answer, _ = ask(server, 'POST', '/api/v1/bans', {'identity': 'one-more'})
        self.assertEqual((status, answer['error']), (409, 'conflict'))


if __name__ == '__main__':
    unittest.main()

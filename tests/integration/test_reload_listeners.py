"""Reload of listeners: certificates are read anew, listeners come and go, and those who are connected
notice nothing of it."""

import os
import re
import shutil
import signal
import socket
import ssl
import unittest

from harness import (Certificates, RawClient, Sluice, endpoint, for_module, run_sluice, settings,
                     wait_until)
from harness.ports import free_port

CLIENTS = 50

certificates = None


def setUpModule():
    global certificates
    certificates = for_module(Certificates())


def plain(port=0):
    return {'address': f'127.0.0.1:{port}'}


def secure(port=0, name='server'):
    return {'address': f'127.0.0.1:{port}',
            'tls': {'certificate': certificates.path(f'{name}.crt'),
                    'key': certificates.path(f'{name}.key')}}


def configuration(*listen, **top):
    return settings(endpoint('/ws'), listen=list(listen), **top)


def reload(server, *listen, **top):
    """Reloads with these listeners; returns what was logged meanwhile."""
    server.write(configuration(*listen, **top))
    before = len(server.lines)
    server.process.send_signal(signal.SIGHUP)
    done = re.compile(r'configuration \d+ is in force|what ran before goes on')
    wait_until(lambda: done.search(''.join(server.lines[before:])), 'the reload is done')
    return ''.join(server.lines[before:])


def listens(port):
    try:
        socket.create_connection(('127.0.0.1', port)).close()
    except ConnectionRefusedError:
        return False
    return True


def echoes(client, text):
    client.text(text)
    return client.read_text() == text


def presented(port):
    """The certificate that a new connection is shown."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with context.wrap_socket(socket.create_connection(('127.0.0.1', port))) as sock:
        return ssl.DER_cert_to_PEM_cert(sock.getpeercert(True))


def content(name):
    with open(certificates.path(name)) as file:
        return file.read()


class CertificateOnDisk(unittest.TestCase):
    def setUp(self):
        for part in ('crt', 'key'):
            shutil.copy(certificates.path(f'server.{part}'), certificates.path(f'live.{part}'))

    def test_new_handshakes_see_the_new_one_and_old_connections_live(self):
        listen = secure(name='live')
        with Sluice(configuration(listen)) as server:
            with RawClient(server, tls=certificates.client_context()) as old:
                self.assertEqual(presented(server.port), content('server.crt'))
                for part in ('crt', 'key'):
                    shutil.copy(certificates.path(f'other.{part}'),
                                certificates.path(f'live.{part}'))
                reload(server, listen)
                self.assertEqual(presented(server.port), content('other.crt'))
                self.assertTrue(echoes(old, 'still here'))

    def test_those_who_have_not_shaken_hands_go_on_waiting(self):
        listen = secure(name='live')
        with Sluice(configuration(listen)) as server:
            waiting = socket.create_connection(('127.0.0.1', server.port))
            waiting.sendall(b'\x16')
            server.wait_for_metric(1, 'sluice_front_waiting')
            for part in ('crt', 'key'):
                shutil.copy(certificates.path(f'other.{part}'), certificates.path(f'live.{part}'))
            reload(server, listen)
            self.assertEqual(server.metric('sluice_front_waiting'), 1)
            waiting.close()
            server.wait_for_metric(0, 'sluice_front_waiting')

    def test_broken_one_keeps_the_old(self):
        listen = secure(name='live')
        added = free_port()
        with Sluice(configuration(listen)) as server:
            baseline = server.descriptors()
            with open(certificates.path('live.crt'), 'w') as file:
                file.write('no certificate\n')
            log = reload(server, listen, plain(added), demo_page=True)
            self.assertRegex(log, r"sluice\.yaml:\d+:\d+: .*live\.crt' is not a usable certificate")
            self.assertIn('what ran before goes on', log)
            self.assertEqual(presented(server.port), content('server.crt'))
            self.assertFalse(listens(added))
            wait_until(lambda: server.descriptors() <= baseline, 'descriptors are given back')


class Listeners(unittest.TestCase):
    def test_one_is_added_and_one_is_removed(self):
        added = free_port()
        with Sluice(configuration(plain())) as server, RawClient(server) as first:
            reload(server, plain(), plain(added))
            with RawClient(server, address=('127.0.0.1', added)) as second:
                self.assertTrue(echoes(first, 'to both'))
                self.assertEqual(second.read_text(), 'to both')
                log = reload(server, plain())
                self.assertIn(f'no longer listening on 127.0.0.1:{added}', log)
                wait_until(lambda: not listens(added), 'the listener is closed')
                self.assertTrue(echoes(second, 'and lives'))
                self.assertEqual(first.read_text(), 'and lives')
                RawClient(server).socket.close()

    def test_counts_of_removed_ones_remain(self):
        added = free_port()
        with Sluice(configuration(plain(), plain(added))) as server:
            for _ in range(3):
                with RawClient(server, address=('127.0.0.1', added), upgrade=False) as client:
                    client.send(b'GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n')
                    self.assertEqual(client.read_response_head()[0], 404)
            server.wait_for_metric(3, 'sluice_http_responses_total', status='4xx')
            reload(server, plain())
            self.assertEqual(server.metric('sluice_http_responses_total', status='4xx'), 3)

    def test_address_that_is_taken_changes_nothing(self):
        with socket.create_server(('127.0.0.1', 0)) as taken, \
                Sluice(configuration(plain())) as server:
            added = free_port()
            log = reload(server, plain(added), plain(taken.getsockname()[1]))
            self.assertRegex(log, r'sluice\.yaml:\d+:\d+: cannot listen on .*another program')
            self.assertFalse(listens(added))
            RawClient(server).socket.close()

    def test_change_from_plain_to_tls_needs_a_restart(self):
        port = free_port()
        with Sluice(configuration(plain(port))) as server, RawClient(server) as client:
            log = reload(server, secure(port))
            self.assertRegex(log, r'sluice\.yaml:\d+:\d+: .* only with a restart')
            self.assertTrue(echoes(client, 'hi'))

    def test_all_may_go_and_come_back(self):
        port = free_port()
        with Sluice(configuration(plain(port))) as server, RawClient(server) as client:
            reload(server, plain(free_port()))
            wait_until(lambda: not listens(port), 'the listener is closed')
            reload(server, plain(port))
            with RawClient(server) as again:
                self.assertTrue(echoes(client, 'hi'))
                self.assertEqual(again.read_text(), 'hi')

    def test_clients_stay_while_everything_around_them_changes(self):
        port = free_port()
        with Sluice(configuration(plain(port))) as server:
            clients = [RawClient(server) for _ in range(CLIENTS)]
            server.wait_for_metric(CLIENTS, 'sluice_clients')
            for number in range(10):
                more = [secure(), plain()] if number % 2 else []
                reload(server, *more, plain(port))
                clients[number].text(f'round {number}')
                for client in clients:
                    self.assertEqual(client.read_text(), f'round {number}')
                with RawClient(server):
                    server.wait_for_metric(CLIENTS + 1, 'sluice_clients')
                server.wait_for_metric(CLIENTS, 'sluice_clients')
            self.assertEqual(server.metric('sluice_upgrades_admitted_total'), CLIENTS + 10)
            for client in clients:
                client.socket.close()

    def test_nothing_is_left_behind(self):
        with Sluice(configuration(plain())) as server:
            reload(server, plain())
            baseline = server.descriptors()
            for _ in range(5):
                reload(server, plain(), secure(free_port()))
                reload(server, plain())
            wait_until(lambda: server.descriptors() <= baseline, 'descriptors are given back')


class Rest(unittest.TestCase):
    def test_demo_page_comes_and_goes(self):
        with Sluice(configuration(plain())) as server:
            for demo_page, expected in ((True, 200), (False, 404)):
                reload(server, plain(), demo_page=demo_page)
                with RawClient(server, upgrade=False) as client:
                    client.send(b'GET / HTTP/1.1\r\nHost: x\r\n\r\n')
                    self.assertEqual(client.read_response_head()[0], expected)

    def test_what_needs_a_restart_is_said(self):
        with Sluice(configuration(plain())) as server:
            log = reload(server, plain(), front={'workers': 7}, loops=3,
                         admin={'listen': f'127.0.0.1:{free_port()}'})
            for word in ('front', 'loops', 'admin.listen'):
                self.assertRegex(log, rf'"warn".*{re.escape(word)}.*restart')
            RawClient(server).socket.close()


class AdminToken(unittest.TestCase):
    def setUp(self):
        self.file = certificates.path('admin.token')
        self.put('the-first-token-0123456789')

    def put(self, token):
        with open(os.open(self.file, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), 'w') as out:
            out.write(token + '\n')

    def status(self, server):
        return run_sluice('status', '--admin', '%s:%d' % server.admin_address,
                          '--token-file', self.file)

    def test_file_is_read_anew(self):
        admin = {'listen': '127.0.0.1:0', 'token_file': self.file}
        with Sluice(configuration(plain(), admin=admin)) as server:
            self.assertEqual(self.status(server)[0], 0)
            self.put('the-second-token-0123456789')
            code, _, error = self.status(server)
            self.assertEqual(code, 1)
            self.assertIn('unauthorized', error)
            reload(server, plain(), admin=admin)
            self.assertEqual(self.status(server)[0], 0)
            self.put('short')
            self.assertIn('use at least 16', reload(server, plain(), admin=admin))

    def test_is_kept_when_the_address_moves(self):
        admin = {'listen': '127.0.0.1:0', 'token_file': self.file}
        with Sluice(configuration(plain(), admin=admin)) as server:
            reload(server, plain(), admin={'listen': f'127.0.0.1:{free_port()}'})
            self.assertEqual(run_sluice('status', '--admin', '%s:%d' % server.admin_address)[0], 1)
            self.assertEqual(self.status(server)[0], 0)

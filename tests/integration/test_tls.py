"""TLS, IPv6 and several listeners at once."""

import json
import os
import socket
import ssl
import unittest

from harness import (BINARY, Certificates, Ended, RawClient, ServedTest, Sluice, TEXT, endpoint,
                     for_module, frame, run_sluice, settings, temporary_folder, wait_until)
from harness.auth import Pending

certificates = None


def setUpModule():
    global certificates
    certificates = for_module(Certificates())


def tls_settings(*endpoints, **tls):
    tls = {**certificates.tls, **tls}
    return settings(*endpoints, listen=[{'address': '127.0.0.1:0', 'tls': tls}])


class Secure(ServedTest):
    @classmethod
    def setUpClass(cls):
        cls.configuration = tls_settings(endpoint('/ws', message={'max_size': '4MiB'},
                                                  queue={'bytes': '32MiB'}))
        super().setUpClass()

    def test_the_log_says_wss(self):
        self.assertTrue(self.server.url.startswith('wss://'), self.server.url)

    def test_tls_1_2_and_1_3(self):
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            context = certificates.client_context()
            context.minimum_version = context.maximum_version = version
            with self.subTest(version=version), RawClient(self.server, tls=context) as client:
                self.assertEqual(client.socket.version(), version.name.replace('_', '.'))
                client.text('secret')
                self.assertEqual(client.read_text(), 'secret')

    def test_tls_1_1_is_refused(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        context.set_ciphers('ALL:@SECLEVEL=0')
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
        with self.assertRaises((ssl.SSLError, ConnectionResetError)):
            RawClient(self.server, tls=context)

    def test_large_messages(self):
        with RawClient(self.server, tls=certificates.client_context()) as client:
            for size in (16384, 16385, 100000, 4 * 1024 * 1024):
                payload = os.urandom(4096) * (size // 4096) + b'.' * (size % 4096)
                client.binary(payload)
                self.assertEqual(client.read_message(), (BINARY, payload))

    def test_one_byte_at_a_time(self):
        with RawClient(self.server, tls=certificates.client_context()) as client:
            for byte in frame(TEXT, b'slow but sure'):
                client.send(bytes([byte]))
            self.assertEqual(client.read_text(), 'slow but sure')

    def test_frames_together_with_the_request_head(self):
        with RawClient(self.server, tls=certificates.client_context(),
                       early=frame(TEXT, b'early')) as client:
            self.assertEqual(client.read_text(), 'early')

    def test_many_clients_hear_each_other(self):
        context = certificates.client_context()
        clients = [RawClient(self.server, tls=context) for _ in range(20)]
        self.server.wait_for_metric(20, 'sluice_clients')
        clients[0].text('to all')
        self.assertEqual({client.read_text() for client in clients}, {'to all'})
        for client in clients:
            self.assertEqual(client.close(), 1000)

    def test_plain_http_on_the_tls_port(self):
        with RawClient(self.server, upgrade=False) as client:
            client.send(b'GET /ws HTTP/1.1\r\nHost: localhost\r\n\r\n')
            answer = client.read_to_end()
        self.assertEqual(answer[:13], b'HTTP/1.1 400 ')
        head, _, body = answer.partition(b'\r\n\r\n')
        self.assertIn(b'wss://', body)
        self.assertIn(f'Content-Length: {len(body)}\r\n'.encode(), head)
        self.server.wait_for_metric(1, 'sluice_front_dropped_total', reason='plain_http')

    def test_handshake_that_never_comes_does_not_stop_others(self):
        silent = [socket.create_connection(('127.0.0.1', self.server.port)) for _ in range(40)]
        with RawClient(self.server, tls=certificates.client_context()) as client:
            client.text('through')
            self.assertEqual(client.read_text(), 'through')
        for sock in silent:
            sock.close()


class LeavingWhileConnecting(unittest.TestCase):
    def test_certificate_can_be_looked_at_when_the_client_has_left(self):
        """Who is cancelled may still look at the request: the certificate outlives the connection."""
        waiting = endpoint('/ws', [{'plugin': 'carried', 'timeout': '60s'}])
        with Sluice(tls_settings(waiting, client_ca=certificates.path('ca.crt'))) as server:
            pending = Pending(server, '/ws?never', tls=certificates.client_context(True))
            wait_until(lambda: 'upgrade: deferred' in server.log(), 'the upgrade waits')
            pending.socket.close()
            wait_until(lambda: 'cancelled: ' in server.log(), 'the client has left')
            self.assertIn('cancelled: alice', server.log())


class ClientCertificates(ServedTest):
    @classmethod
    def setUpClass(cls):
        cls.configuration = tls_settings(client_ca=certificates.path('ca.crt'))
        super().setUpClass()

    def test_with_certificate(self):
        with RawClient(self.server, tls=certificates.client_context(True)) as client:
            client.text('known')
            self.assertEqual(client.read_text(), 'known')

    def test_without_certificate(self):
        with self.assertRaises((ssl.SSLError, ConnectionError, Ended)):
            RawClient(self.server, tls=certificates.client_context())

    def test_certificate_of_somebody_else(self):
        context = certificates.client_context()
        context.load_cert_chain(certificates.path('other.crt'), certificates.path('other.key'))
        with self.assertRaises((ssl.SSLError, ConnectionError, Ended)):
            RawClient(self.server, tls=context)


class MinimumVersion(ServedTest):
    @classmethod
    def setUpClass(cls):
        cls.configuration = tls_settings(min_version='1.3')
        super().setUpClass()

    def test_tls_1_2_is_refused(self):
        context = certificates.client_context()
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        with self.assertRaises((ssl.SSLError, ConnectionResetError)):
            RawClient(self.server, tls=context)

    def test_tls_1_3_is_accepted(self):
        with RawClient(self.server, tls=certificates.client_context()) as client:
            self.assertEqual(client.close(), 1000)


class WrongFiles(unittest.TestCase):
    """`check` and `serve` both refuse, and name the file and the place in the configuration."""

    def refuse(self, named, **tls):
        with temporary_folder() as folder:
            file = os.path.join(folder, 'sluice.yaml')
            with open(file, 'w') as out:
                json.dump(tls_settings(**tls), out, indent=2)
            for command in ('check', 'serve'):
                status, _, error = run_sluice(command, '-c', file)
                self.assertEqual(status, 1, error)
                self.assertRegex(error, r'sluice\.yaml:\d+:\d+: ')
                self.assertIn(named, error)

    def test_missing_certificate(self):
        self.refuse('nowhere.crt', certificate='/nonexistent/nowhere.crt')

    def test_missing_key(self):
        self.refuse('nowhere.key', key='/nonexistent/nowhere.key')

    def test_key_of_another_certificate(self):
        self.refuse('other.key', key=certificates.path('other.key'))

    def test_certificate_that_is_none(self):
        self.refuse('server.key', certificate=certificates.key)

    def test_key_that_is_none(self):
        self.refuse('server.crt', key=certificates.certificate)

    def test_missing_client_ca(self):
        self.refuse('nowhere-ca.crt', client_ca='/nonexistent/nowhere-ca.crt')


class Listeners(unittest.TestCase):
    def test_plain_tls_and_ipv6_share_their_clients(self):
        tls = certificates.tls
        configuration = settings(listen=[
            {'address': '127.0.0.1:0'}, {'address': '127.0.0.1:0', 'tls': tls},
            {'address': '[::1]:0'}, {'address': '[::1]:0', 'tls': tls}])
        with Sluice(configuration) as server:
            self.assertEqual([url.split(':')[0] for url in server.urls],
                             ['ws', 'wss', 'ws', 'wss'])
            clients = []
            for url in server.urls:
                host = '::1' if '[' in url else '127.0.0.1'
                context = certificates.client_context() if url.startswith('wss') else None
                clients.append(RawClient(server, tls=context,
                                         address=(host, int(url.rsplit(':', 1)[1]))))
            server.wait_for_metric(4, 'sluice_clients')
            for number, client in enumerate(clients):
                client.text(f'from {number}')
                self.assertEqual({other.read_text() for other in clients}, {f'from {number}'})
            for client in clients:
                self.assertEqual(client.close(), 1000)

    def test_ipv4_address_written_as_ipv6(self):
        with Sluice(settings(listen=[{'address': '[::ffff:127.0.0.1]:0'}],
                             admin={'listen': '[::FFFF:7f00:1]:0'})) as server:
            self.assertTrue(server.url.startswith('ws://127.0.0.1:'), server.url)
            with RawClient(server) as client:
                client.text('through')
                self.assertEqual(client.read_text(), 'through')

    def test_address_that_is_taken(self):
        with socket.create_server(('127.0.0.1', 0)) as taken, temporary_folder() as folder:
            address = f'127.0.0.1:{taken.getsockname()[1]}'
            file = os.path.join(folder, 'sluice.yaml')
            with open(file, 'w') as out:
                json.dump(settings(listen=[{'address': address}]), out, indent=2)
            status, _, error = run_sluice('serve', '-c', file)
            self.assertEqual(status, 1)
            self.assertRegex(error, r'sluice\.yaml:\d+:\d+: ')
            self.assertIn(address, error)

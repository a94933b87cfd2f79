"""Trusted proxies: X-Forwarded-For and the PROXY protocol say where a client comes from, if those who
say it are trusted, and only then."""

import re
import socket
import ssl
import struct
import unittest

from harness import (Certificates, RawClient, Refused, ServedTest, Sluice, TEXT, allow_files, for_module,
                     frame, http_get, upgrade_request, wait_until)
from harness.proxied import (LOCAL, PROXY_A, PROXY_B, PROXY_HEADER_MAX, STRANGER, UNKNOWN, clients, proxied,
                             proxy_header)

HEAD = upgrade_request()
certificates = None


def setUpModule():
    global certificates
    certificates = for_module(Certificates())
    allow_files(8192)


class ProxyTest(ServedTest):
    def seen(self, *forwarded, source=PROXY_A, name='X-Forwarded-For', **how):
        """The address and port that the server gives a client with these fields."""
        headers = [(name, value) for value in forwarded]
        with RawClient(self.server, source=source, headers=headers, **how) as client:
            client.text('here')
            client.read_text()
            found = clients(self.server)
            client.close()
        self.server.wait_for_metric(0, 'sluice_clients')
        self.assertEqual(len(found), 1, found)
        return found[0]

    def seen_address(self, *forwarded, **how):
        return self.seen(*forwarded, **how)[0]


class Forwarded(ProxyTest):
    @classmethod
    def setUpClass(cls):
        cls.configuration = proxied(log={'level': 'debug', 'format': 'json'})
        super().setUpClass()

    def test_without_the_field_it_is_the_peer(self):
        self.assertEqual(self.seen_address(), PROXY_A)
        self.assertEqual(self.seen_address(source=STRANGER), STRANGER)

    def test_the_proxys_word_counts(self):
        self.assertEqual(self.seen('198.51.100.7'), ('198.51.100.7', 0))
        self.assertEqual(self.seen('198.51.100.7:4711'), ('198.51.100.7', 4711))
        self.assertEqual(self.seen('2001:db8::7'), ('2001:db8::7', 0))
        self.assertEqual(self.seen('[2001:db8::7]:4711'), ('2001:db8::7', 4711))

    def test_the_fields_name_is_in_any_case(self):
        self.assertEqual(self.seen_address('198.51.100.7', name='x-forwarded-FOR'), '198.51.100.7')
        self.assertEqual(self.seen_address('198.51.100.7', name='X_Forwarded_For'), PROXY_A)
        self.assertEqual(self.seen_address('198.51.100.7', name='X-Forwarded-Fo'), PROXY_A)

    def test_a_strangers_word_counts_nothing(self):
        self.assertEqual(self.seen_address('198.51.100.7', source=STRANGER), STRANGER)
        self.assertEqual(self.seen_address('198.51.100.7, 127.0.0.1', source=STRANGER), STRANGER)

    def test_what_a_client_invents_counts_nothing(self):
        for invented in ('10.0.0.1', '203.0.113.9', '127.0.0.1', 'unknown', ',,', '::1'):
            self.assertEqual(self.seen_address(f'{invented}, 198.51.100.7'), '198.51.100.7')
            self.assertEqual(self.seen_address(invented, '198.51.100.7'), '198.51.100.7')

    def test_two_proxies_in_a_row(self):
        self.assertEqual(self.seen_address(f'10.6.6.6, 198.51.100.7, {PROXY_B}'), '198.51.100.7')
        self.assertEqual(self.seen_address('10.6.6.6, 198.51.100.7', PROXY_B), '198.51.100.7')
        self.assertEqual(self.seen_address(f'198.51.100.7, {PROXY_A}', source=PROXY_B),
                         '198.51.100.7')

    def test_only_proxies_on_the_way(self):
        self.assertEqual(self.seen_address('10.0.0.3, 10.0.0.2'), '10.0.0.3')

    def test_what_is_no_address_ends_the_walk(self):
        self.assertEqual(self.seen_address('198.51.100.7, unknown, 10.0.0.2'), '10.0.0.2')
        self.assertEqual(self.seen_address('unknown'), PROXY_A)

    def test_a_long_chain_is_cut(self):
        chain = ['198.51.100.7'] + ['10.0.0.2'] * 64
        self.assertEqual(self.seen_address(', '.join(chain)), '10.0.0.2')
        self.assertEqual(self.seen_address(', '.join(chain[:64])), '198.51.100.7')

    def test_a_field_that_not_everybody_understands_is_refused(self):
        for name in ('X-Forwarded-For ', 'X-Forwarded-For  ', 'Other '):
            with self.assertRaises(Refused) as caught:
                RawClient(self.server, headers=[('X-Forwarded-For', '198.51.100.7'), (name, '10.6.6.6')])
            self.assertEqual(caught.exception.status, 400)

    def test_the_log_names_the_client(self):
        self.seen('198.51.100.77')
        wait_until(lambda: 'GET /ws from 198.51.100.77: 101' in self.server.log(), 'the upgrade is logged')
        status, _, _ = http_get(self.server, '/nowhere', headers=[('X-Forwarded-For', '198.51.100.78')])
        self.assertEqual(status, 404)
        wait_until(lambda: 'GET /nowhere from 198.51.100.78: 404' in self.server.log(),
                   'the refusal is logged')


class Nobody(ProxyTest):
    @classmethod
    def setUpClass(cls):
        cls.configuration = proxied(trusted=None)
        super().setUpClass()

    def test_without_trusted_proxies_nobodys_word_counts(self):
        self.assertEqual(self.seen_address('198.51.100.7'), PROXY_A)
        with RawClient(self.server, upgrade=False) as client:
            client.send(proxy_header() + HEAD)
            self.assertEqual(client.read_response_head()[0], 400)


class Header(ProxyTest):
    @classmethod
    def setUpClass(cls):
        cls.configuration = proxied(front={'request_timeout': '1h'},
                                          log={'level': 'debug', 'format': 'json'})
        super().setUpClass()

    def seen_behind(self, header, *forwarded, early=b'', pieces=False, source=PROXY_A):
        """What the server makes of a header in front of an upgrade."""
        fields = b''.join(b'X-Forwarded-For: %s\r\n' % value.encode() for value in forwarded)
        sent = header + HEAD[:-2] + fields + b'\r\n' + early
        with RawClient(self.server, upgrade=False, source=source) as client:
            if pieces:
                for byte in sent:
                    client.send(bytes([byte]))
            else:
                client.send(sent)
            status, _ = client.read_response_head()
            self.assertEqual(status, 101)
            if not early:
                client.text('here')
            self.assertEqual(client.read_text(), 'here')
            found = clients(self.server)
            client.close()
        self.server.wait_for_metric(0, 'sluice_clients')
        self.assertEqual(len(found), 1, found)
        return found[0]

    def test_ipv4(self):
        self.assertEqual(self.seen_behind(proxy_header()), ('198.51.100.7', 4711))

    def test_ipv6(self):
        self.assertEqual(self.seen_behind(proxy_header('2001:db8::7')), ('2001:db8::7', 4711))

    def test_extensions_are_skipped(self):
        more = b'\x04' + struct.pack('>H', 400) + b'\r\n' * 200
        self.assertEqual(self.seen_behind(proxy_header(extensions=more)), ('198.51.100.7', 4711))
        longest = b'\x04' + struct.pack('>H', PROXY_HEADER_MAX - 31) + b'.' * (PROXY_HEADER_MAX - 31)
        self.assertEqual(self.seen_behind(proxy_header(extensions=longest)), ('198.51.100.7', 4711))

    def test_local_is_the_proxy(self):
        for header in (proxy_header(command=LOCAL), proxy_header(command=LOCAL, family=UNKNOWN, behind=b'')):
            self.assertEqual(self.seen_behind(header)[0], PROXY_A)

    def test_a_family_without_addresses_is_nobody_known(self):
        for family, behind in ((UNKNOWN, b''), (0x31, b'/run/a'.ljust(108, b'\0') * 2)):
            header = proxy_header(family=family, behind=behind)
            self.assertEqual(self.seen_behind(header), ('::', 0))
            self.assertEqual(self.seen_behind(header, '10.6.6.6'), ('::', 0))

    def test_one_byte_at_a_time(self):
        self.assertEqual(self.seen_behind(proxy_header(), pieces=True), ('198.51.100.7', 4711))

    def test_frames_in_the_same_packet(self):
        self.assertEqual(self.seen_behind(proxy_header(), early=frame(TEXT, b'here')),
                         ('198.51.100.7', 4711))

    def test_split_at_every_position(self):
        header = proxy_header()
        for at in range(1, len(header) + 1):
            with RawClient(self.server, upgrade=False) as client:
                client.send(header[:at])
                if at % 4 == 0:
                    self.server.wait_for_metric(1, 'sluice_front_waiting')
                client.send(header[at:] + HEAD)
                self.assertEqual(client.read_response_head()[0], 101, at)

    def test_without_a_header(self):
        self.assertEqual(self.seen_behind(b'')[0], PROXY_A)
        self.assertEqual(self.seen_behind(b'', '198.51.100.7')[0], '198.51.100.7')

    def test_the_field_counts_only_if_the_named_one_is_trusted_too(self):
        self.assertEqual(self.seen_behind(proxy_header(), '203.0.113.9')[0], '198.51.100.7')
        self.assertEqual(self.seen_behind(proxy_header('10.0.0.5'), '203.0.113.9')[0], '203.0.113.9')
        self.assertEqual(self.seen_behind(proxy_header('2001:db8:1::5'), '203.0.113.9')[0],
                         '203.0.113.9')

    def test_a_strangers_header_is_a_malformed_request(self):
        with RawClient(self.server, upgrade=False, source=STRANGER) as client:
            client.send(proxy_header() + HEAD)
            self.assertEqual(client.read_response_head()[0], 400)
        self.assertEqual(clients(self.server), [])

    def test_wrong_headers_end_the_connection(self):
        wrong = [
            (proxy_header(command=0x11), 'version'),
            (proxy_header(command=0x31), 'version'),
            (proxy_header(command=0x22), 'command'),
            (proxy_header(family=0x12), 'family'),
            (proxy_header(family=0x41), 'family'),
            (proxy_header(length=11), 'too short'),
            (proxy_header('2001:db8::7', length=35), 'too short'),
            (proxy_header(length=PROXY_HEADER_MAX - 15), 'too long'),
            (proxy_header(length=65535), 'too long'),
        ]
        before = self.server.metric('sluice_front_dropped_total', reason='proxy_header')
        for number, (header, why) in enumerate(wrong):
            with self.subTest(header=header), RawClient(self.server, upgrade=False) as client:
                client.send(header + HEAD)
                self.assertEqual(client.read_to_end(), b'')
                self.server.wait_for_metric(before + number + 1, 'sluice_front_dropped_total',
                                            reason='proxy_header')
                said = re.compile(rf'proxy {re.escape(PROXY_A)} closed: its PROXY header [^"]*{why}')
                wait_until(lambda: said.search(self.server.log()), 'the log says why')

    def test_a_header_that_ends_too_early(self):
        before = self.server.metric('sluice_front_dropped_total', reason='proxy_header')
        for number, at in enumerate((12, 15, 16, 27)):
            with RawClient(self.server, upgrade=False) as client:
                client.send(proxy_header()[:at])
                client.socket.shutdown(socket.SHUT_WR)
                self.assertEqual(client.read_to_end(), b'')
                self.server.wait_for_metric(before + number + 1, 'sluice_front_dropped_total',
                                            reason='proxy_header')

    def test_the_text_header_is_refused_and_the_log_says_what_to_do(self):
        with RawClient(self.server, upgrade=False) as client:
            client.send(b'PROXY TCP4 198.51.100.7 192.0.2.1 4711 443\r\n' + HEAD)
            self.assertEqual(client.read_response_head()[0], 400)
        wait_until(lambda: 'PROXY headers of version 1' in self.server.log(), 'the log says so')
        self.assertEqual(self.server.log().count('PROXY headers of version 1'), 1)

    def test_descriptors_are_given_back(self):
        baseline = self.server.descriptors()
        for at in (0, 1, 12, 16, 28):
            for _ in range(20):
                with RawClient(self.server, upgrade=False) as client:
                    client.send(proxy_header()[:at])
        wait_until(lambda: self.server.descriptors() <= baseline, 'descriptors are given back')


class Patience(unittest.TestCase):
    def test_half_a_header_and_then_silence(self):
        with Sluice(proxied(front={'request_timeout': '200ms'})) as server:
            baseline = server.descriptors()
            silent = [RawClient(server, upgrade=False) for _ in range(20)]
            for number, client in enumerate(silent):
                client.send(proxy_header()[:number + 1])
            with RawClient(server, upgrade=False) as client:
                client.send(proxy_header() + HEAD)
                self.assertEqual(client.read_response_head()[0], 101)
            server.wait_for_metric(20, 'sluice_front_dropped_total', reason='timeout')
            for client in silent:
                client.read_to_end()
                client.socket.close()
            wait_until(lambda: server.descriptors() <= baseline + 1, 'descriptors are given back')

    def test_half_a_header_delays_nobody(self):
        with Sluice(proxied(front={'request_timeout': '1h', 'workers': 2})) as server:
            silent = [RawClient(server, upgrade=False) for _ in range(200)]
            for number, client in enumerate(silent):
                client.send(proxy_header()[:1 + number % 27])
            server.wait_for_metric(200, 'sluice_front_waiting')
            for _ in range(20):
                with RawClient(server, headers=[('X-Forwarded-For', '198.51.100.7')]) as client:
                    self.assertEqual(client.close(), 1000)
            for client in silent:
                client.socket.close()


class Secure(unittest.TestCase):
    def test_a_header_comes_before_the_handshake(self):
        context = certificates.client_context()
        with Sluice(proxied(tls=certificates.tls)) as server:
            for header, expected in ((proxy_header('2001:db8::7'), '2001:db8::7'), (b'', PROXY_A)):
                with RawClient(server, upgrade=False) as client:
                    for byte in header:
                        client.send(bytes([byte]))
                    client.socket = context.wrap_socket(client.socket, server_hostname='localhost')
                    client.upgrade('/ws', [], b'')
                    self.assertEqual([address for address, _ in clients(server)], [expected])
                    self.assertEqual(client.close(), 1000)
                server.wait_for_metric(0, 'sluice_clients')

    def test_a_strangers_header_is_no_handshake(self):
        context = certificates.client_context()
        with Sluice(proxied(tls=certificates.tls)) as server:
            with RawClient(server, upgrade=False, source=STRANGER) as client:
                client.send(proxy_header())
                with self.assertRaises((ssl.SSLError, ConnectionError)):
                    client.socket = context.wrap_socket(client.socket, server_hostname='localhost')

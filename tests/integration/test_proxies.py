"""Trusted proxies: X-Forwarded-For and the PROXY protocol say where a client comes from, if those who
say it are trusted, and only then."""

import json
import re
import signal
import socket
import ssl
import struct
import unittest

from harness import (Certificates, HAProxy, RawClient, Refused, ServedTest, Sluice, TEXT, allow_files,
                     endpoint, for_module, frame, http_get, settings, upgrade_request, wait_until)

HEAD = upgrade_request()
SIGNATURE = b'\r\n\r\n\0\r\nQUIT\n'
LOCAL, PROXY = 0x20, 0x21
UNKNOWN, TCP4, TCP6 = 0x00, 0x11, 0x21
PROXY_HEADER_MAX = 2048

PROXY_A = '127.0.0.1'  # both trusted
PROXY_B = '127.0.0.2'
STRANGER = '127.0.0.9'
TRUSTED = ['127.0.0.1/32', '127.0.0.2', '10.0.0.0/8', '2001:db8:1::/48']

certificates = None


def setUpModule():
    global certificates
    certificates = for_module(Certificates())
    allow_files(8192)


def configuration(*endpoints, tls=False, trusted=TRUSTED, **top):
    listen = {'address': '127.0.0.1:0'}
    if tls:
        listen['tls'] = certificates.tls
    return settings(*(endpoints or [endpoint('/ws')]), listen=[listen], trusted_proxies=trusted, **top)


def proxy_header(source='198.51.100.7', port=4711, *, command=PROXY, family=None, behind=None,
                 length=None, extensions=b''):
    """A PROXY header of version 2."""
    kind = socket.AF_INET6 if ':' in source else socket.AF_INET
    destination = '2001:db8::1' if ':' in source else '192.0.2.1'
    if family is None:
        family = TCP6 if ':' in source else TCP4
    if behind is None:
        behind = (socket.inet_pton(kind, source) + socket.inet_pton(kind, destination) +
                  struct.pack('>HH', port, 443))
    behind += extensions
    return SIGNATURE + struct.pack('>BBH', command, family,
                                   len(behind) if length is None else length) + behind


def clients(server):
    """Who is connected: a list of (address, port)."""
    listed = json.loads(server.admin('/api/v1/clients'))['clients']
    return [(client['address'], client['port']) for client in listed]


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
        cls.configuration = configuration(log={'level': 'debug', 'format': 'json'})
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
        cls.configuration = configuration(trusted=None)
        super().setUpClass()

    def test_without_trusted_proxies_nobodys_word_counts(self):
        self.assertEqual(self.seen_address('198.51.100.7'), PROXY_A)
        with RawClient(self.server, upgrade=False) as client:
            client.send(proxy_header() + HEAD)
            self.assertEqual(client.read_response_head()[0], 400)


class Header(ProxyTest):
    @classmethod
    def setUpClass(cls):
        cls.configuration = configuration(front={'request_timeout': '1h'},
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
        with Sluice(configuration(front={'request_timeout': '200ms'})) as server:
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
        with Sluice(configuration(front={'request_timeout': '1h', 'workers': 2})) as server:
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
        with Sluice(configuration(tls=True)) as server:
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
        with Sluice(configuration(tls=True)) as server:
            with RawClient(server, upgrade=False, source=STRANGER) as client:
                client.send(proxy_header())
                with self.assertRaises((ssl.SSLError, ConnectionError)):
                    client.socket = context.wrap_socket(client.socket, server_hostname='localhost')


class Limits(unittest.TestCase):
    def test_clients_of_a_proxy_are_counted_at_their_own_addresses(self):
        with Sluice(configuration(limits={'clients_per_address': 2})) as server:
            opened = []
            for number in range(6):
                for _ in range(2):
                    opened.append(RawClient(
                        server, headers=[('X-Forwarded-For', f'10.6.6.6, 198.51.100.{number}')]))
            with self.assertRaises(Refused) as caught:
                RawClient(server, headers=[('X-Forwarded-For', '10.7.7.7, 198.51.100.3')])
            self.assertEqual(caught.exception.status, 429)
            with RawClient(server, upgrade=False) as client:
                client.send(proxy_header('198.51.100.3') + HEAD)
                self.assertEqual(client.read_response_head()[0], 429)
            opened.pop(6).close()
            server.wait_for_metric(11, 'sluice_clients')
            with RawClient(server, headers=[('X-Forwarded-For', '198.51.100.3')]):
                server.wait_for_metric(12, 'sluice_clients')
            for client in opened:
                client.close()

    def test_a_crowd_behind_a_proxy_may_wait(self):
        per_address = 1024
        with Sluice(configuration(front={'request_timeout': '1h'})) as server:
            crowd = [RawClient(server, upgrade=False) for _ in range(per_address + 50)]
            for client in crowd:
                client.send(b'GET')
            server.wait_for_metric(per_address + 50, 'sluice_front_waiting', 30)
            self.assertEqual(server.metric('sluice_front_dropped_total'), 0)
            for client in crowd:
                client.socket.close()
            server.wait_for_metric(0, 'sluice_front_waiting', 30)

    def test_those_whom_a_header_names_are_counted_at_their_address(self):
        per_address = 1024
        with Sluice(configuration(front={'request_timeout': '1h'})) as server:
            other = RawClient(server, upgrade=False)
            other.send(proxy_header('198.51.100.8') + b'GET')
            server.wait_for_metric(1, 'sluice_front_waiting')
            crowd = [RawClient(server, upgrade=False) for _ in range(per_address + 50)]
            server.wait_for_metric(per_address + 51, 'sluice_front_waiting', 30)
            for client in crowd:
                client.send(proxy_header() + b'GET')
            server.wait_for_metric(50, 'sluice_front_dropped_total', 30, reason='full')
            server.wait_for_metric(per_address + 1, 'sluice_front_waiting')
            other.send(HEAD[3:])
            self.assertEqual(other.read_response_head()[0], 101)
            for client in [other, *crowd]:
                client.socket.close()


class Plugins(ServedTest):
    @classmethod
    def setUpClass(cls):
        def stage(plugin, **options):
            return {'plugin': plugin, 'options': options}
        cls.configuration = configuration(
            endpoint('/filter', [stage('address-filter', allow=['198.51.100.0/24'],
                                       deny=['198.51.100.66'])]),
            endpoint('/rate', [stage('rate-limit', connections='1/m', connections_burst=2)]))
        super().setUpClass()

    def status(self, path, address, source=PROXY_A):
        try:
            with RawClient(self.server, path, source=source,
                           headers=[('X-Forwarded-For', address)]) as client:
                self.assertEqual(client.close(), 1000)
            return 101
        except Refused as refused:
            return refused.status

    def test_address_filter_decides_by_the_client(self):
        self.assertEqual(self.status('/filter', '198.51.100.7'), 101)
        self.assertEqual(self.status('/filter', '198.51.100.66'), 403)
        self.assertEqual(self.status('/filter', '198.51.100.7, 198.51.100.66'), 403)
        self.assertEqual(self.status('/filter', '203.0.113.9'), 403)
        self.assertEqual(self.status('/filter', '198.51.100.7, 203.0.113.9'), 403)
        self.assertEqual(self.status('/filter', '198.51.100.7', source=STRANGER), 403)

    def test_rate_limit_counts_by_the_client(self):
        for last in range(5):
            address = f'198.51.100.{last}'
            self.assertEqual([self.status('/rate', address) for _ in range(3)], [101, 101, 429])


class Reload(unittest.TestCase):
    def reload(self, server, expected, **how):
        server.write(configuration(**how))
        before = len(server.lines)
        server.process.send_signal(signal.SIGHUP)
        wait_until(lambda: expected in ''.join(server.lines[before:]), 'the reload is done')
        return ''.join(server.lines[before:])

    def connect(self, server, *, header=b'', field='203.0.113.9'):
        client = RawClient(server, upgrade=False)
        client.send(header)
        client.upgrade('/ws', [('X-Forwarded-For', field)], b'')
        return client

    def test_the_list_changes_under_those_who_are_there(self):
        with Sluice(configuration(trusted=None)) as server:
            first = self.connect(server)
            self.reload(server, 'is in force', trusted=['127.0.0.1'])
            second = self.connect(server)
            third = self.connect(server, header=proxy_header())
            self.reload(server, 'is in force', trusted=['127.0.0.1', '198.51.100.0/24'])
            fourth = self.connect(server, header=proxy_header(), field='203.0.113.10')
            self.reload(server, 'is in force', trusted=[])
            fifth = self.connect(server)
            self.assertEqual([address for address, _ in sorted(clients(server))],
                             [PROXY_A, PROXY_A, '198.51.100.7', '203.0.113.10', '203.0.113.9'])
            for client in (first, second, third, fourth, fifth):
                client.close()

    def test_a_wrong_entry_changes_nothing(self):
        with Sluice(configuration(trusted=['127.0.0.1'])) as server:
            log = self.reload(server, 'what ran before goes on', trusted=['10.1.2.3/8'])
            self.assertIn('did you mean 10.0.0.0/8?', log)
            client = self.connect(server)
            self.assertEqual([address for address, _ in clients(server)], ['203.0.113.9'])
            client.close()


class RealProxies(unittest.TestCase):
    """haproxy, which its clients reach from 127.0.0.9, and the server sees at 127.0.0.1."""

    def check(self, server, proxy, *, tls=None, headers=()):
        with RawClient(server, address=proxy.address, source=STRANGER, tls=tls,
                       headers=headers) as client:
            port = client.socket.getsockname()[1]
            client.text('through')
            self.assertEqual(client.read_text(), 'through')
            found = clients(server)
            self.assertEqual(client.close(), 1000)
        server.wait_for_metric(0, 'sluice_clients')
        return found, port

    def test_http_with_forwardfor(self):
        with Sluice(configuration(trusted=[PROXY_A])) as server, \
                HAProxy(server.port, mode='http', more='option forwardfor') as proxy:
            self.assertEqual(self.check(server, proxy)[0], [(STRANGER, 0)])
            spoofed = [('X-Forwarded-For', '10.6.6.6'), ('X-Forwarded-For', '127.0.0.1')]
            self.assertEqual(self.check(server, proxy, headers=spoofed)[0], [(STRANGER, 0)])

    def test_http_through_two(self):
        with Sluice(configuration(trusted=[PROXY_A])) as server, \
                HAProxy(server.port, mode='http', more='option forwardfor') as inner, \
                HAProxy(inner.address[1], mode='http', more='option forwardfor') as outer:
            spoofed = [('X-Forwarded-For', '10.6.6.6, 127.0.0.1')]
            self.assertEqual(self.check(server, outer, headers=spoofed)[0], [(STRANGER, 0)])

    def test_tcp_with_a_header(self):
        with Sluice(configuration(trusted=[PROXY_A])) as server, \
                HAProxy(server.port, mode='tcp', server='send-proxy-v2') as proxy:
            spoofed = [('X-Forwarded-For', '10.6.6.6')]
            for _ in range(20):
                found, port = self.check(server, proxy, headers=spoofed)
                self.assertEqual(found, [(STRANGER, port)])

    def test_tcp_with_a_header_and_tls_passed_through(self):
        with Sluice(configuration(tls=True, trusted=[PROXY_A])) as server, \
                HAProxy(server.port, mode='tcp', server='send-proxy-v2') as proxy:
            for _ in range(5):
                found, port = self.check(server, proxy, tls=certificates.client_context())
                self.assertEqual(found, [(STRANGER, port)])

    def test_tcp_with_a_header_and_tls_ended_by_the_proxy(self):
        pem = certificates.path('haproxy.pem')
        with open(pem, 'w') as out:
            for name in (certificates.certificate, certificates.key):
                with open(name) as part:
                    out.write(part.read())
        with Sluice(configuration(trusted=[PROXY_A])) as server, \
                HAProxy(server.port, mode='tcp', bind=f' ssl crt {pem}',
                        server='send-proxy-v2-ssl-cn proxy-v2-options unique-id,authority,crc32c',
                        more='unique-id-format %[uuid()]') as proxy:
            found, port = self.check(server, proxy, tls=certificates.client_context())
            self.assertEqual(found, [(STRANGER, port)])

    def test_tcp_in_front_of_http(self):
        with Sluice(configuration(trusted=[PROXY_A])) as server, \
                HAProxy(server.port, mode='http', more='option forwardfor',
                        bind=' accept-proxy') as inner, \
                HAProxy(inner.address[1], mode='tcp', server='send-proxy-v2') as outer:
            self.assertEqual(self.check(server, outer)[0], [(STRANGER, 0)])

    def test_health_checks_with_a_header_are_fine(self):
        with Sluice(configuration(trusted=[PROXY_A])) as server, \
                HAProxy(server.port, mode='tcp',
                        more='option httpchk GET /\n    http-check expect status 404',
                        server='send-proxy-v2 check inter 100ms') as proxy:
            wait_until(lambda: server.metric('sluice_http_responses_total', status='4xx') >= 3,
                       'three checks were answered')
            found, port = self.check(server, proxy)
            self.assertEqual(found, [(STRANGER, port)])
            self.assertEqual(server.metric('sluice_front_dropped_total'), 0)

    def test_the_text_header_does_not_pass(self):
        with Sluice(configuration(trusted=[PROXY_A])) as server, \
                HAProxy(server.port, mode='tcp', server='send-proxy') as proxy:
            with self.assertRaises(Refused) as caught:
                RawClient(server, address=proxy.address)
            self.assertEqual(caught.exception.status, 400)
            server.wait_for_log('let it send version 2')

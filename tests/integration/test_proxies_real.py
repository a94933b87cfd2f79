"""A real proxy in front of the server: HAProxy."""

import unittest

from harness import Certificates, HAProxy, RawClient, Refused, Sluice, for_module, wait_until
from harness.proxied import PROXY_A, STRANGER, clients, proxied

certificates = None


def setUpModule():
    global certificates
    certificates = for_module(Certificates())


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
        with Sluice(proxied(trusted=[PROXY_A])) as server, \
                HAProxy(server.port, mode='http', more='option forwardfor') as proxy:
            self.assertEqual(self.check(server, proxy)[0], [(STRANGER, 0)])
            spoofed = [('X-Forwarded-For', '10.6.6.6'), ('X-Forwarded-For', '127.0.0.1')]
            self.assertEqual(self.check(server, proxy, headers=spoofed)[0], [(STRANGER, 0)])

    def test_http_through_two(self):
        with Sluice(proxied(trusted=[PROXY_A])) as server, \
                HAProxy(server.port, mode='http', more='option forwardfor') as inner, \
                HAProxy(inner.address[1], mode='http', more='option forwardfor') as outer:
            spoofed = [('X-Forwarded-For', '10.6.6.6, 127.0.0.1')]
            self.assertEqual(self.check(server, outer, headers=spoofed)[0], [(STRANGER, 0)])

    def test_tcp_with_a_header(self):
        with Sluice(proxied(trusted=[PROXY_A])) as server, \
                HAProxy(server.port, mode='tcp', server='send-proxy-v2') as proxy:
            spoofed = [('X-Forwarded-For', '10.6.6.6')]
            for _ in range(20):
                found, port = self.check(server, proxy, headers=spoofed)
                self.assertEqual(found, [(STRANGER, port)])

    def test_tcp_with_a_header_and_tls_passed_through(self):
        with Sluice(proxied(tls=certificates.tls, trusted=[PROXY_A])) as server, \
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
        with Sluice(proxied(trusted=[PROXY_A])) as server, \
                HAProxy(server.port, mode='tcp', bind=f' ssl crt {pem}',
                        server='send-proxy-v2-ssl-cn proxy-v2-options unique-id,authority,crc32c',
                        more='unique-id-format %[uuid()]') as proxy:
            found, port = self.check(server, proxy, tls=certificates.client_context())
            self.assertEqual(found, [(STRANGER, port)])

    def test_tcp_in_front_of_http(self):
        with Sluice(proxied(trusted=[PROXY_A])) as server, \
                HAProxy(server.port, mode='http', more='option forwardfor',
                        bind=' accept-proxy') as inner, \
                HAProxy(inner.address[1], mode='tcp', server='send-proxy-v2') as outer:
            self.assertEqual(self.check(server, outer)[0], [(STRANGER, 0)])

    def test_health_checks_with_a_header_are_fine(self):
        with Sluice(proxied(trusted=[PROXY_A])) as server, \
                HAProxy(server.port, mode='tcp',
                        more='option httpchk GET /\n    http-check expect status 404',
                        server='send-proxy-v2 check inter 100ms') as proxy:
            wait_until(lambda: server.metric('sluice_http_responses_total', status='4xx') >= 3,
                       'three checks were answered')
            found, port = self.check(server, proxy)
            self.assertEqual(found, [(STRANGER, port)])
            self.assertEqual(server.metric('sluice_front_dropped_total'), 0)

    def test_the_text_header_does_not_pass(self):
        with Sluice(proxied(trusted=[PROXY_A])) as server, \
                HAProxy(server.port, mode='tcp', server='send-proxy') as proxy:
            with self.assertRaises(Refused) as caught:
                RawClient(server, address=proxy.address)
            self.assertEqual(caught.exception.status, 400)
            server.wait_for_log('let it send version 2')

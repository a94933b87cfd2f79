"""Client certificates over time: tickets, ends while connected, revocation."""

import datetime
import json
import socket
import ssl
import unittest

from harness import (Authority, Ended, RawClient, Refused, Sluice, endpoint, for_module, patience,
                     run_sluice, settings, upgrade_request, wait_until)

REFUSED = (ssl.SSLError, ConnectionError, Ended, Refused)
VERSIONS = (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)
BRIEF = int(patience(2)) + 1  # seconds: until some handshakes are done

authority = None


def setUpModule():
    global authority
    authority = for_module(Authority())


def configuration(**tls):
    tls = {**authority.tls, 'client_ca': authority.path('ca.crt'), **tls}
    return settings(endpoint('/ws'), listen=[{'address': '127.0.0.1:0', 'tls': tls}])


class Visit:
    """A WebSocket connection that shows its TLS session, and may begin with another's."""

    def __init__(self, server, context, session=None):
        self.socket = context.wrap_socket(
            socket.create_connection(('127.0.0.1', server.port), timeout=patience(20)),
            server_hostname='localhost', session=session)
        self.socket.sendall(upgrade_request())
        self.status = self.socket.recv(4096)[9:12]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()


class Tickets(unittest.TestCase):
    def test_a_ticket_resumes_a_session(self):
        authority.issue('early')
        with Sluice(configuration()) as server:
            for version in VERSIONS:
                context = authority.context('early', version)
                with self.subTest(version=version), Visit(server, context) as first:
                    with Visit(server, context, first.socket.session) as second:
                        self.assertTrue(second.socket.session_reused)
                        self.assertEqual(second.status, b'101')

    def test_a_ticket_ends_with_its_certificate(self):
        with Sluice(configuration()) as server:
            sessions = []
            end = authority.issue('brief', BRIEF)
            for version in VERSIONS:
                context = authority.context('brief', version)
                with Visit(server, context) as first, \
                        Visit(server, context, first.socket.session) as second:
                    self.assertTrue(second.socket.session_reused)
                    sessions += [(context, first.socket.session), (context, second.socket.session)]
            # The second in which OpenSSL takes itself to be begins some milliseconds late.
            late = end + datetime.timedelta(milliseconds=100)
            wait_until(lambda: datetime.datetime.now(datetime.timezone.utc) > late,
                       'the certificate ends')
            for context, session in sessions:
                with self.assertRaises(REFUSED), Visit(server, context, session) as visit:
                    self.assertEqual(visit.status, b'101')
                    self.fail('an expired certificate got in')


class WhileConnected(unittest.TestCase):
    def test_a_client_is_closed_when_its_certificate_ends(self):
        with Sluice(configuration()) as server:
            end = authority.issue('short', BRIEF)
            context = authority.context('short')
            with Visit(server, context) as first, RawClient(server, tls=context) as client, \
                    RawClient(server, tls=authority.client_context(True)) as other:
                resumed = Visit(server, context, first.socket.session)
                self.assertTrue(resumed.socket.session_reused)
                self.assertEqual(client.expect_close(), (4401, b'certificate expired'))
                self.assertGreaterEqual(datetime.datetime.now(datetime.timezone.utc), end)
                server.wait_for_metric(3, 'sluice_closes_total', code='4401')
                resumed.socket.close()
                other.text('still here')
                self.assertEqual(other.read_text(), 'still here')


class Revocation(unittest.TestCase):
    def test_a_revoked_certificate_is_refused(self):
        for name in ('good', 'stolen'):
            authority.issue(name)
        authority.revoke('stolen')
        with Sluice(configuration(client_crl=authority.list_revoked('first.crl'))) as server:
            with RawClient(server, tls=authority.context('good')) as client:
                client.text('good')
                self.assertEqual(client.read_text(), 'good')
            with self.assertRaises(REFUSED):
                RawClient(server, tls=authority.context('stolen'))

    def test_a_reload_reads_the_list_anew_and_ends_tickets(self):
        authority.issue('later')
        context = authority.context('later')
        path = authority.list_revoked('second.crl')
        with Sluice(configuration(client_crl=path)) as server:
            with Visit(server, context) as first:
                self.assertEqual(first.status, b'101')
                session = first.socket.session
            authority.revoke('later')
            authority.list_revoked('second.crl')
            server.reload(configuration(client_crl=path))
            for old in (None, session):
                with self.assertRaises(REFUSED), Visit(server, context, old) as late:
                    self.assertEqual(late.status, b'101')
                    self.fail('a revoked certificate got in')

    def check(self, **tls):
        file = authority.path('sluice.yaml')
        with open(file, 'w') as out:
            json.dump(configuration(**tls), out)
        return run_sluice('check', '-c', file)

    def test_mistakes_are_found_by_check(self):
        status, _, error = self.check(client_crl=authority.path('nowhere.crl'))
        self.assertEqual(status, 1)
        self.assertIn('nowhere.crl', error)
        status, _, error = self.check(client_crl=authority.path('ca.crt'))
        self.assertEqual(status, 1)
        self.assertIn('revocation', error)
        status, _, error = self.check(client_crl=authority.list_revoked('third.crl'),
                                      client_ca=None)
        self.assertEqual(status, 1)
        self.assertIn('client_ca', error)

    def test_a_list_that_is_out_of_date_is_told(self):
        path = authority.list_revoked('old.crl', '-crl_lastupdate', '20200101000000Z',
                                      '-crl_nextupdate', '20200102000000Z')
        _, output, error = self.check(client_crl=path)
        self.assertIn('out of date', output + error)

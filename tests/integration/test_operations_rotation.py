"""docs/operations.md, "Rotation" and "Changing the rules": done as the page says, while clients are connected."""

import os
import shutil
import ssl
import unittest
import urllib.error

from harness import Certificates, RawClient, for_module, run_sluice, wait_until
from harness.operations import Instance, blocks
from harness.ports import free_port

first = second = None


def setUpModule():
    global first, second
    first, second = for_module(Certificates()), for_module(Certificates())


def instance(**more):
    return Instance('127.0.0.1', free_port(), free_port(), **more)


def reload(server):
    """`sluice reload`, through the socket: its status, and its errors."""
    status, _, error = run_sluice('reload', '--admin', f'unix:{server.home.name}/admin.sock')
    return status, error


class Rotation(unittest.TestCase):
    def move_over(self, server, name, source):
        """A new file beside the old one, moved over it."""
        new = os.path.join(server.home.name, name + '.new')
        shutil.copy(source, new)
        os.chmod(new, 0o600)
        os.rename(new, os.path.join(server.home.name, name))

    def test_a_certificate_and_its_key(self):
        server = instance(tls={'certificate': 'server.crt', 'key': 'server.key'})
        self.move_over(server, 'server.crt', first.certificate)
        self.move_over(server, 'server.key', first.key)
        with server, RawClient(server, tls=first.client_context()) as old:
            self.move_over(server, 'server.key', second.key)
            status, error = reload(server)
            self.assertEqual(status, 1, 'a key that does not fit its certificate')
            self.assertIn('server.key', error)
            self.assertEqual(server.metric('sluice_last_reload_failed'), 1)
            with RawClient(server, tls=first.client_context()) as still:
                self.assertEqual(still.close(), 1000)
            self.move_over(server, 'server.crt', second.certificate)
            self.assertEqual(reload(server), (0, ''))
            self.assertEqual(server.metric('sluice_last_reload_failed'), 0)
            with RawClient(server, tls=second.client_context()) as new:
                old.text('still here')
                self.assertEqual((old.read_text(), new.read_text()), ('still here', 'still here'))
            with self.assertRaises(ssl.SSLCertVerificationError):
                RawClient(server, tls=first.client_context())

    def test_an_admin_token(self):
        def status():
            try:
                server.admin('/metrics')
            except urllib.error.HTTPError as error:
                return error.code
            return 200

        with instance() as server, RawClient(server) as client:
            old, new = server.token, 'another-token-of-the-tests'
            for lines, valid in (([old, new], [old, new]), ([new], [new])):
                server.write_home('token', '\n'.join(lines) + '\n')
                self.move_over(server, 'admin.token', os.path.join(server.home.name, 'token'))
                server.token = old
                self.assertEqual(status(), 200, 'until the reload the old one counts')
                self.assertEqual(reload(server), (0, ''))
                for token in (old, new):
                    server.token = token
                    self.assertEqual(status(), 200 if token in valid else 401, lines)
            self.assertEqual(server.metric('sluice_clients'), 1)
            self.assertEqual(client.close(), 1000)

    def test_a_token_in_a_list(self):
        with instance() as server:
            server.add_to_pipeline('plugin: auth', 'options: {tokens_file: tokens.txt}')
            server.write_home('tokens.txt', 'bot 00112233445566778899aabbccddeeff\n')
            self.assertEqual(reload(server), (0, ''))
            old = [('Authorization', 'Bearer 00112233445566778899aabbccddeeff')]
            new = [('Authorization', 'Bearer ffeeddccbbaa99887766554433221100')]
            with RawClient(server, headers=old) as client:
                server.write_home('tokens.txt', 'bot 00112233445566778899aabbccddeeff\n'
                                                'bot ffeeddccbbaa99887766554433221100\n')
                self.assertEqual(reload(server), (0, ''))
                for headers in (old, new):
                    with RawClient(server, headers=headers) as other:
                        self.assertEqual(other.close(), 1000)
                client.text('still here')
                self.assertEqual(client.read_text(), 'still here')


class ShadowToEnforce(unittest.TestCase):
    def refused(self, server):
        """What validate has refused or would have, by the page's query."""
        query = blocks('promql')[0]
        labels = dict(part.split('=', 1) for part in query[query.index('{') + 1:query.index('}')].replace('~', '')
                      .replace('"', '').split(', '))
        return sum(server.metric('sluice_plugin_verdicts_total', **{**labels, 'verdict': verdict})
                   for verdict in labels['verdict'].split('|'))

    def until(self, client, dropped):
        """Sends a message that validate refuses, and one that it does not, until the loop follows the reload: the first
        of them then comes back, or does not."""
        def first_that_comes_back():
            client.text('no JSON')
            client.text('{}')
            read = client.read_text()
            if read == 'no JSON':
                self.assertEqual(client.read_text(), '{}')
            return read
        wait_until(lambda: (first_that_comes_back() == '{}') == dropped, 'the loop has followed the reload')

    def test_decided_by_what_it_would_have_refused(self):
        with instance() as server, RawClient(server) as client:
            was = server.read_configuration()
            server.add_to_pipeline('plugin: validate', 'mode: shadow', 'options: {json: true, action: drop}')
            self.assertEqual(reload(server), (0, ''))
            client.text('no JSON')
            self.assertEqual(client.read_text(), 'no JSON')
            wait_until(lambda: self.refused(server) > 0 or self.until(client, dropped=False), 'it sees messages')
            before = self.refused(server)
            for text in ('{}', 'no JSON', '[1]', '{'):
                client.text(text)
                self.assertEqual(client.read_text(), text, 'nothing is refused in shadow')
            self.assertEqual(self.refused(server), before + 2)
            server.write_home('sluice.yaml', was)
            server.add_to_pipeline('plugin: validate', 'options: {json: true, action: drop}')
            self.assertEqual(reload(server), (0, ''))
            self.until(client, dropped=True)
            server.write_home('sluice.yaml', was)
            self.assertEqual(reload(server), (0, ''), 'the way back')
            self.until(client, dropped=False)
            self.assertEqual(client.close(), 1000)

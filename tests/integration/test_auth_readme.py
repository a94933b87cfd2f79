"""The examples and tables of auth's README are what they say."""

import os
import re
import shutil
import subprocess
import unittest

from harness import (BUILD, ROOT, Certificates, Issuer, RawClient, Refused, Sluice, temporary_folder)
from harness.auth import basic, bearer

with open(os.path.join(ROOT, 'plugins', 'auth', 'README.md')) as readme:
    TEXT = readme.read()
BLOCKS = re.findall(r'```(\w*)\n(.*?)```', TEXT, re.DOTALL)
CONFIGURATIONS = [text for kind, text in BLOCKS if kind == 'yaml']


def block(kind):
    return next(text for found, text in BLOCKS if found == kind)


def rows(text):
    """{option: default} of tables with the columns option, type, default."""
    found = re.findall(r'^\| `(\w+)` \| ([\w ]+) \| (`[^`]*`|none) \|', text, re.MULTILINE)
    return {name: (kind, default) for name, kind, default in found}


class Readme(unittest.TestCase):
    def setUp(self):
        self.folder = temporary_folder()
        self.addCleanup(self.folder.cleanup)

    def write(self, name, text):
        path = os.path.join(self.folder.name, name)
        with open(path, 'w') as out:
            out.write(text)
        os.chmod(path, 0o600)
        return path

    def serve(self, number, *changes, environment=None):
        """A server with an example as it stands, save its port and where other servers are."""
        text = re.sub(r':8\d\d\d\n', ':0\n', CONFIGURATIONS[number])
        for old, new in changes:
            self.assertIn(old, text)
            text = text.replace(old, new)
        plugins = os.path.join(BUILD, 'plugins')
        return Sluice(file=self.write('sluice.yaml', text), environment=environment,
                      arguments=['--set', f'plugins.path=[{plugins}]'])

    def refused(self, server, path, **how):
        with self.assertRaises(Refused) as caught:
            RawClient(server, path, **how)
        self.assertEqual(caught.exception.status, 401)

    def test_tokens_and_passwords(self):
        tokens = block('')
        self.write('tokens.txt', tokens)
        machine = re.search(r'^build-bot (\w+)$', tokens, re.MULTILINE).group(1)
        with self.serve(0) as server:
            for headers in (bearer(machine), bearer('test'), basic('carol', 'her secret'),
                            [('Sec-WebSocket-Protocol', f'bearer, {machine}')]):
                with RawClient(server, headers=headers) as client:
                    self.assertEqual(client.close(), 1000)
            self.refused(server, '/ws', headers=basic('carol', 'his secret'))
            self.refused(server, '/ws')

    def test_an_identity_provider_and_an_http_service(self):
        issuer = Issuer()
        self.addCleanup(issuer.cleanup)
        change = ('https://login.example.com/.well-known/jwks.json', issuer.url + '/jwks')
        claims = {'iss': 'https://login.example.com/', 'aud': 'chat', 'org': {'id': 'blue'}}
        with self.serve(1, change) as server:
            with RawClient(server, headers=bearer(issuer.sign(**claims))) as client:
                client.text('{"renew": "%s"}' % issuer.sign(**claims))
                self.assertIn('"renewed":true', client.read_text())
            self.refused(server, '/ws', headers=bearer(issuer.sign(aud='chat')))
        with self.serve(3, ('http://127.0.0.1:5000', issuer.url)) as server:
            with RawClient(server, headers=bearer('good-one')) as client:
                self.assertEqual(client.close(), 1000)
            self.refused(server, '/ws', headers=bearer('bad'))

    def test_tickets_and_certificates(self):
        certificates = Certificates()
        self.addCleanup(certificates.cleanup)
        for name in ('server.crt', 'server.key', 'ca.crt'):
            shutil.copy(certificates.path(name), self.folder.name)
        made = {}
        exec(block('python'), made)  # the README's own function
        secret = subprocess.run(['openssl', 'rand', '-hex', '32'], capture_output=True, text=True,
                                check=True).stdout.strip()
        tls = certificates.client_context(True)
        with self.serve(2, environment={'TICKET_SECRET': secret}) as server:
            good = made['ticket'](secret, '/app', 'ada', 60)
            with RawClient(server, '/app', headers=bearer(good), tls=tls) as client:
                self.assertEqual(client.close(), 1000)
            other = made['ticket'](secret, '/other', 'ada', 60)
            self.refused(server, '/app', headers=bearer(other), tls=tls)
            with RawClient(server, '/devices', tls=tls) as client:
                self.assertEqual(client.close(), 1000)

    def test_the_tables_have_every_option_with_its_type_and_default(self):
        with open(os.path.join(ROOT, 'docs', 'options', 'auth.md')) as page:
            expected = rows(page.read())
        self.assertEqual(len(expected), 43)
        self.assertEqual(rows(TEXT), expected)

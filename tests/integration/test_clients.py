"""Real clients: Python's websockets, Node's ws and Go's gorilla/websocket."""

import asyncio
import json
import os
import subprocess
import tempfile

import websockets

from harness import (INTEGRATION, Certificates, ServedTest, UpgradeRefused, build_go, connect, endpoint,
                     patience, refused_status, settings)

GO_CLIENT = os.path.join(INTEGRATION, 'go', 'client', 'main.go')

BIG = 300_000


class PythonWebsockets(ServedTest):
    configuration = settings(endpoint('/ws', message={'max_size': '1MiB'}),
                             endpoint('/chat', subprotocols=['v2', 'v1']))

    def run_client(self, client):
        asyncio.run(asyncio.wait_for(client(), patience(20)))

    def connect(self, path='/ws', **how):
        return connect(self.server.url + path, max_size=None, **how)

    def test_both_ways(self):
        async def client():
            async with self.connect() as one, self.connect() as two:
                await one.send('from one')
                self.assertEqual((await one.recv(), await two.recv()), ('from one',) * 2)
                await two.send(b'\x00from two')
                self.assertEqual((await one.recv(), await two.recv()), (b'\x00from two',) * 2)
        self.run_client(client)

    def test_fragments(self):
        async def client():
            async with self.connect() as one:
                await one.send(['grün', 'e ', 'Wiese'])
                self.assertEqual(await one.recv(), 'grüne Wiese')
                await one.send([b'\x00' * 70000] * 3)
                self.assertEqual(await one.recv(), b'\x00' * 210000)
        self.run_client(client)

    def test_compression_is_agreed_on(self):
        async def client():
            for compression, expected in (('deflate', 1), (None, 0)):
                async with self.connect(compression=compression) as one:
                    self.assertEqual(len(one.extensions) if not hasattr(one, 'protocol') else
                                     len(one.protocol.extensions), expected)
                    await one.send('again and ' * 1000)
                    self.assertEqual(await one.recv(), 'again and ' * 1000)
        self.run_client(client)

    def test_ping_and_close(self):
        async def client():
            async with self.connect() as one:
                await (await one.ping(b'are you there?'))
                await one.close(4002, 'enough')
                self.assertEqual(one.close_code, 4002)
        self.run_client(client)

    def test_subprotocol(self):
        async def client():
            async with self.connect('/chat', subprotocols=['v1', 'v2']) as one:
                self.assertEqual(one.subprotocol, 'v1')
        self.run_client(client)

    def test_too_big(self):
        async def client():
            async with self.connect() as one:
                with self.assertRaises(websockets.ConnectionClosed):
                    await one.send('x' * (1 << 21))
                    await one.recv()
                self.assertEqual(one.close_code, 1009)
        self.run_client(client)

    def test_refused_path(self):
        async def client():
            with self.assertRaises(UpgradeRefused) as caught:
                await self.connect('/nowhere')
            self.assertEqual(refused_status(caught.exception), 404)
        self.run_client(client)


class OtherLanguages(ServedTest):
    """Each program runs the same script of checks and prints what it saw as one line of JSON."""

    configuration = settings(endpoint('/ws', message={'max_size': '1MiB'}))
    expected = {'text': 'hello', 'broadcast': 'to all', 'binary': [0, 255, 1],
                'fragments': 'in several pieces', 'big': BIG, 'pong': 'ping payload',
                'close': 4003}

    def check(self, command, url, environment=None):
        done = subprocess.run([*command, url + '/ws'], capture_output=True,
                              timeout=patience(60), env={**os.environ, **(environment or {})})
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        self.assertEqual(json.loads(done.stdout), self.expected)

    def node(self):
        return ['node', os.path.join(INTEGRATION, 'clients', 'node.mjs')]

    def test_node_ws(self):
        self.check(self.node(), self.server.url)

    def test_go_gorilla(self):
        with tempfile.TemporaryDirectory() as folder:
            self.check([build_go(GO_CLIENT, folder)], self.server.url)

    def test_go_gorilla_compressed(self):
        before = self.server.metric('sluice_compressed_messages_total', direction='in')
        with tempfile.TemporaryDirectory() as folder:
            self.check([build_go(GO_CLIENT, folder)], self.server.url, {'COMPRESS': 'yes'})
        self.assertGreater(self.server.metric('sluice_compressed_messages_total', direction='in'), before)


class SecureClients(ServedTest):
    @classmethod
    def setUpClass(cls):
        cls.certificates = Certificates()
        tls = cls.certificates.tls
        cls.configuration = settings(endpoint('/ws', message={'max_size': '1MiB'}),
                                     listen=[{'address': '127.0.0.1:0', 'tls': tls}])
        super().setUpClass()

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        cls.certificates.cleanup()

    expected = OtherLanguages.expected
    check = OtherLanguages.check
    node = OtherLanguages.node

    def test_python_websockets(self):
        async def client():
            async with connect(self.server.url + '/ws',
                               ssl=self.certificates.client_context()) as one:
                await one.send('secret')
                self.assertEqual(await one.recv(), 'secret')
        asyncio.run(asyncio.wait_for(client(), patience(20)))

    def test_node_ws(self):
        self.check(self.node(), self.server.url,
                   {'NODE_EXTRA_CA_CERTS': self.certificates.certificate})

    def test_go_gorilla(self):
        with tempfile.TemporaryDirectory() as folder:
            self.check([build_go(GO_CLIENT, folder)], self.server.url,
                       {'SSL_CERT_FILE': self.certificates.certificate})

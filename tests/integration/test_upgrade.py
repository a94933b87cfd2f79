"""The opening handshake: what is refused, with which status and headers, and what is agreed on."""

from harness import RawClient, Refused, ServedTest, endpoint, http_get, settings

KEY = 'dGhlIHNhbXBsZSBub25jZQ=='
GOOD = {'Upgrade': 'websocket', 'Connection': 'Upgrade', 'Sec-WebSocket-Key': KEY,
        'Sec-WebSocket-Version': '13'}


def upgrade_headers(*more, **changed):
    """The headers of a good upgrade, with some changed (None: left out) and some added."""
    fields = dict(GOOD)
    for name, value in changed.items():
        fields['-'.join({'sec': 'Sec', 'websocket': 'WebSocket'}.get(part, part.capitalize())
                        for part in name.split('_'))] = value
    return [(name, value) for name, value in fields.items() if value is not None] + list(more)


class Refusals(ServedTest):
    configuration = settings(endpoint('/ws'))

    def refuse(self, status, *, target='/ws', headers=(), **how):
        found, fields, body = http_get(self.server, target, headers=headers, **how)
        self.assertEqual(found, status, body)
        return fields, body

    def test_plain_get(self):
        fields, _ = self.refuse(426)
        self.assertEqual(fields.get('upgrade', '').lower(), 'websocket')

    def test_wrong_version(self):
        for version in ('12', '14', '0', 'x'):
            fields, _ = self.refuse(426, headers=upgrade_headers(sec_websocket_version=version))
            self.assertEqual(fields.get('sec-websocket-version'), '13')

    def test_missing_version(self):
        status, _, _ = http_get(self.server,
                                headers=upgrade_headers(sec_websocket_version=None))
        self.assertIn(status, (400, 426))

    def test_missing_key(self):
        self.refuse(400, headers=upgrade_headers(sec_websocket_key=None))

    def test_malformed_keys(self):
        for key in ('', 'short', KEY[:-1], KEY + 'A', '!' * 22 + '==', 'A' * 24):
            with self.subTest(key=key):
                self.refuse(400, headers=upgrade_headers(sec_websocket_key=key))

    def test_two_keys(self):
        self.refuse(400, headers=upgrade_headers(('Sec-WebSocket-Key', KEY)))

    def test_other_upgrade(self):
        self.refuse(400, headers=upgrade_headers(upgrade='h2c'))

    def test_connection_without_upgrade(self):
        self.refuse(400, headers=upgrade_headers(connection='keep-alive'))

    def test_missing_host(self):
        self.refuse(400, headers=upgrade_headers(), host=False)

    def test_other_methods(self):
        for method in ('POST', 'PUT', 'DELETE', 'OPTIONS'):
            with self.subTest(method=method):
                extra = [('Content-Length', '0')] if method in ('POST', 'PUT') else []
                fields, _ = self.refuse(405, method=method, headers=upgrade_headers(*extra))
                self.assertEqual(fields.get('allow'), 'GET')

    def test_unknown_paths(self):
        for target in ('/', '/nowhere', '/ws/', '/wsx', '/WS', '/ws/../ws/x'):
            with self.subTest(target=target):
                self.refuse(404, target=target, headers=upgrade_headers())

    def test_header_that_is_too_large(self):
        headers = upgrade_headers(('X-Filler', 'x' * 40000))
        with RawClient(self.server, upgrade=False) as client:
            try:
                client.upgrade('/ws', headers, b'')
                self.fail('a request head of 40,000 bytes was accepted')
            except Refused as refused:
                self.assertIn(refused.status, (400, 413, 431))
            except Exception as error:
                self.assertIn(type(error).__name__, ('Ended', 'BrokenPipeError',
                                                     'ConnectionResetError'))

    def test_garbage_instead_of_http(self):
        with RawClient(self.server, upgrade=False) as client:
            client.send(b'\x16\x03\x01\x02\x00garbage\r\n\r\n')
            client.read_to_end()
        with RawClient(self.server) as client:
            client.text('still serving')
            self.assertEqual(client.read_text(), 'still serving')


class Agreement(ServedTest):
    configuration = settings(endpoint('/ws'), endpoint('/chat', subprotocols=['v2', 'v1']))

    def test_token_case_and_lists_do_not_matter(self):
        with RawClient(self.server, upgrade=False) as client:
            client.send(('GET /ws HTTP/1.1\r\nhost: localhost\r\nUPGRADE: WebSocket\r\n'
                         'connection: keep-alive, upgrade\r\nsec-websocket-VERSION: 13\r\n'
                         f'sec-websocket-key: {KEY}\r\n\r\n').encode())
            status, fields = client.read_response_head()
            self.assertEqual(status, 101)
            self.assertIn(('sec-websocket-accept', 's3pPLMBiTxaQ9kYGzzhZRbK+xOo='), fields)

    def test_an_unknown_extension_is_not_agreed_on(self):
        offer = [('Sec-WebSocket-Extensions', 'x-webkit-deflate-frame, permessage-bzip2')]
        with RawClient(self.server, headers=offer) as client:
            self.assertNotIn('sec-websocket-extensions', client.response_headers)
            client.text('plain')
            self.assertEqual(client.read_text(), 'plain')

    def test_query_does_not_matter_for_the_path(self):
        with RawClient(self.server, query='?a=1&b=2') as client:
            client.text('hello')
            self.assertEqual(client.read_text(), 'hello')

    def test_encoded_path(self):
        with RawClient(self.server, '/%77s') as client:
            client.text('hello')
            self.assertEqual(client.read_text(), 'hello')

    def test_subprotocol_of_the_clients_choice(self):
        for offered, agreed in (('v1', 'v1'), ('v2', 'v2'), ('v1, v2', 'v1'), ('v3,v2', 'v2')):
            with self.subTest(offered=offered):
                offer = [('Sec-WebSocket-Protocol', offered)]
                with RawClient(self.server, '/chat', headers=offer) as client:
                    self.assertEqual(client.subprotocol, agreed)

    def test_no_common_subprotocol(self):
        offer = [('Sec-WebSocket-Protocol', 'v9')]
        with RawClient(self.server, '/chat', headers=offer) as client:
            self.assertIsNone(client.subprotocol)

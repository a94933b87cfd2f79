"""Who issues tokens: keys and JWTs made by `jose`, and an HTTP server that gives the keys out (or
hangs, lies and dies), and answers auth's questions."""

import http.server
import json
import os
import ssl
import subprocess
import threading
import time

from .server import INTEGRATION

SHARED_SECRET = 'a-secret-that-is-shared-by-tests-' * 2


def who(token):
    """(status, body) that a token of the HTTP service stands for."""
    refusals = {'bad': 401, 'banned': 403, 'broken': 500, 'redirect': 302}
    if token in refusals or token.startswith('bad-'):
        return refusals.get(token, 401), b'{}'
    answer = {'identity': token, 'attributes': {'team': 'blue'}}
    if token.startswith('short'):
        answer['expires_in'] = 2
    elif token.startswith('hour'):
        answer['expires_in'] = 3600
    elif token.startswith('many'):
        answer.update(expires_in=2, attributes={f'a{i}': 'x' for i in range(16)})
    elif token == 'own':
        answer['attributes'] = {'auth.expires': '99999999999'}
    elif token == 'nobody':
        answer['identity'] = ''
    elif token.startswith('answer '):  # what a test wants to be answered
        return 200, token[len('answer '):].encode()
    body = json.dumps(answer).encode()
    lies = {'garbage': b'<html>Sign in</html>', 'list': b'[]', 'huge': b'[' + b' ' * 1000000 + b']',
            'deep': b'[' * 10000, 'twice': b'{"identity": "a", "identity": "b"}'}
    return 200, lies.get(token, body)


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 512

    def handle_error(self, *_):
        pass  # Clients that go away are part of the tests.


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    disable_nagle_algorithm = True
    issuer = None

    def do_GET(self):
        self.issuer.requests.append((self.path, dict(self.headers)))
        self.issuer.peers.append((self.path, self.client_address))
        status, body = self.issuer.answer(self.path, self.headers)
        self.send_response(status)
        if status == 302:
            self.send_header('Location', self.issuer.url + '/elsewhere')
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Issuer:
    """With a certificate and its key, both files, the server speaks TLS as localhost."""

    def __init__(self, certificate=None, key=None):
        self.process = subprocess.Popen(
            ['node', '--no-warnings', os.path.join(INTEGRATION, 'clients', 'issuer.mjs')], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True)
        made = json.loads(self.process.stdout.readline())
        self.jwks, self.tokens, self.special = made['jwks'], made['tokens'], made['special']
        self.claims, self.pem = made['claims'], made['pem']
        self.status, self.body = 200, None  # instead of the keys
        self.let_go = threading.Event()     # cleared: requests for keys hang
        self.who_go = threading.Event()     # cleared: questions hang
        self.let_go.set()
        self.who_go.set()
        self.requests, self.peers = [], []
        self.server = Server(('127.0.0.1', 0), type('Bound', (Handler,), {'issuer': self}))
        self.url = f'http://127.0.0.1:{self.server.server_port}'
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate, key)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True,
                                                     do_handshake_on_connect=False)
            self.url = f'https://localhost:{self.server.server_port}'
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def _ask(self, **wish):
        self.process.stdin.write(json.dumps(wish) + '\n')
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def sign(self, expires_in=3600, kid='key-ES256', alg='ES256', header=None, **claims):
        """A token that is made now; a claim that is None is left out."""
        claims = {**self.claims, 'exp': int(time.time()) + expires_in, **claims}
        claims = {name: value for name, value in claims.items() if value is not None}
        return self._ask(sign=claims, alg=alg, kid=kid, header=header or {})

    def generate(self, kid, alg='ES256'):
        """A new key, which is not given out before it is in jwks: its public half."""
        return self._ask(generate=alg, kid=kid)

    def stage(self, **options):
        """A stage of auth that takes this issuer's JWTs."""
        return {'plugin': 'auth', 'options': {'jwks_url': self.url + '/jwks', 'jwt_audience': ['sluice'],
                                              'jwks_timeout': '30s', **options}}

    def answer(self, path, headers):
        if path == '/jwks':
            self.let_go.wait(30)
            return self.status, (json.dumps(self.jwks).encode() if self.body is None else self.body)
        if path.startswith('/who'):
            self.who_go.wait(30)
            return who(headers['Authorization'].removeprefix('Bearer '))
        return 200, b'{"identity": "eve"}'

    def asked(self, path):
        """How often a path has been asked for."""
        return len([1 for asked, _ in self.requests if asked == path])

    def cleanup(self):
        self.let_go.set()
        self.who_go.set()
        self.server.shutdown()
        self.server.server_close()
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()

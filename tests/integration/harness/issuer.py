"""Who issues tokens: keys and JWTs made by `jose`, and an HTTP server that gives the keys out (or
hangs, lies and dies), and answers auth's questions."""

import http.server
import json
import os
import subprocess
import threading

from .server import INTEGRATION


class Issuer:
    def __init__(self):
        made = subprocess.run(['node', os.path.join(INTEGRATION, 'clients', 'issuer.mjs')],
                              capture_output=True, check=True, timeout=60)
        made = json.loads(made.stdout)
        self.jwks, self.tokens, self.special = made['jwks'], made['tokens'], made['special']
        self.status, self.body = 200, None  # instead of the keys
        self.let_go = threading.Event()     # cleared: requests for keys hang
        self.let_go.set()
        self.requests = []
        issuer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = 'HTTP/1.1'

            def do_GET(self):
                issuer.requests.append((self.path, dict(self.headers)))
                issuer.answer(self)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        self.server.daemon_threads = True
        self.url = f'http://127.0.0.1:{self.server.server_port}'
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, handler):
        status, body = 200, b'{}'
        if handler.path == '/jwks':
            self.let_go.wait(30)
            status = self.status
            body = self.body if self.body is not None else json.dumps(self.jwks).encode()
        elif handler.path == '/who':
            token = handler.headers['Authorization'].removeprefix('Bearer ')
            status = {'banned': 403, 'broken': 500}.get(token, 200 if token.startswith('good') else 401)
            body = json.dumps({'identity': token, 'attributes': {'team': 'blue'}}).encode()
        try:
            handler.send_response(status)
            handler.send_header('Content-Length', str(len(body)))
            handler.end_headers()
            handler.wfile.write(body)
        except OSError:
            pass

    def close(self):
        self.let_go.set()
        self.server.shutdown()
        self.server.server_close()

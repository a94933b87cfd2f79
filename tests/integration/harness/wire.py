"""A WebSocket client on a plain socket that can also do everything wrong."""

import base64
import hashlib
import os
import socket
import struct

from .waiting import patience

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA
UPGRADE_KEY = 'dGhlIHNhbXBsZSBub25jZQ=='  # RFC 6455, section 1.3
GUID = b'258EAFA5-E914-47DA-95CA-C5AB0DC85B11'
READ_SECONDS = 10


class Ended(Exception):
    """The server closed the TCP connection."""


class Refused(Exception):
    """The upgrade was answered with something else than 101."""

    def __init__(self, status, headers, body):
        super().__init__(f'refused with {status}: {body[:200]!r}')
        self.status = status
        self.headers = headers
        self.body = body


def masked(payload, key):
    repeated = (key * (len(payload) // 4 + 1))[:len(payload)]
    number = int.from_bytes(payload, 'big') ^ int.from_bytes(repeated, 'big')
    return number.to_bytes(len(payload), 'big')


def frame(opcode, payload=b'', *, fin=True, rsv=0, mask=True, form=None, announced=None, key=None):
    """The bytes of one frame. `form` (7, 16 or 64) forces a length encoding, `announced` a length
    other than the payload's, `key` the mask."""
    length = len(payload) if announced is None else announced
    form = form or (7 if length < 126 else 16 if length < 65536 else 64)
    bit = 0x80 if mask else 0
    head = bytes([(0x80 if fin else 0) | rsv << 4 | opcode])
    if form == 7:
        head += bytes([bit | length])
    elif form == 16:
        head += bytes([bit | 126]) + struct.pack('>H', length)
    else:
        head += bytes([bit | 127]) + struct.pack('>Q', length)
    if not mask:
        return head + payload
    key = key or os.urandom(4)
    return head + key + (masked(payload, key) if any(key) else payload)


def close_payload(code, reason=b''):
    return struct.pack('>H', code) + reason


def parse_head(head):
    """(status, [(lower-case name, value)...]) of a response head."""
    lines = head.decode('latin-1').split('\r\n')
    fields = [line.split(':', 1) for line in lines[1:] if ':' in line]
    return int(lines[0].split()[1]), [(name.lower(), value.strip()) for name, value in fields]


def upgrade_request(target='/ws', headers=(), key=UPGRADE_KEY):
    """The request that asks for a WebSocket connection."""
    fields = [('Host', 'localhost'), ('Upgrade', 'websocket'), ('Connection', 'Upgrade'),
              ('Sec-WebSocket-Key', key), ('Sec-WebSocket-Version', '13'), *headers]
    lines = ''.join(f'{name}: {value}\r\n' for name, value in fields)
    return f'GET {target} HTTP/1.1\r\n{lines}\r\n'.encode()


class RawClient:
    """One connection. Reading checks that every server frame is well formed."""

    def __init__(self, server, path='/ws', *, headers=(), query='', tls=None, source=None,
                 early=b'', upgrade=True, address=None, receive_buffer=None):
        self.buffer = b''
        self.sent_close = False
        self.subprotocol = None
        self.socket = self._connect(address or ('127.0.0.1', server.port), source, receive_buffer)
        if tls:
            self.socket = tls.wrap_socket(self.socket, server_hostname='localhost')
        if upgrade:
            self.upgrade(path + query, headers, early)

    @staticmethod
    def _connect(address, source, receive_buffer):
        family = socket.AF_INET6 if ':' in address[0] else socket.AF_INET
        sock = socket.socket(family, socket.SOCK_STREAM)
        sock.settimeout(patience(READ_SECONDS))
        if receive_buffer:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        if source:
            sock.bind((source, 0))
        sock.connect(address)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return sock

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    # -- opening

    def upgrade(self, target, headers, early):
        key = base64.b64encode(os.urandom(16))
        self.send(upgrade_request(target, headers, key.decode()) + early)
        status, answered = self.read_response_head()
        if status != 101:
            body = self.read_to_end()
            self.socket.close()
            raise Refused(status, dict(answered), body)
        wanted = base64.b64encode(hashlib.sha1(key + GUID).digest()).decode()
        found = dict(answered)
        assert found.get('sec-websocket-accept') == wanted, answered
        assert found.get('upgrade', '').lower() == 'websocket', answered
        assert found.get('connection', '').lower() == 'upgrade', answered
        self.subprotocol = found.get('sec-websocket-protocol')
        self.response_headers = found

    def read_response_head(self):
        while b'\r\n\r\n' not in self.buffer:
            self._fill()
        head, self.buffer = self.buffer.split(b'\r\n\r\n', 1)
        return parse_head(head)

    # -- writing

    def send(self, data):
        self.socket.sendall(data)

    def send_frame(self, opcode, payload=b'', **how):
        self.sent_close |= opcode == CLOSE
        self.send(frame(opcode, payload, **how))

    def text(self, text):
        self.send_frame(TEXT, text.encode())

    def binary(self, data):
        self.send_frame(BINARY, data)

    def close(self, code=1000, reason=b''):
        """The closing handshake from our side; returns the code that came back."""
        self.send_frame(CLOSE, close_payload(code, reason))
        return self.expect_close()[0]

    def reset(self):
        """Ends the connection with a TCP reset."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
        self.socket.close()

    # -- reading

    def _fill(self):
        try:
            data = self.socket.recv(65536)
        except (ConnectionResetError, BrokenPipeError):
            data = b''
        if not data:
            raise Ended()
        self.buffer += data

    def _take(self, count):
        while len(self.buffer) < count:
            self._fill()
        taken, self.buffer = self.buffer[:count], self.buffer[count:]
        return taken

    def read_to_end(self):
        try:
            while True:
                self._fill()
        except Ended:
            return self.buffer

    def read_frame(self):
        """The next frame: (opcode, payload). Sluice never fragments, so FIN must be set."""
        first, second = self._take(2)
        assert first & 0xF0 == 0x80, f'first byte {first:#x}: FIN without RSV expected'
        assert second & 0x80 == 0, 'a server must not mask'
        length = second
        if second == 126:
            length = struct.unpack('>H', self._take(2))[0]
            assert length >= 126, 'the length must be encoded minimally'
        elif second == 127:
            length = struct.unpack('>Q', self._take(8))[0]
            assert length >= 65536, 'the length must be encoded minimally'
        assert first & 0x8 == 0 or length <= 125, 'control frame longer than 125 bytes'
        return first & 0xF, self._take(length)

    def read_message(self):
        """The next data frame's (opcode, payload); answers pings on the way."""
        while True:
            opcode, payload = self.read_frame()
            if opcode == PING:
                self.send_frame(PONG, payload)
            elif opcode in (TEXT, BINARY):
                return opcode, payload
            elif opcode == CLOSE:
                raise Ended(f'close frame {payload!r}')

    def read_text(self):
        opcode, payload = self.read_message()
        assert opcode == TEXT, f'text expected, got opcode {opcode}'
        return payload.decode()

    def _answer_close(self, payload):
        try:
            self.send_frame(CLOSE, payload)
        except OSError:
            pass  # After a violation the server does not wait for the answer.

    def expect_close(self):
        """Reads up to the close frame, answers it if it was the first, and reads to the end of TCP:
        (code or None, reason)."""
        while True:
            opcode, payload = self.read_frame()
            if opcode == CLOSE:
                break
        if not payload:
            code, reason = None, b''
        else:
            code, reason = struct.unpack('>H', payload[:2])[0], payload[2:]
            reason.decode()
        if not self.sent_close:
            self._answer_close(payload)
        rest = self.read_to_end()
        assert rest == b'', f'the server sent {rest[:40]!r} after its close frame'
        self.socket.close()
        return code, reason


def http_get(server, target='/ws', *, method='GET', headers=(), version='1.1', host=True,
             address=None):
    """A plain HTTP request on a fresh connection: (status, {header: value}, body)."""
    with RawClient(server, upgrade=False, address=address) as client:
        fields = ([('Host', 'localhost')] if host else []) + list(headers)
        lines = ''.join(f'{name}: {value}\r\n' for name, value in fields)
        client.send(f'{method} {target} HTTP/{version}\r\n{lines}\r\n'.encode())
        status, answered = client.read_response_head()
        found = dict(answered)
        if method != 'HEAD' and 'content-length' in found:
            body = client._take(int(found['content-length']))
        else:
            body = client.read_to_end()
        return status, found, body

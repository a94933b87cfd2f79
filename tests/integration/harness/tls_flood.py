"""TLS clients that do what Python's ssl module does not: key updates and renegotiations, with the
bytes in hand, through libssl itself."""

import ctypes
import ctypes.util
import socket

from .waiting import patience

_KEY_UPDATE_NOT_REQUESTED = 0
_CTRL_SET_MIN_PROTO_VERSION = 123
_CTRL_SET_MAX_PROTO_VERSION = 124
_CTRL_SET_GROUPS_LIST = 92
_CTRL_PENDING = 10
VERSIONS = {'1.2': 0x0303, '1.3': 0x0304}


def _library():
    ssl = ctypes.CDLL(ctypes.util.find_library('ssl'))
    crypto = ctypes.CDLL(ctypes.util.find_library('crypto'))
    pointers = {ssl: ('TLS_client_method', 'SSL_CTX_new', 'SSL_new'), crypto: ('BIO_new', 'BIO_s_mem')}
    for library, names in pointers.items():
        for name in names:
            getattr(library, name).restype = ctypes.c_void_p
    crypto.BIO_ctrl.restype = ctypes.c_long
    return ssl, crypto


class TlsClient:
    """A client whose records are made in memory, so that any number of them can be sent at once."""

    def __init__(self, port, version, host='127.0.0.1'):
        self.ssl, self.crypto = _library()
        method = ctypes.c_void_p(self.ssl.TLS_client_method())
        self.context = ctypes.c_void_p(self.ssl.SSL_CTX_new(method))
        for command in (_CTRL_SET_MIN_PROTO_VERSION, _CTRL_SET_MAX_PROTO_VERSION):
            self.ssl.SSL_CTX_ctrl(self.context, command, ctypes.c_long(VERSIONS[version]), None)
        # One key share, so that hellos are alike whatever the library offers by itself.
        self.ssl.SSL_CTX_ctrl(self.context, _CTRL_SET_GROUPS_LIST, ctypes.c_long(0),
                              b'X25519:P-256')
        self.tls = ctypes.c_void_p(self.ssl.SSL_new(self.context))
        self.incoming, self.outgoing = (
            ctypes.c_void_p(self.crypto.BIO_new(ctypes.c_void_p(self.crypto.BIO_s_mem())))
            for _ in range(2))
        self.ssl.SSL_set_bio(self.tls, self.incoming, self.outgoing)
        self.ssl.SSL_set_connect_state(self.tls)
        self.socket = socket.create_connection((host, port))
        self.socket.settimeout(patience(20))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()
        self.ssl.SSL_free(self.tls)
        self.ssl.SSL_CTX_free(self.context)

    def take(self):
        """The bytes that are to be sent."""
        pending = self.crypto.BIO_ctrl(self.outgoing, _CTRL_PENDING, ctypes.c_long(0), None)
        buffer = ctypes.create_string_buffer(max(pending, 1))
        got = self.crypto.BIO_read(self.outgoing, buffer, pending) if pending else 0
        return buffer.raw[:got]

    def feed(self):
        """Takes in what the server has sent; False at its end."""
        data = self.socket.recv(65536)
        self.crypto.BIO_write(self.incoming, data, len(data))
        return bool(data)

    def hello(self):
        """The bytes of the ClientHello."""
        self.ssl.SSL_do_handshake(self.tls)
        return self.take()

    def handshake(self):
        while self.ssl.SSL_do_handshake(self.tls) != 1:
            self.socket.sendall(self.take())
            if not self.feed():
                raise ConnectionError('the server has ended the handshake')
        self.socket.sendall(self.take())
        return self

    def data(self, data):
        """The record of some data."""
        assert self.ssl.SSL_write(self.tls, data, len(data)) == len(data)
        return self.take()

    def key_update(self):
        """The record of a KeyUpdate."""
        assert self.ssl.SSL_key_update(self.tls, _KEY_UPDATE_NOT_REQUESTED) == 1
        assert self.ssl.SSL_do_handshake(self.tls) == 1
        return self.take()

    def renegotiation(self):
        """The record of one more ClientHello."""
        assert self.ssl.SSL_renegotiate(self.tls) == 1
        self.ssl.SSL_do_handshake(self.tls)
        return self.take()

    def read(self):
        """Some data from the server; b'' when the connection has ended."""
        buffer = ctypes.create_string_buffer(65536)
        while True:
            got = self.ssl.SSL_read(self.tls, buffer, 65536)
            if got > 0:
                return buffer.raw[:got]
            try:
                if not self.feed():
                    return b''
            except ConnectionResetError:
                return b''

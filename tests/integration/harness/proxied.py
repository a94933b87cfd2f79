"""A server behind proxies: headers of the PROXY protocol, whom the server trusts, and whom it sees."""

import json
import socket
import struct

from .server import endpoint, settings

SIGNATURE = b'\r\n\r\n\0\r\nQUIT\n'
LOCAL, PROXY = 0x20, 0x21
UNKNOWN, TCP4, TCP6 = 0x00, 0x11, 0x21
PROXY_HEADER_MAX = 2048

PROXY_A = '127.0.0.1'  # both trusted
PROXY_B = '127.0.0.2'
STRANGER = '127.0.0.9'
TRUSTED = ['127.0.0.1/32', '127.0.0.2', '10.0.0.0/8', '2001:db8:1::/48']


def proxied(*endpoints, tls=None, trusted=TRUSTED, **top):
    """The settings of a server that trusts these addresses."""
    listen = {'address': '127.0.0.1:0'}
    if tls:
        listen['tls'] = tls
    return settings(*(endpoints or [endpoint('/ws')]), listen=[listen], trusted_proxies=trusted, **top)


def proxy_header(source='198.51.100.7', port=4711, *, command=PROXY, family=None, behind=None,
                 length=None, extensions=b''):
    """A PROXY header of version 2."""
    kind = socket.AF_INET6 if ':' in source else socket.AF_INET
    destination = '2001:db8::1' if ':' in source else '192.0.2.1'
    if family is None:
        family = TCP6 if ':' in source else TCP4
    if behind is None:
        behind = (socket.inet_pton(kind, source) + socket.inet_pton(kind, destination) +
                  struct.pack('>HH', port, 443))
    behind += extensions
    return SIGNATURE + struct.pack('>BBH', command, family,
                                   len(behind) if length is None else length) + behind


def clients(server):
    """Who is connected: a list of (address, port)."""
    listed = json.loads(server.admin('/api/v1/clients'))['clients']
    return [(client['address'], client['port']) for client in listed]

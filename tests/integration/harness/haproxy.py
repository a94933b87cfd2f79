"""A real proxy in front of the server: haproxy, on a port of its own."""

from .proxy import Proxy
from .server import require

CONFIGURATION = '''
global
    maxconn 1000
defaults
    timeout connect 10s
    timeout client 60s
    timeout server 60s
    timeout tunnel 60s
listen through
    bind fd@{descriptor}{bind}
    mode {mode}
    {more}
    server sluice 127.0.0.1:{port} {server}
'''


class HAProxy(Proxy):
    """Passes connections on to a port."""

    def __init__(self, port, *, mode, more='', server='', bind=''):
        super().__init__()
        self.write(CONFIGURATION.format(descriptor=self.listener.fileno(), mode=mode, more=more,
                                        port=port, server=server, bind=bind))

    def command(self):
        return [require('haproxy'), '-db', '-q', '-f', self.file]

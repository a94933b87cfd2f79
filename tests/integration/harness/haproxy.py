"""A real proxy in front of the server: haproxy, on a port of its own."""

import os
import socket
import subprocess

from .server import require, temporary_folder
from .waiting import patience

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


class HAProxy:
    """Passes connections on to a port; use it in a with statement. Its listening socket is ours, so
    connections wait in it until haproxy is there."""

    def __init__(self, port, *, mode, more='', server='', bind=''):
        self.folder = temporary_folder()
        self.listener = socket.create_server(('127.0.0.1', 0))
        self.address = self.listener.getsockname()
        self.file = os.path.join(self.folder.name, 'haproxy.cfg')
        with open(self.file, 'w') as out:
            out.write(CONFIGURATION.format(descriptor=self.listener.fileno(), mode=mode, more=more,
                                           port=port, server=server, bind=bind))

    def __enter__(self):
        self.process = subprocess.Popen(
            [require('haproxy'), '-db', '-q', '-f', self.file], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            pass_fds=[self.listener.fileno()])
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(patience(10))
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.listener.close()
        self.folder.cleanup()

"""A real proxy, run as a program."""

import os
import socket
import subprocess

from .server import temporary_folder
from .waiting import end_process


class Proxy:
    """Runs a proxy with a configuration; use it in a with statement. Its listening socket is ours, so connections wait
    in it until the program is there."""

    def __init__(self):
        self.folder = temporary_folder()
        self.listener = socket.create_server(('127.0.0.1', 0), backlog=512)
        self.address = self.listener.getsockname()
        self.file = self.path('proxy.cfg')
        self.environment = {}

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def write(self, configuration):
        with open(self.file, 'w') as out:
            out.write(configuration)

    def command(self):
        """The program and its arguments."""
        raise NotImplementedError

    def __enter__(self):
        with open(self.path('said'), 'wb') as said:
            self.process = subprocess.Popen(
                self.command(), stdin=subprocess.DEVNULL, stdout=said, stderr=said,
                env={**os.environ, **self.environment}, pass_fds=[self.listener.fileno()])
        return self

    def __exit__(self, *_):
        end_process(self.process)
        self.listener.close()
        self.folder.cleanup()

    def said(self):
        """What the program has written to its outputs."""
        with open(self.path('said'), errors='replace') as file:
            return file.read()

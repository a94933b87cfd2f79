"""The configurations in docs/operations.md, run as they stand there: only addresses, paths and users are replaced, and
how long the proxies wait for a server, which a busy machine may keep from answering in time."""

import os
import re
import shutil

from .ports import free_port, own_address
from .proxy import Proxy
from .server import BUILD, ROOT, Sluice, require, temporary_folder

FETCHED_NGINX = os.path.join(ROOT, '.deps', 'nginx', 'usr', 'sbin', 'nginx')
HOSTS = '10.0.0.11', '10.0.0.12'  # the page's instances
TOKEN = 'a-token-of-the-tests'


def blocks(language):
    """The blocks of code of one language, in the page's order."""
    with open(os.path.join(ROOT, 'docs', 'operations.md'), encoding='utf-8') as file:
        return re.findall(rf'^ *```{language}\n(.*?)^ *```$', file.read(), re.MULTILINE | re.DOTALL)


def replaced(text, places):
    """The text with each (what stands there, what it becomes) replaced; each has to stand there."""
    for old, new in places:
        if old not in text:
            raise AssertionError(f'docs/operations.md has no {old!r} in:\n{text}')
        text = text.replace(old, new)
    return text


class Instance(Sluice):
    """A server with the page's configuration. It has the same address and ports each time that it is started."""

    def __init__(self, address, port, admin_port, *, tls=None, arguments=()):
        self.address, self.bound_port, self.admin_port = address, port, admin_port
        self.home = temporary_folder()
        self.token = TOKEN
        self.write_home('admin.token', TOKEN)
        self.write_home('sluice.yaml', replaced(blocks('yaml')[0], [
            ('10.0.0.11:8080', f'{address}:{port}'), ('10.0.0.11:9090', f'{address}:{admin_port}'),
            ('/run/sluice', self.home.name), ('10.0.0.2/32', '127.0.0.1/32')]))
        more = ['--set', f'plugins.path=[{BUILD}/plugins]', '--set', 'loops=2']
        if tls:
            more += ['--set', f'listen.0.tls={{certificate: {tls["certificate"]}, key: {tls["key"]}}}']
        super().__init__(file=os.path.join(self.home.name, 'sluice.yaml'), arguments=[*more, *arguments])
        self.has_admin = True

    def write_home(self, name, text):
        """Writes a file beside the configuration that nobody else can read."""
        with open(os.open(os.path.join(self.home.name, name), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600),
                  'w') as out:
            out.write(text)

    def read_configuration(self):
        with open(self.file) as file:
            return file.read()

    def add_to_pipeline(self, *lines):
        """Adds an entry to the pipeline, which is the end of the file."""
        self.write_home('sluice.yaml', f'{self.read_configuration()}      - ' + '\n        '.join(lines) + '\n')

    def start(self):
        self.lines = []  # what it said before it was restarted
        return super().start()

    def admin(self, path, **headers):
        return super().admin(path, Authorization=f'Bearer {self.token}', **headers)


def two_instances(first=(), second=(), **both):
    """Two instances, each with arguments of its own. Their addresses are nobody else's, so no other program takes
    their ports while they are restarted."""
    addresses = own_address(), own_address()
    port, admin_port = free_port(*addresses), free_port(*addresses)
    return [Instance(address, port, admin_port, arguments=arguments, **both)
            for address, arguments in zip(addresses, (first, second))]


class PageHAProxy(Proxy):
    """The page's HAProxy in front of two instances: the first block ends TLS, the second passes it on."""

    def __init__(self, instances, certificates, block=0):
        super().__init__()
        own = self.path('chat.pem')
        with open(own, 'wb') as out:
            for name in (certificates.certificate, certificates.key):
                with open(name, 'rb') as part:
                    shutil.copyfileobj(part, out)
        places = [('bind :443', f'bind fd@{self.listener.fileno()}'), ('port 9090', f'port {instances[0].admin_port}')]
        places += [(f'{host}:{port}', f'{one.address}:{one.bound_port}') for host, one in zip(HOSTS, instances)
                   for port in ([8080] if block == 0 else [8443])]
        # Without a time-out of its own a check that takes longer than a second takes the instance out.
        places += [('timeout connect 2s', 'timeout connect 60s\n    timeout check 60s')]
        if block == 0:
            places += [('/etc/haproxy/chat.pem', own), ('timeout http-request 5s', 'timeout http-request 60s'),
                       ('timeout client 10s', 'timeout client 60s'), ('timeout server 10s', 'timeout server 60s')]
        self.write(replaced(blocks('haproxy')[block], places))

    def command(self):
        return [require('haproxy'), '-db', '-f', self.file]

    def check_command(self):
        """The program's own check of the configuration; warnings count."""
        return [require('haproxy'), '-c', '-dW', '-f', self.file]


class PageNginx(Proxy):
    """The page's nginx in front of two instances."""

    def __init__(self, instances, certificates):
        super().__init__()
        temporary = ' '.join(f'{kind}_temp_path {self.path(kind)};'
                             for kind in ('client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'))
        address, port = self.address
        places = [('user www-data;', 'user root;' if os.geteuid() == 0 else ''),
                  ('http {', f'http {{ access_log off; {temporary}'),
                  ('listen 443 ', f'listen {address}:{port} '),
                  ('proxy_connect_timeout 2s', 'proxy_connect_timeout 60s'),
                  ('proxy_next_upstream_timeout 5s', 'proxy_next_upstream_timeout 60s'),
                  ('/etc/nginx/chat.crt', certificates.certificate), ('/etc/nginx/chat.key', certificates.key)]
        places += [(f'{host}:8080', f'{one.address}:{one.bound_port}') for host, one in zip(HOSTS, instances)]
        self.write(replaced(blocks('nginx')[0], places))
        self.environment = {'NGINX': f'{self.listener.fileno()};'}  # it takes this socket over
        self.listener.setblocking(False)  # or a worker that comes too late for a connection waits for the next

    @staticmethod
    def program():
        """nginx of the system, or the one that scripts/setup has unpacked."""
        path = shutil.which('nginx', path=f'{os.environ["PATH"]}:/usr/local/sbin:/usr/sbin:/sbin')
        path = path or FETCHED_NGINX
        assert os.path.exists(path), 'nginx is not there: scripts/setup --tests fetches it'
        return path

    def command(self):
        return [self.program(), '-p', self.folder.name, '-e', 'stderr', '-c', self.file,
                '-g', f'daemon off; pid {self.path("pid")};']

    def check_command(self):
        """The program's own check of the configuration."""
        return [*self.command(), '-t']

"""The servers that Sluice is compared with."""

import os
import shutil
import tempfile

from servers import HERE, ROOT, BenchError, Server, certificate, free_port, run_quietly
from sluice import Sluice

SOURCES = os.path.join(HERE, 'peers')
INTEGRATION = os.path.join(ROOT, 'tests', 'integration')
BUN = os.path.join(HERE, 'node_modules', '@oven', 'bun-linux-x64', 'bin', 'bun')
NGINX = os.path.join(ROOT, '.deps', 'nginx')


class Bun(Server):
    offers = frozenset({'fanout', 'echo', 'topics', 'tls', 'compress', 'slow'})

    def __init__(self, build):
        super().__init__('bun', build)

    def prepare(self):
        if not os.path.exists(BUN):
            raise BenchError('Bun is not installed: scripts/setup --bench installs it')
        run_quietly([BUN, '--version'])

    def command(self, work):
        return [BUN, os.path.join(SOURCES, 'peer_bun.mjs'), *self.tls_arguments(work)]


class Libwebsockets(Server):
    offers = frozenset({'fanout', 'echo', 'tls', 'compress', 'slow'})

    def __init__(self, build):
        super().__init__('lws', build)

    def prepare(self):
        run_quietly(['cmake', '--build', self.build, '--target', 'peer_lws'])

    def command(self, work):
        return [os.path.join(self.build, 'tests', 'peer_lws'), *self.tls_arguments(work)]


NGINX_CONFIG = """\
load_module {modules}/ngx_nchan_module.so;
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log stderr crit;
events {{ worker_connections 40000; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    nchan_shared_memory_size 256M;
    nchan_message_buffer_length 10000;
    nchan_message_timeout 10s;
    server {{
        listen 127.0.0.1:{port} backlog=1024;
        {tls}
        location /ws {{ nchan_channel_id all; {channel} }}
        location = /topic {{ nchan_channel_id $arg_topic; {channel} }}
    }}
}}
"""


class Nchan(Server):
    """nginx with Nchan: a message goes through shared memory to all subscribers of its channel. There is no echo."""

    offers = frozenset({'fanout', 'topics', 'tls', 'compress', 'slow'})

    def __init__(self, build):
        super().__init__('nchan', build)
        self.folder = tempfile.TemporaryDirectory(prefix='sluice-bench-')

    def prepare(self):
        if not os.path.exists(self.binary()):
            raise BenchError('nginx is not there: scripts/setup --tests fetches it')
        os.chmod(self.folder.name, 0o755)
        self.write_config(free_port(), False, None)
        run_quietly([*self.words(), '-t'])

    def binary(self):
        return os.path.join(NGINX, 'usr', 'sbin', 'nginx')

    def words(self):
        return [self.binary(), '-p', self.folder.name, '-c',
                os.path.join(self.folder.name, 'nginx.conf')]

    def write_config(self, port, compress, tls_port):
        tls = ''
        if tls_port:
            tls = 'listen 127.0.0.1:{} ssl backlog=1024; ssl_certificate {}; ssl_certificate_key {};'
            tls = tls.format(tls_port, *certificate())
        with open(os.path.join(self.folder.name, 'nginx.conf'), 'w') as file:
            file.write(NGINX_CONFIG.format(
                modules=os.path.join(NGINX, 'usr', 'lib', 'nginx', 'modules'),
                folder=self.folder.name, port=port, tls=tls,
                channel='nchan_pubsub websocket; nchan_subscriber_first_message newest; '
                        f'nchan_deflate_message_for_websocket {"on" if compress else "off"};'))

    def command(self, work):
        ports = {'ws': free_port(), 'wss': free_port()}
        self.write_config(ports['ws'], work.compress, ports['wss'] if work.tls else None)
        self.addresses = {scheme: f'127.0.0.1:{port}' for scheme, port in ports.items()}
        return self.words()

    def is_listening(self, work):
        """It does not say so; it has its worker once it listens."""
        return self.process.poll() is None and len(self.processes()) > 1


class Gorilla(Server):
    offers = frozenset({'fanout', 'echo', 'tls', 'compress'})

    def __init__(self, build):
        super().__init__('gorilla', build)

    def prepare(self):
        if not shutil.which('go'):
            raise BenchError('go is not installed')
        environment = dict(os.environ, GO111MODULE='off', GOFLAGS='', GOPATH='/usr/share/gocode')
        run_quietly(['go', 'build', '-o', self.binary(), os.path.join(SOURCES, 'peer_gorilla.go')],
                    environment)

    def binary(self):
        return os.path.join(self.build, 'tests', 'peer_gorilla')

    def command(self, work):
        return [self.binary(), *self.tls_arguments(work)]


class NodeWs(Server):
    offers = frozenset({'fanout', 'echo', 'tls', 'compress'})

    def __init__(self, build):
        super().__init__('ws', build)

    def prepare(self):
        if not shutil.which('node'):
            raise BenchError('node is not installed')
        if not os.path.isdir(os.path.join(INTEGRATION, 'node_modules', 'ws')):
            raise BenchError('ws is not installed: scripts/setup --tests installs it')

    def command(self, work):
        return ['node', os.path.join(SOURCES, 'peer_ws.mjs'), *self.tls_arguments(work)]


class CivetWeb(Server):
    def __init__(self, build):
        super().__init__('civetweb', build)

    def prepare(self):
        run_quietly(['cmake', '--build', self.build, '--target', 'peer_civetweb'])

    def command(self, work):
        return [os.path.join(self.build, 'tests', 'peer_civetweb'), str(work.clients + 64)]


class Bare(Server):
    """No server: what the kernel takes if one only writes."""

    offers = frozenset({'bare'})

    def __init__(self, build):
        super().__init__('bare', build)

    def prepare(self):
        run_quietly(['cmake', '--build', self.build, '--target', 'peer_bare'])

    def command(self, work):
        return [os.path.join(self.build, 'tests', 'peer_bare'), str(work.clients)]


def all_servers(build, settings):
    return [Sluice(build, settings), Bun(build), Libwebsockets(build), Nchan(build), Gorilla(build),
            NodeWs(build), CivetWeb(build), Bare(build)]

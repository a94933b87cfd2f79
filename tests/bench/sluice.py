"""Sluice as the benchmark starts it."""

import os
import tempfile

from servers import BenchError, Server, certificate

CONFIG = """\
listen:
  - address: 127.0.0.1:0
{tls}
loops: 1
front: {{workers: 32}}
limits: {{clients: 100000, clients_per_address: 100000, queue_bytes: 1GiB,
         handshakes_per_address: 0}}
plugins: {{path: ["{build}/plugins", "{build}/tests/bench/plugins"]}}
log: {{level: info, format: text}}
endpoints:
"""

ENDPOINT = """\
  - path: {path}
    heartbeat: {{interval: 1h, timeout: 1h}}
    clients: {{max: 100000, per_address: 100000}}
    compression: {{enabled: {compress}}}
"""

# What the endpoints have beside that.
ENDPOINTS = {
    '/ws': 'queue: {bytes: 16MiB}',
    '/ws-default': 'queue: {bytes: 16MiB}\n'
                   '    pipeline:\n'
                   '      - plugin: rate-limit\n'
                   '        options: {messages: 1000000000/s, burst: 1000000000}\n'
                   '      - plugin: validate',
    '/echo': 'pipeline: [{plugin: echo}]',
    '/topic': 'queue: {bytes: 16MiB}\n'
              '    pipeline: [{plugin: bench-topics}]',
    '/ws-close': 'queue: {bytes: 1MiB}',
    '/ws-drop-oldest': 'queue: {bytes: 1MiB, overflow: drop-oldest}',
}

TLS_LISTENER = """\
  - address: 127.0.0.1:0
    tls: {{certificate: {}, key: {}}}
"""


class Sluice(Server):
    offers = frozenset({'fanout', 'echo', 'topics', 'tls', 'compress', 'slow'})

    def __init__(self, build, settings):
        super().__init__('sluice', build)
        self.settings = settings
        self.folder = tempfile.TemporaryDirectory(prefix='sluice-bench-')

    def prepare(self):
        if not os.path.exists(self.binary()):
            raise BenchError(f'{self.binary()} is missing: build it with scripts/build test')

    def binary(self):
        return os.path.join(self.build, 'sluice')

    def command(self, work):
        config = os.path.join(self.folder.name, 'sluice.yaml')
        compress = 'true' if work.compress else 'false'
        with open(config, 'w') as file:
            file.write(CONFIG.format(
                build=self.build, tls=TLS_LISTENER.format(*certificate()) if work.tls else ''))
            for path, rest in ENDPOINTS.items():
                file.write(ENDPOINT.format(path=path, compress=compress) + f'    {rest}\n')
        words = [self.binary(), 'serve', '-c', config]
        for setting in [*self.settings, *work.settings]:
            words += ['--set', setting]
        return words

"""The servers that the benchmark compares: how each is built, started and stopped."""

import os
import re
import select
import shutil
import signal
import subprocess
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
INTEGRATION = os.path.join(ROOT, 'tests', 'integration')
START_SECONDS = 30
STOP_SECONDS = 20

SLUICE_CONFIG = """\
listen:
  - address: 127.0.0.1:0
front: {{workers: 32}}
limits: {{clients: 100000, clients_per_address: 100000, queue_bytes: 1GiB,
         handshakes_per_address: 0}}
plugins: {{path: ["{plugins}"]}}
log: {{level: info, format: text}}
endpoints:
  - path: /ws
    heartbeat: {{interval: 1h, timeout: 1h}}
    queue: {{bytes: 16MiB}}
    clients: {{max: 100000, per_address: 100000}}
  - path: /ws-default
    heartbeat: {{interval: 1h, timeout: 1h}}
    queue: {{bytes: 16MiB}}
    clients: {{max: 100000, per_address: 100000}}
    pipeline:
      - plugin: rate-limit
        options: {{messages: 1000000000/s, burst: 1000000000}}
      - plugin: validate
  - path: /echo
    heartbeat: {{interval: 1h, timeout: 1h}}
    clients: {{max: 100000, per_address: 100000}}
    pipeline:
      - plugin: echo
"""


class BenchError(Exception):
    """Something that a benchmark needs is missing or does not work."""


class Server:
    """One server: prepared once, started for every measurement on CPU 0."""

    def __init__(self, name, build):
        self.name = name
        self.build = build
        self.process = None
        self.url = None
        self.output = None

    def prepare(self):
        """Builds what is needed; raises BenchError with the reason if it cannot."""

    def command(self, clients):
        raise NotImplementedError

    def start(self, clients):
        """Starts the server for up to `clients` clients and waits until it says its address."""
        self.output = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            self.command(clients), stdin=subprocess.DEVNULL, stdout=self.output,
            stderr=subprocess.STDOUT, preexec_fn=lambda: os.sched_setaffinity(0, {0}))
        deadline = time.monotonic() + START_SECONDS
        while self.url is None:
            found = re.search(rb'ws://127\.0\.0\.1:\d+', self.text())
            if found:
                self.url = found.group().decode()
            elif self.process.poll() is not None or time.monotonic() > deadline:
                text = self.text().decode(errors='replace')[-2000:]
                self.stop()
                raise BenchError(f'{self.name} did not start: {text}')
            else:
                select.select([], [], [], 0.02)

    def text(self):
        return os.pread(self.output.fileno(), 1 << 20, 0)

    def stop(self):
        """Ends the server; one that does not end in time is killed."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.output.close()
        self.url = None


class Sluice(Server):
    def __init__(self, build):
        super().__init__('sluice', build)
        self.folder = None

    def prepare(self):
        binary = os.path.join(self.build, 'sluice')
        if not os.path.exists(binary):
            raise BenchError(f'{binary} is missing: build it with scripts/build test')
        self.folder = tempfile.TemporaryDirectory(prefix='sluice-bench-')
        with open(os.path.join(self.folder.name, 'sluice.yaml'), 'w') as file:
            file.write(SLUICE_CONFIG.format(plugins=os.path.join(self.build, 'plugins')))

    def command(self, clients):
        return [os.path.join(self.build, 'sluice'), 'serve', '-c',
                os.path.join(self.folder.name, 'sluice.yaml')]


class Gorilla(Server):
    def __init__(self, build):
        super().__init__('gorilla', build)

    def prepare(self):
        if not shutil.which('go'):
            raise BenchError('go is not installed')
        environment = dict(os.environ, GO111MODULE='off', GOFLAGS='', GOPATH='/usr/share/gocode')
        run_quietly(['go', 'build', '-o', self.command(0)[0],
                     os.path.join(HERE, 'peer_gorilla.go')], environment)

    def command(self, clients):
        return [os.path.join(self.build, 'tests', 'peer_gorilla')]


class NodeWs(Server):
    def __init__(self, build):
        super().__init__('ws', build)

    def prepare(self):
        if not shutil.which('node'):
            raise BenchError('node is not installed')
        if not os.path.isdir(os.path.join(INTEGRATION, 'node_modules', 'ws')):
            run_quietly(['npm', 'ci', '--no-audit', '--no-fund', '--prefix', INTEGRATION])

    def command(self, clients):
        return ['node', os.path.join(HERE, 'peer_ws.mjs')]


class CivetWeb(Server):
    def __init__(self, build):
        super().__init__('civetweb', build)

    def prepare(self):
        run_quietly(['cmake', '--build', self.build, '--target', 'peer_civetweb'])

    def command(self, clients):
        return [os.path.join(self.build, 'tests', 'peer_civetweb'), str(clients + 64)]


def run_quietly(command, environment=None):
    """Runs a build command; raises BenchError with its output if it fails."""
    try:
        done = subprocess.run(command, env=environment, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT)
    except OSError as error:
        raise BenchError(f'{command[0]}: {error.strerror}') from error
    if done.returncode != 0:
        output = done.stdout.decode(errors='replace')[-2000:]
        raise BenchError(f'{" ".join(command)} failed:\n{output}')


def all_servers(build):
    return [Sluice(build), Gorilla(build), NodeWs(build), CivetWeb(build)]

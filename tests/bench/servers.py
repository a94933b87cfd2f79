"""The servers that the benchmark compares: what they offer, how each is built, started and stopped."""

import os
import re
import resource
import select
import signal
import socket
import subprocess
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
START_SECONDS = 30
STOP_SECONDS = 20


class BenchError(Exception):
    """Something that a benchmark needs is missing or does not work."""


class Work:
    """What a server is started for."""

    def __init__(self, clients, tls=False, compress=False, settings=(), cpus=(0,)):
        self.clients = clients
        self.tls = tls
        self.compress = compress
        self.settings = list(settings)  # Sluice: KEY=VALUE, as with --set
        self.cpus = set(cpus) & os.sched_getaffinity(0)


class Server:
    """One server: prepared once, started anew for every measurement."""

    # What of the scenarios' needs it can do.
    offers = frozenset({'fanout', 'echo'})

    def __init__(self, name, build):
        self.name = name
        self.build = build
        self.process = None
        self.addresses = {}
        self.output = None

    def prepare(self):
        """Builds what is needed; raises BenchError with the reason if it cannot."""

    def command(self, work):
        raise NotImplementedError

    def tls_arguments(self, work):
        """The words of most peers' command lines: --compress, and the certificate."""
        return [*(['--compress'] if work.compress else []), *(certificate() if work.tls else [])]

    def start(self, work):
        """Starts the server and waits until it says its addresses."""
        self.addresses = {}
        self.output = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            self.command(work), stdin=subprocess.DEVNULL, stdout=self.output,
            stderr=subprocess.STDOUT, preexec_fn=lambda: prepare_process(work.cpus))
        deadline = time.monotonic() + START_SECONDS
        while not self.is_listening(work):
            if self.process.poll() is not None or time.monotonic() > deadline:
                text = self.text().decode(errors='replace')[-2000:]
                self.stop()
                raise BenchError(f'{self.name} did not start: {text}')
            select.select([], [], [], 0.02)

    def is_listening(self, work):
        for scheme, address in re.findall(rb'\b(wss?)://(127\.0\.0\.1:\d+)', self.text()):
            self.addresses[scheme.decode()] = address.decode()
        return ('wss' if work.tls else 'ws') in self.addresses

    def url(self, work, path):
        scheme = 'wss' if work.tls else 'ws'
        return f'{scheme}://{self.addresses[scheme]}{path}'

    def processes(self):
        """The process ids of the server and all its children."""
        found = [self.process.pid]
        for pid in found:
            try:
                with open(f'/proc/{pid}/task/{pid}/children') as file:
                    found += [int(word) for word in file.read().split()]
            except OSError:
                pass
        return found

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
        self.process = None


def prepare_process(cpus):
    """Where a server runs, with as many descriptors as it may have."""
    os.sched_setaffinity(0, cpus)
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


_certificate = None


def certificate():
    """[certificate, key] of files that all servers use: ECDSA with P-256, made once a run."""
    global _certificate
    if _certificate is None:
        _certificate = tempfile.TemporaryDirectory(prefix='sluice-bench-')
        run_quietly(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt',
                     'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj', '/CN=localhost',
                     '-keyout', os.path.join(_certificate.name, 'key.pem'),
                     '-out', os.path.join(_certificate.name, 'certificate.pem')])
    return [os.path.join(_certificate.name, name) for name in ('certificate.pem', 'key.pem')]


def free_port():
    """A port of the loopback address that nobody listens on, for a server that cannot choose one."""
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]


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

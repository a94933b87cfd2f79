"""What the benchmark measures, and how one measurement of each is made."""

import json
import os
import subprocess
import tempfile
import time

from servers import BenchError

LOAD_TIMEOUT = 180
WARM_CLIENTS = 100


class Scenario:
    """One kind of work. `goals` maps a server's name to the least ratio sluice/server wanted."""

    def __init__(self, name, title, unit, goals=None, quick=True):
        self.name = name
        self.title = title
        self.unit = unit
        self.goals = goals or {}
        self.quick = quick

    def clients(self):
        raise NotImplementedError

    def variants(self):
        """Paths that sluice is measured on besides the usual one, as {label: path}."""
        return {}

    def path(self):
        return '/ws'

    def measure(self, load, server, path, seconds):
        """One figure for a running server."""
        raise NotImplementedError


class Traffic(Scenario):
    """Fan-out or echo: messages a second."""

    def __init__(self, name, title, mode, clients, window, payload=64, senders=1, default=False,
                 compress=False, **rest):
        super().__init__(name, title, 'messages/s', **rest)
        self.mode = mode
        self.default = default
        self.count = clients
        self.arguments = ['--clients', str(clients), '--window', str(window),
                          '--payload', str(payload), '--senders', str(senders),
                          *(['--compress'] if compress else [])]

    def clients(self):
        return self.count

    def path(self):
        return '/echo' if self.mode == 'echo' else '/ws'

    def variants(self):
        return {'sluice+pipeline': '/ws-default'} if self.default else {}

    def measure(self, load, server, path, seconds):
        result = run_load(load, [self.mode, server.url + path, *self.arguments,
                                 '--seconds', str(seconds), '--warm-up', '1'])
        if result['lost']:
            raise BenchError(f'{server.name} closed {result["lost"]} clients in {self.name}')
        return result['per_second']


class Upgrades(Scenario):
    """Handshakes a second."""

    def __init__(self):
        super().__init__('upgrades', 'upgrades, 64 at once', 'upgrades/s')

    def clients(self):
        return 64

    def measure(self, load, server, path, seconds):
        result = run_load(load, ['upgrades', server.url + path, '--clients', '64',
                                 '--seconds', str(seconds), '--warm-up', '1'])
        return result['per_second']


class IdleMemory(Scenario):
    """User memory of an idle client: what the process holds more of after they connected."""

    maximum = 700

    def __init__(self, clients):
        super().__init__('idle', f'user memory of an idle client, {clients:,} clients',
                         'bytes, less is better')
        self.count = clients
        self.connected = {}

    def clients(self):
        return self.count

    def measure(self, load, server, path, seconds):
        # What only the first clients cost (code touched, pools set up) is not counted.
        with Held(load, server.url + path, WARM_CLIENTS):
            pass
        before = private_bytes(server.process.pid)
        with Held(load, server.url + path, self.count) as held:
            self.connected[server.name] = held.connected
            return (settled_bytes(server.process.pid) - before) / held.connected


class Held:
    """Idle connections, held while the block runs."""

    def __init__(self, load, url, clients):
        self.command = [*load, 'idle', url, '--clients', str(clients)]

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, preexec_fn=pin_load)
        line = self.process.stdout.readline()
        if not line:
            self.process.wait()
            raise BenchError('the load generator could not connect all clients')
        self.connected = json.loads(line)['connected']
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait(LOAD_TIMEOUT)


def all_scenarios(quick):
    clients = 10000
    scenarios = [
        Traffic('fanout-1', 'fan-out to 1,000, 1 in flight', 'fanout', 1000, 1, default=True,
                goals={'gorilla': 1.3}),
        Traffic('fanout-16', 'fan-out to 1,000, 16 in flight', 'fanout', 1000, 16, default=True,
                goals={'gorilla': 10}),
        Traffic('fanout-128', 'fan-out to 1,000, 128 in flight', 'fanout', 1000, 128, quick=False),
        Traffic('fanout-1k', 'fan-out to 1,000, 1 KiB, 16 in flight', 'fanout', 1000, 16,
                payload=1024, quick=False),
        Traffic('fanout-1k-compressed', 'compressed fan-out to 1,000, 1 KiB, 16 in flight', 'fanout', 1000, 16,
                payload=1024, compress=True, quick=False),
        Traffic('fanout-10', '10 senders to 100, 16 in flight', 'fanout', 100, 16, senders=10,
                quick=False),
        Traffic('fanout-10000', 'fan-out to 10,000, 16 in flight', 'fanout', clients, 16,
                quick=False),
        Traffic('echo-1', 'echo, 100 clients, 1 in flight', 'echo', 100, 1,
                goals={'gorilla': 1.5}),
        Traffic('echo-16', 'echo, 100 clients, 16 in flight', 'echo', 100, 16,
                goals={'gorilla': 1.5}),
        Traffic('echo-1k-compressed', 'compressed echo, 100 clients, 1 KiB, 1 in flight', 'echo', 100, 1,
                payload=1024, compress=True, quick=False),
        Traffic('echo-4k', 'echo, 100 clients, 4 KiB, 1 in flight', 'echo', 100, 1, payload=4096,
                goals={'gorilla': 1.5}, quick=False),
        IdleMemory(clients),
        Upgrades(),
    ]
    return [s for s in scenarios if s.quick or not quick]


def pin_load():
    """The load generator runs on CPU 1 (on the only CPU if there is one)."""
    os.sched_setaffinity(0, {1} if os.cpu_count() > 1 else {0})


def run_load(load, arguments):
    done = subprocess.run([*load, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          timeout=LOAD_TIMEOUT, preexec_fn=pin_load)
    if done.returncode != 0:
        raise BenchError(done.stderr.decode(errors='replace').strip())
    return json.loads(done.stdout)


def private_bytes(pid):
    """Written memory that is the process's own: heap, stacks, data. No shared code, no kernel."""
    with open(f'/proc/{pid}/smaps_rollup') as file:
        for line in file:
            if line.startswith('Private_Dirty:'):
                return int(line.split()[1]) * 1024
    raise BenchError('no Private_Dirty in smaps_rollup')


def settled_bytes(pid):
    """Memory once it has stopped moving (a collector may still be at work), at most 10 seconds."""
    last = private_bytes(pid)
    for _ in range(20):
        time.sleep(0.5)
        now = private_bytes(pid)
        if abs(now - last) < 64 * 1024:
            return now
        last = now
    return last


def count_syscalls(load, server, scenario, path, seconds):
    """System calls for one delivered message, while strace watches (which slows everything, but
    evenly). Both rates are taken over the same steady run."""
    with tempfile.NamedTemporaryFile('r', prefix='sluice-bench-') as report:
        traffic = subprocess.Popen(
            [*load, scenario.mode, server.url + path, *scenario.arguments,
             '--seconds', str(seconds), '--warm-up', '2'],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=pin_load)
        traffic.stderr.readline()  # "... clients are connected"
        strace = subprocess.Popen(['strace', '-c', '-f', '-o', report.name, '-p',
                                   str(server.process.pid)], stderr=subprocess.PIPE)
        strace.stderr.readline()  # "strace: Process 1 attached"
        begin = time.monotonic()
        result, _ = traffic.communicate(timeout=LOAD_TIMEOUT)
        strace.send_signal(2)
        elapsed = time.monotonic() - begin
        strace.communicate(timeout=LOAD_TIMEOUT)
        total = [line.split() for line in report.read().splitlines() if line.endswith('total')]
    if not total or not result:
        raise BenchError('strace could not watch the server')
    # Columns: % time, seconds, usecs/call (newer strace only), calls, errors (if any), "total".
    numbers = [int(field) for field in total[0][2:-1] if field.isdigit()]
    calls = max(numbers)
    return calls / elapsed / json.loads(result)['per_second']

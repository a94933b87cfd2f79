"""How one measurement is made: the load generator, memory, system calls."""

import json
import os
import subprocess
import tempfile
import time

from servers import BenchError

LOAD_TIMEOUT = 180


def pin_load(cpus=None):
    """The load generator runs on CPU 1 (on the only CPU if there is one), or where a scenario says."""
    os.sched_setaffinity(0, cpus or ({1} if os.cpu_count() > 1 else {0}))


def run_load(load, words, server, cpus=None):
    """What the load generator says, with the CPU time of the server's processes."""
    words = [*words, *(word for pid in server.processes() for word in ('--cpu-of', str(pid)))]
    done = subprocess.run([*load, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          timeout=LOAD_TIMEOUT, preexec_fn=lambda: pin_load(cpus))
    if done.returncode != 0:
        raise BenchError(done.stderr.decode(errors='replace').strip())
    return json.loads(done.stdout)


class Held:
    """Idle connections, held while the block runs."""

    def __init__(self, load, url, clients, words=()):
        self.command = [*load, 'idle', url, '--clients', str(clients), *words]

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


def private_bytes(server):
    """Written memory that is the server's own: heap, stacks, data. No shared code, no kernel."""
    total = 0
    for pid in server.processes():
        with open(f'/proc/{pid}/smaps_rollup') as file:
            total += sum(int(line.split()[1]) * 1024 for line in file
                         if line.startswith('Private_Dirty:'))
    return total


def settled_bytes(server):
    """Memory once it has stopped moving (a collector may still be at work), at most 10 seconds."""
    last = private_bytes(server)
    for _ in range(20):
        time.sleep(0.5)
        now = private_bytes(server)
        if abs(now - last) < 64 * 1024:
            return now
        last = now
    return last


def count_syscalls(load, server, words, seconds):
    """System calls for one delivered message, while strace watches (which slows everything, but
    evenly). Both rates are taken over the same steady run."""
    with tempfile.NamedTemporaryFile('r', prefix='sluice-bench-') as report:
        traffic = subprocess.Popen([*load, *words, '--seconds', str(seconds), '--warm-up', '2'],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   preexec_fn=pin_load)
        traffic.stderr.readline()  # "... clients are connected"
        watched = [word for pid in server.processes() for word in ('-p', str(pid))]
        strace = subprocess.Popen(['strace', '-c', '-f', '-o', report.name, *watched],
                                  stderr=subprocess.PIPE)
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

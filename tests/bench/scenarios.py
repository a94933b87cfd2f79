"""What the benchmark measures. A measurement is a dictionary:

rate      messages or upgrades a second
cpu       microseconds of CPU time that the server used for each of them
p50, p99  microseconds from sending to receiving
bytes     memory of a client
memory    MiB that the server has grown by
load      how busy the load generator was, 0 to 1
"""

from measure import Held, private_bytes, run_load, settled_bytes
from servers import BenchError, Work

ALL_CPUS = (0, 1)


def span(seconds):
    """The load generator's words for how long is measured, after a warm-up of half of that, a second at most."""
    return ['--seconds', str(seconds), '--warm-up', str(min(1, seconds / 2))]


class Scenario:
    """One kind of work. `peer_goals` are the least rate and the most CPU time beside Bun; `needs` is what a server
    must offer; `variants` are further ways to run Sluice: {label: (path, settings)}."""

    def __init__(self, name, title, path='/ws', clients=1000, needs='fanout', tls=False, compress=False, cpus=(0,),
                 peer_goals=None, variants=None, only=None, quick=False):
        self.name = name
        self.title = title
        self.path = path
        self.clients = clients
        self.needs = {needs} | ({'tls'} if tls else set()) | ({'compress'} if compress else set())
        self.tls = tls
        self.compress = compress
        self.cpus = cpus
        self.peer_goals = peer_goals
        self.variants = variants or {}
        self.only = only
        self.quick = quick

    def work(self, settings=()):
        return Work(self.clients, self.tls, self.compress, settings, self.cpus)

    def suits(self, server):
        return self.needs <= server.offers and (self.only is None or server.name in self.only)

    def contenders(self, servers):
        """[(label, server, path, settings)] of all that is measured."""
        found = []
        for server in servers:
            if self.suits(server):
                found.append((server.name, server, self.path, ()))
            if server.name == 'sluice':
                found += [(label, server, path or self.path, settings)
                          for label, (path, settings) in self.variants.items()]
        return found

    def measure(self, load, server, url, seconds):
        raise NotImplementedError


class Traffic(Scenario):
    """Fan-out, echo and topics: deliveries a second, or how long they take at a fixed rate."""

    def __init__(self, name, title, mode='fanout', window=1, payload=64, senders=1, topics=0, slow=0, rate=0,
                 bare=False, **rest):
        super().__init__(name, title, **rest)
        self.mode = mode
        self.bare = bare
        self.slow = slow
        self.arguments = ['--clients', str(self.clients), '--window', str(window),
                          '--payload', str(payload), '--slow', str(slow),
                          *(['--topics', str(topics)] if topics else []),
                          *(['--rate', str(rate)] if rate else []),
                          *(['--compress'] if self.compress else [])]
        self.senders = str(senders)

    def suits(self, server):
        return super().suits(server) or (self.bare and server.name == 'bare')

    def words(self, server, url):
        return [self.mode, url, *self.arguments,
                '--senders', '0' if server.name == 'bare' else self.senders]

    def measure(self, load, server, url, seconds):
        before = private_bytes(server) if self.slow else 0
        result = run_load(load, [*self.words(server, url), *span(seconds)], server,
                          set(self.cpus) if len(self.cpus) > 1 else None)
        if result['lost']:
            raise BenchError(f'{server.name} closed {result["lost"]} clients in {self.name}')
        if self.compress and result['compressed'] < result['messages'] / 2:
            raise BenchError(f'{server.name} does not compress')
        figures = {'rate': result['per_second'], 'cpu': result.get('cpu_us'), 'load': result['load_cpu']}
        if self.mode == 'latency':
            figures.update(p50=result['p50_us'], p99=result['p99_us'])
        if self.compress:
            figures['payload'] = result['bytes'] / max(result['messages'], 1)
        if self.slow:
            figures['memory'] = (private_bytes(server) - before) / 2**20
        return figures


class Upgrades(Scenario):
    """Handshakes a second: 64 connections that open, close properly and open anew."""

    def __init__(self, name, title, resume=False, **rest):
        super().__init__(name, title, clients=64, **rest)
        self.resume = resume

    def measure(self, load, server, url, seconds):
        result = run_load(load, ['upgrades', url, '--clients', str(self.clients), *span(seconds),
                                 *(['--resume'] if self.resume else [])], server)
        if self.resume and result['resumed'] < result['upgrades'] * 0.9:
            raise BenchError(f'{server.name} does not resume sessions')
        return {'rate': result['per_second'], 'cpu': result['cpu_us'], 'load': result['load_cpu']}


class IdleMemory(Scenario):
    """User memory of an idle client: what the server holds more of after the second half of them connected."""

    def __init__(self, name, title, maximum, clients=10000, **rest):
        super().__init__(name, title, clients=clients, **rest)
        self.maximum = maximum

    def measure(self, load, server, url, seconds):
        words = ['--compress'] if self.compress else []
        # What only the first clients cost (code touched, pools set up) is not counted.
        with Held(load, url, self.clients // 2, words):
            before = settled_bytes(server)
            with Held(load, url, self.clients // 2, words) as held:
                return {'bytes': (settled_bytes(server) - before) / held.connected}


def traffic_scenarios():
    pipeline = {'sluice+pipeline': ('/ws-default', ())}
    return [
        Traffic('fanout-1', 'fan-out to 1,000, 1 in flight', peer_goals=(1.05, 0.9), variants=pipeline, bare=True,
                quick=True),
        Traffic('fanout-16', 'fan-out to 1,000, 16 in flight', window=16, peer_goals=(1.3, 0.8),
                variants=pipeline, quick=True),
        Traffic('fanout-128', 'fan-out to 1,000, 128 in flight', window=128, peer_goals=(15, 0.1)),
        Traffic('fanout-1k', 'fan-out to 1,000, 1 KiB, 16 in flight', window=16, payload=1024,
                peer_goals=(1.4, 0.65)),
        Traffic('fanout-10', '10 senders to 100, 16 in flight', window=16, senders=10, clients=100),
        Traffic('fanout-10000', 'fan-out to 10,000, 16 in flight', window=16, clients=10000,
                peer_goals=(1.3, 0.8)),
        Traffic('fanout-1k-compressed', 'compressed fan-out to 1,000, 1 KiB of JSON, 16 in flight', window=16,
                payload=1024, compress=True, peer_goals=(2, 0.5), quick=True),
        Traffic('fanout-16-tls', 'TLS fan-out to 1,000, 16 in flight', window=16, tls=True, peer_goals=(1.2, 0.8),
                quick=True),
        Traffic('topics-1000', '1,000 topics of 10, a sender each, 16 in flight', path='/topic', needs='topics',
                clients=10000, topics=1000, senders=1000, window=16, peer_goals=(1.3, 0.8)),
        Traffic('topics-10', '10 topics of 1,000, a sender each, 16 in flight', path='/topic', needs='topics',
                clients=10000, topics=10, senders=10, window=16, peer_goals=(1.3, 0.8)),
        Traffic('echo-1', 'echo, 100 clients, 1 in flight', mode='echo', path='/echo', needs='echo', clients=100,
                peer_goals=(1.1, 0.95), quick=True),
        Traffic('echo-16', 'echo, 100 clients, 16 in flight', mode='echo', path='/echo', needs='echo', clients=100,
                window=16, peer_goals=(1.1, 0.95), quick=True),
        Traffic('echo-4k', 'echo, 100 clients, 4 KiB, 1 in flight', mode='echo', path='/echo', needs='echo',
                clients=100, payload=4096, peer_goals=(1.0, 1.0)),
        Traffic('echo-1k-compressed', 'compressed echo, 100 clients, 1 KiB, 1 in flight', mode='echo', path='/echo',
                needs='echo', clients=100, payload=1024, compress=True),
        Traffic('slow', 'fan-out to 1,000 of whom 50 do not read, 16 in flight', window=16, slow=50, needs='slow',
                path='/ws-close', variants={'sluice+drop-oldest': ('/ws-drop-oldest', ())}),
        Traffic('latency-40', '40 messages a second to 1,000', mode='latency', rate=40, quick=True),
        Traffic('latency-1000', '10 senders of 100 messages a second to 1,000', mode='latency', rate=100, senders=10,
                only=('sluice', 'bun')),
        Traffic('latency-10000', '10 senders of 1,000 messages a second to 1,000', mode='latency', rate=1000,
                senders=10, only=('sluice', 'bun')),
    ]


def loop_scenarios():
    """Sluice alone, on both CPUs, which it shares with the load generator."""
    counts = {f'{count} loops': (None, (f'loops={count}',)) for count in (2, 4, 8)}
    return [
        Traffic('loops-1', 'fan-out to 1,000, 1 in flight, 1 to 8 loops', cpus=ALL_CPUS, only=('sluice',),
                variants=counts),
        Traffic('loops-16', 'fan-out to 1,000, 16 in flight, 1 to 8 loops', window=16, cpus=ALL_CPUS,
                only=('sluice',), variants=counts),
    ]


def all_scenarios(quick):
    scenarios = [
        *traffic_scenarios(),
        *loop_scenarios(),
        IdleMemory('idle', 'user memory of an idle client', 460, quick=True),
        IdleMemory('idle-compressed', 'the same, with permessage-deflate', 480, compress=True),
        IdleMemory('idle-tls', 'the same, with TLS', 12288, tls=True),
        Upgrades('upgrades', 'upgrades, 64 at once', quick=True),
        Upgrades('upgrades-tls', 'upgrades with TLS', tls=True),
        Upgrades('upgrades-resumed', 'upgrades with TLS, resumed', tls=True, resume=True),
    ]
    return [s for s in scenarios if s.quick or not quick]

"""Events between plugins in a running server: directory emits who joins and leaves, and whisper announces it."""

import threading
import unittest

from harness import RawClient, Sluice, endpoint, settings
from harness.loops import OnEachNumberOfLoops

NAMES = [f'n{number}' for number in range(24)]


def announcing(announce=True, **top):
    pipeline = [{'plugin': 'directory'}, {'plugin': 'whisper', 'options': {'announce': announce}}]
    return settings(endpoint('/ws', pipeline), **top)


class Announce(OnEachNumberOfLoops, unittest.TestCase):
    def open(self, server, query=''):
        client = RawClient(server, query=query)
        self.addCleanup(client.socket.close)
        return client

    def at_once(self, run, arguments):
        """run(argument) for all of them, each in a thread of its own; what they return."""
        results = [None] * len(arguments)

        def keep(index, argument):
            results[index] = run(argument)
        threads = [threading.Thread(target=keep, args=each, daemon=True) for each in enumerate(arguments)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertNotIn(None, results)
        return results

    def read_the_same(self, clients, count):
        """The next texts, which are the same for all."""
        seen = [[client.read_text() for _ in range(count)] for client in clients]
        for texts in seen:
            self.assertEqual(texts, seen[0])
        return seen[0]

    def join(self, server, name):
        client = self.open(server, query=f'?name={name}')
        client.text(f'hello of {name}')
        return client

    def check(self, loops):
        with Sluice(announcing(loops=loops)) as server:
            watchers = [self.open(server) for _ in range(max(2, 2 * loops))]
            server.wait_for_metric(len(watchers), 'sluice_clients')
            joined = self.at_once(lambda name: self.join(server, name), NAMES)
            texts = self.read_the_same(watchers, 2 * len(NAMES))
            self.assertEqual(sorted(texts), sorted([f'{name} joins' for name in NAMES] + [f'hello of {name}' for name in NAMES]))
            for name in NAMES:
                self.assertLess(texts.index(f'{name} joins'), texts.index(f'hello of {name}'), 'nobody speaks before joining')
            self.assertEqual(server.metric('sluice_plugin_events_total', plugin='whisper'), len(NAMES))
            # What hears stays over a reload, and names that go while it happens are announced, too.
            leaving = threading.Thread(target=lambda: [client.socket.close() for client in joined], daemon=True)
            leaving.start()
            server.reload(announcing(loops=loops, demo_page=True))
            leaving.join()
            texts = self.read_the_same(watchers, len(NAMES))
            self.assertEqual(sorted(texts), sorted(f'{name} leaves' for name in NAMES))
            self.assertEqual(server.metric('sluice_plugin_events_total', plugin='whisper'), 2 * len(NAMES))
            # Without a listener nobody is told.
            server.reload(announcing(False, loops=loops, demo_page=True))
            self.join(server, 'late')
            self.assertEqual(self.read_the_same(watchers, 1), ['hello of late'])


if __name__ == '__main__':
    unittest.main()

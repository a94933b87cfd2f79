"""Topics as plugins see them: they are asked about subscriptions and about what is published, and can list what there is."""

import threading
import unittest

from harness import RawClient, ServedTest, Sluice, endpoint, settings, wait_until

REFUSED = '-3'


def ask(client, text):
    client.text(text)
    return client.read_text()


def asked(stamp='', **more):
    return {'plugin': 'asked', 'options': {'stamp': stamp, **more}}


class Asked(ServedTest):
    configuration = settings(endpoint('/ws', [{'plugin': 'probe'}, asked('!')]),
                             endpoint('/watched', [{'plugin': 'probe'}, {**asked('!'), 'mode': 'shadow'}]),
                             endpoint('/nested', [{'plugin': 'probe'}, asked(nested=True)]),
                             endpoint('/none', [{'plugin': 'probe'}]))

    def test_a_subscription_is_refused(self):
        with RawClient(self.server) as client:
            self.assertEqual(ask(client, 'subscribe news'), '0')
            self.assertEqual(ask(client, 'subscribe north'), REFUSED)
            self.assertEqual(ask(client, 'topics'), 'topics news')

    def test_what_is_published_is_stamped_or_refused(self):
        with RawClient(self.server) as client, RawClient(self.server) as other:
            self.assertEqual(ask(client, 'subscribe news'), '0')
            self.assertEqual(ask(other, 'publish news nothing'), REFUSED)
            self.assertEqual(ask(other, 'publish news hello'), '0')
            self.assertEqual(client.read_text(), 'hello!')
            other.text('topic news from the pipeline')
            self.assertEqual(client.read_text(), 'topic news from the pipeline!')

    def test_what_only_watches_changes_nothing(self):
        with RawClient(self.server, '/watched') as client:
            self.assertEqual(ask(client, 'subscribe north'), '0')
            client.text('publish north nothing')
            self.assertEqual({client.read_text(), client.read_text()}, {'0', 'nothing'})
            self.server.wait_for_log("would have decided 'deny'")

    def test_a_hook_does_not_run_inside_of_itself(self):
        with RawClient(self.server, '/nested') as client:
            self.assertEqual(ask(client, 'subscribe news'), '0')
            self.server.wait_for_log(f'nested: {REFUSED} 0')
            client.text('publish news hello')
            self.assertEqual({client.read_text(), client.read_text()}, {'0', 'hello'})
            self.server.wait_for_log(f'nested: {REFUSED} -1 1')

    def test_topics_may_be_left_while_they_are_listed(self):
        names = {f'topic-{number}' for number in range(40)}
        with RawClient(self.server, '/none', query='?name=lister') as client:
            for name in names:
                self.assertEqual(ask(client, f'subscribe {name}'), '0')
            first, *listed = ask(client, 'topics').split()
            self.assertEqual((first, set(listed), len(listed)), ('topics', names, len(names)))
            self.assertEqual(set(ask(client, 'topics leave').split()[1:]), names)
            self.assertEqual(ask(client, 'topics'), 'topics')

    def test_lists_come_in_pages(self):
        with Sluice(settings(endpoint('/ws', [{'plugin': 'probe'}]), endpoint('/other', [{'plugin': 'probe'}]),
                             loops=3)) as server:
            clients = [RawClient(server, query='?name=ann' if number % 2 else '') for number in range(9)]
            others = [RawClient(server, '/other', query='?name=ann') for _ in range(3)]
            ids = [ask(client, 'who').split()[0] for client in clients]
            for query, expected in (('list', ids), ('list ann', ids[1::2]), ('list bob', [])):
                first, *listed = ask(clients[0], query).split()
                self.assertEqual((first, sorted(listed)), ('clients', sorted(expected)))
            clients[1].close()
            wait_until(lambda: sorted(ask(clients[0], 'list ann').split()[1:]) == sorted(ids[3::2]), 'one less')
            for client in clients + others:
                client.socket.close()


class FromThreads(unittest.TestCase):
    """A plugin's own threads publish under its lock, while reloads exchange the options of those that are asked."""

    NUMBERS = 600  # each third goes to the topic

    def test_order_is_kept_and_each_is_stamped(self):
        def configuration(turn):
            return settings(endpoint('/ws', [{'plugin': 'numbered'}, asked(f' {turn}')],
                                     queue={'bytes': '64MiB'}), loops=2)

        with Sluice(configuration(0)) as server, RawClient(server) as client, RawClient(server) as other:
            client.text('id')
            number = client.read_text()
            client.text('join')
            self.assertEqual(client.read_text(), 'joined 0')
            other.text(f'thread {self.NUMBERS} {number}')
            client.text(f'thread {self.NUMBERS} {number}')
            reloads = threading.Thread(target=lambda: [server.reload(configuration(turn)) for turn in range(1, 4)])
            reloads.start()
            found = []
            while len(found) < self.NUMBERS * 2:
                text = client.read_text()
                kind, count, *stamp = text.split()
                found.append(int(count))
                self.assertEqual(len(stamp), kind == 'topic', text)
            reloads.join()
            self.assertEqual(found, list(range(1, self.NUMBERS * 2 + 1)))

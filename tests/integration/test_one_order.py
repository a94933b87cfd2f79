"""All clients of an endpoint, on whichever loop, see what is published in one order."""

import threading
import unittest

from harness import RawClient, Sluice, endpoint, settings
from harness.loops import OnEachNumberOfLoops

CLIENTS = 4
ROUNDS = 40  # commands of each client
EACH = 30    # numbers a command
QUESTIONS = 20000


def patient(pipeline):
    """Clients may fall behind for as long as they like."""
    return endpoint('/ws', pipeline, queue={'bytes': '256MiB'},
                    heartbeat={'interval': '1h', 'timeout': '1h'})


class OneOrder(unittest.TestCase):
    def serve(self, loops, pipeline):
        return Sluice(settings(patient(pipeline), loops=loops))

    def connect(self, server, loops):
        """Clients on all loops, and their ids."""
        clients = [RawClient(server) for _ in range(max(CLIENTS, loops))]
        server.wait_for_metric(len(clients), 'sluice_clients')
        return clients

    def ask_ids(self, clients, loops):
        ids = []
        for client in clients:
            client.text('id')
            ids.append(int(client.read_text()))
        self.assertEqual({number & 0xff for number in ids}, set(range(loops)), 'all loops serve')
        return ids

    def at_once(self, clients, run):
        """run(client, its index) for all clients, each in a thread of its own."""
        threads = [threading.Thread(target=run, args=(client, index), daemon=True)
                   for index, client in enumerate(clients)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def read_to(self, clients, marker):
        """What each client gets before that text, which one of them sends."""
        clients[0].text(marker)
        texts = []
        for client in clients:
            texts.append([])
            while (text := client.read_text()) != marker:
                texts[-1].append(text)
        return texts

    def wait_for_commands(self, server, count):
        server.wait_for_metric(count, 'sluice_messages_total', seconds=60, direction='in')


class Unlocked(OnEachNumberOfLoops, OneOrder):
    """Clients send as they like."""

    def check(self, loops):
        def send(client, index):
            for count in range(ROUNDS * EACH):
                client.text(f'{index} {count}')

        with self.serve(loops, []) as server:
            clients = self.connect(server, loops)
            self.at_once(clients, send)
            self.wait_for_commands(server, len(clients) * ROUNDS * EACH)
            texts = self.read_to(clients, 'end')
            self.assertEqual(len(texts[0]), len(clients) * ROUNDS * EACH)
            for index in range(len(clients)):
                self.assertEqual(texts[index], texts[0])
                own = [text for text in texts[0] if text.startswith(f'{index} ')]
                self.assertEqual(own, [f'{index} {count}' for count in range(ROUNDS * EACH)])


class Locked(OnEachNumberOfLoops, OneOrder):
    """A plugin sends numbers under its own lock, to everybody, to a topic and to single clients."""

    def run_commands(self, server, clients, ids):
        """Client 0 stays in the topic, client 1 comes and goes; each is sent what another counts."""
        def send(client, index):
            for count in range(ROUNDS):
                client.text(f'mixed {EACH} {ids[(index + 1) % len(ids)]}')
                if index == 1:
                    client.text('join' if count % 2 == 0 else 'leave')

        clients[0].text('join')
        self.assertEqual(clients[0].read_text(), 'joined 0')
        clients[0].text(f'thread {ROUNDS * EACH} {ids[0]}')
        self.at_once(clients, send)
        self.wait_for_commands(server, len(clients) * (ROUNDS + 1) + ROUNDS + 2)

    def read_all_numbers(self, client, count):
        """What a client gets until the last number for everybody: then the thread is over too."""
        texts = []
        while count > 0:
            texts.append(client.read_text())
            count -= texts[-1].startswith('all ')
        return texts

    def numbers(self, texts):
        """(kind, number) of each text: in the order of counting."""
        parts = [text.split() for text in texts]
        found = [(kind, int(number)) for kind, number in parts]
        counted = [number for kind, number in found if kind in ('all', 'topic', 'one')]
        self.assertEqual(counted, sorted(set(counted)), 'in the order of the lock, and once')
        return found

    def check_visits(self, found, topic):
        """Everything that the topic was sent while the client was in it, and nothing else."""
        joined, seen = None, []
        for kind, number in found:
            if kind == 'joined':
                joined, seen = number, []
            elif kind == 'left':
                self.assertEqual(seen, [other for other in topic if joined < other <= number])
                joined = None
            elif kind == 'topic':
                self.assertIsNotNone(joined)
                seen.append(number)

    def check(self, loops):
        with self.serve(loops, [{'plugin': 'numbered'}]) as server:
            clients = self.connect(server, loops)
            ids = self.ask_ids(clients, loops)
            self.run_commands(server, clients, ids)
            total = (len(clients) + 1) * ROUNDS * EACH
            to_all = list(range(3, total + 1, 3))
            early = self.read_all_numbers(clients[0], len(to_all))
            texts = self.read_to(clients, 'end')
            texts[0] = early + texts[0]
            found = [self.numbers(each) for each in texts]
            for each in found:
                self.assertEqual([number for kind, number in each if kind == 'all'], to_all)
            topic = [number for kind, number in found[0] if kind == 'topic']
            self.assertEqual(topic, list(range(1, total + 1, 3)))
            self.check_visits(found[1], topic)
            ones = sorted(number for each in found for kind, number in each if kind == 'one')
            self.assertEqual(ones, list(range(2, total + 1, 3)))

    def check_close(self, loops):
        with self.serve(loops, [{'plugin': 'numbered'}]) as server:
            clients = self.connect(server, loops)
            ids = self.ask_ids(clients, loops)
            for turn, (client, number) in enumerate(zip(clients[1:], ids[1:]), 1):
                clients[0].text(f'mixed 300 {number}')
                clients[0].text(f'close 0 {number}')
                texts = [client.read_text()]
                while texts[-1] != f'one {302 * turn - 1}':
                    texts.append(client.read_text())
                self.assertGreater(len(texts), 200)  # 100 to everybody, 100 to this one
                self.numbers(texts)
                self.assertEqual(client.expect_close(), (4000, b'enough'))

    def test_a_close_comes_after_what_was_sent_before_on_2_loops(self):
        self.check_close(2)

    def test_a_close_comes_after_what_was_sent_before_on_8_loops(self):
        self.check_close(8)


class Answers(OnEachNumberOfLoops, OneOrder):
    """Whoever knows a question answers it, on another loop: nobody sees the answer first."""

    def check(self, loops):
        def send(client, index):
            for _ in range(QUESTIONS // 50 if index == 0 else QUESTIONS // 500):
                client.text('ask 50' if index == 0 else 'answer 10')

        with self.serve(loops, [{'plugin': 'numbered'}]) as server:
            clients = self.connect(server, loops)
            self.ask_ids(clients, loops)
            self.at_once(clients, send)
            self.wait_for_commands(server, len(clients) + QUESTIONS // 50 +
                                   (len(clients) - 1) * (QUESTIONS // 500))
            early = 0
            for texts in self.read_to([clients[0], *clients[-2:]], 'end'):
                asked = 0
                for kind, number in (text.split() for text in texts):
                    if kind == 'question':
                        asked = int(number)
                    elif int(number) > asked:
                        early += 1
                self.assertEqual(asked, QUESTIONS)
            self.assertEqual(early, 0, 'answers before their questions')

    def test_by_clients_on_3_loops(self):
        """Two clients that answer what they read, and one that listens."""
        def answer(client):
            while (text := client.read_text()) != 'end':
                if text.startswith('question'):
                    client.text(text.replace('question', 'answer'))

        with self.serve(3, []) as server:
            asking, listening, *answering = clients = [RawClient(server) for _ in range(6)]
            threads = [threading.Thread(target=answer, args=(client,), daemon=True)
                       for client in answering]
            for thread in threads:
                thread.start()
            for count in range(1, 501):
                asking.text(f'question {count}')
            asked, answers = 0, 0
            while answers < 500 * len(answering):
                kind, number = listening.read_text().split()
                if kind == 'question':
                    asked = int(number)
                else:
                    answers += 1
                    self.assertLessEqual(int(number), asked)
            asking.text('end')
            for thread in threads:
                thread.join()
            for client in clients:
                client.socket.close()

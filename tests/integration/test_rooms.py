"""The rooms example: whoever joins while others talk gets each line once, in the one order, on any number of loops."""

import concurrent.futures
import unittest

from harness import RawClient, Sluice, endpoint, settings
from harness.loops import OnEachNumberOfLoops

SPEAKERS = 4
LINES = 40   # of each
JOINERS = 4
VISITS = 4   # of each, who says one line in each
ALL = SPEAKERS * LINES + JOINERS * VISITS


def rooms():
    """Everything stays in the history, and clients may fall behind for as long as they like."""
    return endpoint('/ws', [{'plugin': 'rooms', 'options': {'history': ALL}}],
                    queue={'bytes': '256MiB'}, topics={'per_client': 4},
                    heartbeat={'interval': '1h', 'timeout': '1h'})


def speak(client, index):
    for count in range(LINES):
        client.text(f'say kitchen {index}:{count}')


def read_line(client):
    _, number, said = client.read_text().split(' ', 2)
    return int(number), said


def visit(client, index):
    """What is seen in each visit, from the history to the visitor's own line at least; nothing of the room comes
    between two of them."""
    visits = []
    for count in range(VISITS):
        own = f'visitor{index}:{count}'
        client.text('join kitchen')
        if (text := client.read_text()) != 'joined kitchen':
            raise AssertionError(f'between two visits: {text}')
        client.text(f'say kitchen {own}')
        lines = [read_line(client)]
        while lines[-1][1] != own:
            lines.append(read_line(client))
        client.text('leave kitchen')
        while (text := client.read_text()) != 'left kitchen':
            _, number, said = text.split(' ', 2)
            lines.append((int(number), said))
        visits.append(lines)
    return visits


class Rooms(OnEachNumberOfLoops, unittest.TestCase):
    def check_order(self, said):
        self.assertEqual([number for number, _ in said], list(range(1, ALL + 1)))
        for index in range(SPEAKERS):
            own = [text for _, text in said if text.startswith(f'{index}:')]
            self.assertEqual(own, [f'{index}:{count}' for count in range(LINES)])

    def check(self, loops):
        with Sluice(settings(rooms(), loops=loops)) as server:
            observer, late, *clients = [RawClient(server) for _ in range(2 + SPEAKERS + JOINERS)]
            observer.text('join kitchen')
            self.assertEqual(observer.read_text(), 'joined kitchen')
            with concurrent.futures.ThreadPoolExecutor(SPEAKERS + JOINERS) as pool:
                speaking = [pool.submit(speak, client, index)
                            for index, client in enumerate(clients[:SPEAKERS])]
                visiting = [pool.submit(visit, client, index)
                            for index, client in enumerate(clients[SPEAKERS:])]
                visits = [each for future in visiting for each in future.result()]
                for future in speaking:
                    future.result()
            said = [read_line(observer) for _ in range(ALL)]
            self.check_order(said)
            for seen in visits:
                self.assertEqual(seen, said[:len(seen)])
            late.text('join kitchen')
            self.assertEqual(late.read_text(), 'joined kitchen')
            self.assertEqual([read_line(late) for _ in range(ALL)], said)

"""How a server ends."""

import signal
import socket
import unittest

from harness import RawClient, Sluice, endpoint, settings, stage, wait_until


class Shutdown(unittest.TestCase):
    def drain(self, how):
        server = Sluice().start()
        clients = [RawClient(server) for _ in range(50)]
        server.wait_for_metric(50, 'sluice_clients')
        server.process.send_signal(how)
        codes = {client.expect_close()[0] for client in clients}
        server.stop()
        self.assertEqual(codes, {1012})

    def test_sigterm_tells_clients_to_come_back(self):
        self.drain(signal.SIGTERM)

    def test_sigint_does_the_same(self):
        self.drain(signal.SIGINT)

    def test_clients_that_do_not_answer_are_cut_off_after_the_grace(self):
        server = Sluice(settings(shutdown={'grace': '500ms'})).start()
        clients = [RawClient(server) for _ in range(10)]
        server.wait_for_metric(10, 'sluice_clients')
        server.stop()
        for client in clients:
            client.socket.close()

    def test_nobody_comes_in_any_more(self):
        server = Sluice(settings(shutdown={'grace': '5s'})).start()
        with RawClient(server) as held:
            server.wait_for_metric(1, 'sluice_clients')
            server.process.send_signal(signal.SIGTERM)

            def is_closed():
                try:
                    RawClient(server).socket.close()
                    return False
                except Exception:
                    return True
            wait_until(is_closed, 'new clients are refused')
            self.assertEqual(held.expect_close()[0], 1012)
        server.stop()

    def test_an_open_upgrade_does_not_hold_it_up(self):
        server = Sluice(settings(shutdown={'grace': '1s'},
                                 front={'request_timeout': '2s'})).start()
        with socket.create_connection(('127.0.0.1', server.port)) as sock:
            sock.sendall(b'GET /ws HTTP/1.1\r\n')
            server.stop()

    def test_second_signal_changes_nothing(self):
        server = Sluice(settings(shutdown={'grace': '1s'})).start()
        with RawClient(server):
            server.wait_for_metric(1, 'sluice_clients')
            server.process.send_signal(signal.SIGTERM)
            server.stop(signal.SIGTERM)


def jobs(**top):
    """One worker thread; `jobs N` gives it N jobs of 100 ms each."""
    return settings(endpoint('/ws', [stage('carried')]), offload={'threads': 1}, **top)


class OffloadedWork(unittest.TestCase):
    """150 jobs keep the worker busy for 15 seconds; how long it took to end is not looked at, but how
    many of them have run."""

    def serve(self, grace, count):
        server = Sluice(jobs(shutdown={'grace': grace})).start()
        with RawClient(server) as client:
            client.text(f'jobs {count}')
            wait_until(lambda: 'jobs: offloaded' in server.log(), 'the jobs are there')
        server.wait_for_metric(0, 'sluice_clients')
        return server

    def test_the_grace_ends_with_jobs_in_the_queue(self):
        server = self.serve('300ms', 150)
        server.stop()
        self.assertRegex(server.log(), r'gave up \d+ offloaded jobs')
        self.assertLess(server.log().count('job: worked'), 100)
        self.assertEqual(server.log().count('job: done'), 150)

    def test_a_second_signal_does_not_wait_for_the_queue(self):
        server = self.serve('60s', 150)
        server.process.send_signal(signal.SIGTERM)
        wait_until(lambda: 'once more to end at once' in server.log(), 'the first signal is seen')
        server.stop()
        self.assertLess(server.log().count('job: worked'), 100)

    def test_the_queue_is_worked_off_within_the_grace(self):
        server = self.serve('60s', 5)
        server.stop()
        self.assertEqual(server.log().count('job: worked'), 5)
        self.assertNotIn('gave up', server.log())

"""A log that nobody reads."""

import fcntl
import json
import signal
import threading
import unittest

from harness import RawClient, Sluice, run_sluice, settings, wait_until

PAGE = 4096


class UnreadSluice(Sluice):
    """A server whose standard error is read only until stop_reading(), and again after
    read_on()."""

    def start(self):
        self.may_read = threading.Event()
        self.may_read.set()
        return super().start()

    def _read_log(self):
        for line in self.process.stderr:
            self.may_read.wait()
            self.lines.append(line.decode(errors='replace'))

    def stop_reading(self):
        fcntl.fcntl(self.process.stderr, fcntl.F_SETPIPE_SZ, PAGE)
        self.may_read.clear()

    def read_on(self):
        self.may_read.set()


def verbose(**more):
    return settings(log={'level': 'debug', 'format': 'json', **more})


class NobodyReads(unittest.TestCase):
    def fill(self, server):
        """Makes the server log until lines are lost."""
        def is_full():
            for _ in range(50):
                server.admin('/healthz')
            return server.metric('sluice_log_lost_lines_total') > 0
        wait_until(is_full, 'log lines are lost')

    def test_newcomers_come_in_and_sigterm_ends_it(self):
        server = UnreadSluice(verbose(queue='16KiB')).start()
        try:
            server.stop_reading()
            self.fill(server)
            with RawClient(server) as client:
                client.text('hello')
                self.assertEqual(client.read_text(), 'hello')
            server.process.send_signal(signal.SIGTERM)
            wait_until(lambda: server.process.poll() is not None, 'the server ends', 15)
            self.assertEqual(server.process.returncode, 0)
        finally:
            server.read_on()
            server.abandon()

    def test_reload_and_its_errors_do_not_wait(self):
        server = UnreadSluice(verbose(queue='16KiB')).start()
        try:
            server.stop_reading()
            self.fill(server)
            server.write(settings(nonsense=1))
            server.process.send_signal(signal.SIGHUP)
            status, _, error = run_sluice('reload', '--admin', server.admin_urls[0])
            self.assertEqual(status, 1)
            self.assertIn('nonsense', error)
            server.write(verbose(queue='16KiB'))
            server.process.send_signal(signal.SIGHUP)
            wait_until(lambda: server.metric('sluice_configuration_generation') > 1,
                       'the reload')
        finally:
            server.read_on()
            server.abandon()

    def test_a_notice_says_how_many_lines_are_missing(self):
        with UnreadSluice(verbose(queue='16KiB')) as server:
            server.stop_reading()
            self.fill(server)
            server.read_on()
            wait_until(lambda: 'could not be written fast enough' in server.log(),
                       'the notice')
        for line in server.lines:
            json.loads(line)  # whole lines, the notice too
        told = [json.loads(line)['message'] for line in server.lines if 'lost here' in line]
        self.assertGreater(int(told[0].split()[0]), 0)

    def test_lines_before_the_end_are_not_lost(self):
        server = Sluice(verbose()).start()
        for _ in range(200):
            server.admin('/healthz')
        server.stop()
        self.assertGreaterEqual(server.log().count('GET /healthz'), 200)
        self.assertIn('"message":"stopped"', server.lines[-1])


if __name__ == '__main__':
    unittest.main()

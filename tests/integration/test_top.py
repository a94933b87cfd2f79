"""sluice top: what the server does, as blocks, as JSON and drawn anew on a terminal."""

import fcntl
import json
import os
import pty
import re
import signal
import struct
import subprocess
import termios
import unittest

from harness import RawClient, Sluice, endpoint, patience, run_sluice, settings, wait_until
from harness.server import binary

HOME = b'\033[H'


class Shown(unittest.TestCase):
    def serve(self, loops=2):
        self.server = Sluice(settings(endpoint('/ws', [{'plugin': 'later'}]), loops=loops)).start()
        self.addCleanup(self.server.abandon)
        self.client = RawClient(self.server, '/ws?name=ann')
        self.addCleanup(self.client.socket.close)

    def arguments(self, *more):
        return ['top', *more, '--admin', '%s:%d' % self.server.admin_address]

    def start(self, *more, output):
        process = subprocess.Popen([binary(), *self.arguments(*more)], stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.PIPE)
        self.addCleanup(process.stderr.close)
        self.addCleanup(lambda: process.poll() is None and (process.kill(), process.wait()))
        return process

    def talk(self):
        """A message and its way back: the plugin has been called then."""
        self.client.text('say x')
        self.assertEqual(self.client.read_text(), 'say x')


class Lines(Shown):
    def test_blocks_and_an_end(self):
        for loops in (1, 8):
            with self.subTest(loops=loops):
                self.serve(loops)
                status, out, error = run_sluice(*self.arguments('--interval', '100ms', '--count', '2'))
                self.assertEqual((status, error), (0, ''))
                blocks = out.split('\n\nsluice top: ')
                self.assertEqual(len(blocks), 2)
                for block in blocks:
                    self.assertIn('1 clients, configuration 1, ', block)
                    self.assertRegex(block, r'(?m)^later#1 +/ws +enforce ')
                    self.assertEqual(len(re.findall(r' \d: \d+%', block)), loops)
                    self.assertNotIn('\033', block)

    def test_what_happens_in_an_interval_is_counted_in_it(self):
        self.serve()
        process = self.start('--json', '--interval', '100ms', output=subprocess.PIPE)
        with process.stdout:
            process.stdout.readline()
            self.talk()
            seen = set()

            def has_been_seen():  # perhaps in two intervals
                figures = json.loads(process.stdout.readline())
                plugin, = figures['plugins']
                self.assertEqual(figures['clients'], 1)
                seen.update(name for name, value in (('in', figures['messages']['in']), ('out', figures['messages']['out']),
                                                     ('bytes', figures['bytes']['out']), ('calls', plugin['calls']),
                                                     ('time', plugin['mean_ns']), ('verdict', plugin['verdicts']['continue'])) if value > 0)
                return len(seen) == 6
            wait_until(has_been_seen, 'a message is counted in each of its ways')
            process.send_signal(signal.SIGTERM)
            self.assertEqual(process.wait(patience(20)), 0)

    def test_errors_have_hints(self):
        self.serve()
        status, _, error = run_sluice(*self.arguments('--interval', '1ms'))
        self.assertEqual((status, error), (2, 'sluice top: --interval needs a duration from 100ms to 1h, like 2s\n'))
        self.client.close()
        self.server.stop()
        status, _, error = run_sluice(*self.arguments('--once'))
        self.assertEqual(status, 1)
        self.assertIn('%s:%d' % self.server.admin_address, error)


class Terminal(Shown):
    def setUp(self):
        self.serve()
        self.seen = b''
        self.screen, self.terminal = pty.openpty()
        self.addCleanup(os.close, self.screen)
        self.addCleanup(os.close, self.terminal)
        os.set_blocking(self.screen, False)

    def resize(self, rows, columns):
        fcntl.ioctl(self.terminal, termios.TIOCSWINSZ, struct.pack('HHHH', rows, columns, 0, 0))

    def pictures(self):
        """What was drawn whole so far."""
        while True:
            try:
                self.seen += os.read(self.screen, 65536)
            except BlockingIOError:
                break
        return self.seen.split(HOME)[1:-1]

    def wait_for(self, condition, what):
        wait_until(lambda: any(condition(picture) for picture in self.pictures()), what)

    def test_is_drawn_anew_in_the_size_that_it_has_and_put_back(self):
        self.resize(4, 20)
        before = termios.tcgetattr(self.terminal)
        process = self.start('--interval', '100ms', output=self.terminal)

        def shape(picture):
            lines = [re.sub(rb'\033\[[?0-9]*\w', b'', line) for line in picture.split(b'\r\n')]
            return len(lines), max(len(line) for line in lines)

        self.wait_for(lambda picture: shape(picture) == (4, 20), 'a small picture')
        self.resize(50, 100)
        self.wait_for(lambda picture: b'later#1' in picture and shape(picture)[1] <= 100, 'a large picture')
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(patience(20)), 0)
        self.pictures()
        self.assertTrue(self.seen.endswith(b'\r\n\033[?25h'), self.seen[-40:])
        self.assertTrue(self.seen.startswith(b'\033[?25l'))
        self.assertEqual(termios.tcgetattr(self.terminal), before)

    def test_a_server_that_goes_leaves_the_terminal_as_it_was(self):
        self.resize(50, 100)
        process = self.start('--interval', '100ms', output=self.terminal)
        self.wait_for(lambda picture: b'later#1' in picture, 'a picture')
        self.client.close()
        self.server.stop()
        self.assertEqual(process.wait(patience(20)), 1)
        self.pictures()
        self.assertTrue(self.seen.endswith(b'\r\n\033[?25h'), self.seen[-40:])
        self.assertIn(b'%d' % self.server.admin_address[1], process.stderr.read())


if __name__ == '__main__':
    unittest.main()

"""docs/writing-a-plugin.md, typed literally: in an empty folder, with an installation and nothing else, each command
does what the page says."""

import os
import pty
import re
import select
import signal
import subprocess
import threading
import unittest

from harness import InstalledTest, patience, sanitized, wait_until
from harness.waiting import end_process

BLOCK = re.compile(r'(?ms)^```(\w+)\n(.*?)^```$')
FILE = re.compile(r'^`([\w.]+)`:$')

# A compiler's four runs are a matter of seconds, but on a busy machine they may be one of minutes.
TEST_SECONDS = 600
SILENCE_SECONDS = 120

# What differs from one run to the next, as it stands on the page, and what may stand there.
VARYING = {
    r'\d{4}-\d\d-\d\dT[\d:.]+Z': r'\d{4}-\d\d-\d\dT[\d:.]+Z',
    r'process \d+': r'process \d+',
    r'[\d.]+ sec': r'[\d.]+ sec',
    r'hash=[0-9a-f]{64}': r'hash=[0-9a-f]{64}',
    r'(?<=  io     ).+': r'(io_uring|epoll).*',
    r'(?<= serve: io: ).+': r'(io_uring|epoll).*',
}

# What a server says of the machine that it runs on, beside what the page shows.
OF_THE_MACHINE = re.compile(r'\S+ (warn .*|info  serve: limits\.clients is .*)')


def pattern(line):
    """A regular expression for a line of the page."""
    varying = re.compile('|'.join(f'({expression})' for expression in VARYING))
    allowed = list(VARYING.values())
    parts, end = [], 0
    for found in varying.finditer(line):
        parts += [re.escape(line[end:found.start()]), allowed[found.lastindex - 1]]
        end = found.end()
    return re.compile(''.join(parts) + re.escape(line[end:]))


def blocks(page):
    """(line of text before it, kind, content) of each block."""
    for block in BLOCK.finditer(page):
        yield page[:block.start()].rstrip().rpartition('\n')[2], *block.groups()


def commands(block):
    """(command, lines that it prints) of a block."""
    found = []
    for line in block.splitlines():
        if line.startswith('$ '):
            found.append((line[2:], []))
        else:
            found[-1][1].append(line)
    return found


def run_on_terminal(command, **options):
    """Runs a shell command whose output goes to a terminal: (exit status, what stands there)."""
    ours, theirs = pty.openpty()
    with open(ours, 'rb', buffering=0) as screen:
        with subprocess.Popen(['bash', '-c', command], stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs,
                              **options) as process:
            os.close(theirs)
            said = b''
            try:
                while select.select([screen], [], [], patience(SILENCE_SECONDS))[0]:
                    said += screen.read(65536)
            except OSError:
                process.wait(patience(SILENCE_SECONDS))  # All who could write have ended, or are about to.
            finally:
                if process.poll() is None:
                    end_process(process)
    return process.returncode, said.decode(errors='replace').replace('\r\n', '\n')


@unittest.skipIf(sanitized(), 'the same page as without a sanitizer')
class Tutorial(InstalledTest):
    def setUp(self):
        self.typed = 0
        self.cwd = os.path.join(self.folder, 'home')
        os.mkdir(self.cwd)
        # Its own loopback address, so that the page's ports are free.
        self.address = '127.{}.{}.{}'.format(64 + os.getpid() // 65536 % 64, os.getpid() // 256 % 256, os.getpid() % 254 + 1)
        self.environment = {'PATH': self.installed('bin') + ':/usr/local/bin:/usr/bin:/bin', 'HOME': self.cwd,
                            'CMAKE_PREFIX_PATH': self.prefix, 'LC_ALL': 'C.UTF-8', 'TERM': 'dumb'}

    def expect(self, command, expected, said):
        """Each of the page's lines is there, in this order; others may be in between if a program is not ours."""
        lines = iter(line for line in said.splitlines() if not OF_THE_MACHINE.fullmatch(line))
        for line in expected:
            wanted = pattern(line.replace('/home/you', self.home))
            if 'cmake' in command:
                self.assertTrue(any(wanted.fullmatch(found) for found in lines), f'{command}: {line!r} is not in:\n{said}')
            else:
                self.assertRegex(next(lines, 'the end'), re.compile(f'^(?:{wanted.pattern})$'), f'{command}:\n{said}')
        self.assertEqual([] if 'cmake' in command else list(lines), [], f'{command}: the page does not show it')

    def serve(self, command, expected):
        process = subprocess.Popen(['bash', '-c', 'exec ' + command], cwd=self.cwd, env=self.environment,
                                   stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        said = []
        reader = threading.Thread(target=lambda: said.extend(process.stderr), daemon=True)
        reader.start()
        self.addCleanup(process.stderr.close)
        self.addCleanup(reader.join)
        self.addCleanup(end_process, process)
        ready = pattern(expected[-1])
        wait_until(lambda: process.poll() is not None or any(ready.fullmatch(line.rstrip()) for line in list(said)),
                   f'{command}: {expected[-1]}', 20)
        until_ready = next((index for index, line in enumerate(said) if ready.fullmatch(line.rstrip())), len(said))
        self.expect(command, expected, ''.join(said[:until_ready + 1]))

    def run_command(self, command, expected):
        self.typed += 1
        if command.startswith('cd '):
            self.cwd = os.path.join(self.cwd, command[3:])
        elif command.startswith('sluice serve'):
            self.serve(command, expected)
        else:
            status, said = run_on_terminal(command, cwd=self.cwd, env=self.environment)
            failed = any(line.lstrip().startswith('FAILED') for line in expected)
            self.assertEqual(status, 1 if failed else 0, f'{command}:\n{said}')
            if 'sluice' in command:  # Of others, what they print is theirs to change.
                self.expect(command, expected, said)

    def change_source(self, change):
        source = os.path.join(self.cwd, 'greeter.c')
        with open(source, encoding='utf-8') as file:
            text = file.read()
        changed = change(text)
        self.assertNotEqual(changed, text)
        with open(source, 'w', encoding='utf-8') as file:
            file.write(changed)

    def put_into_hook(self, lines):
        """The lines at the beginning of on_message."""
        self.mistake = lines
        begin = re.compile(r'(?s)( on_message\(.*?\n\{\n)')
        self.change_source(lambda text: begin.sub(lambda found: found.group(1) + lines, text, count=1))

    def do_block(self, before, kind, block):
        name = FILE.match(before)
        if 'beginning of `on_message`' in before:
            self.put_into_hook(block)
        elif 'lines out again' in before:
            self.change_source(lambda text: text.replace(self.mistake, ''))
        if name:
            with open(os.path.join(self.cwd, name.group(1)), 'w', encoding='utf-8') as file:
                file.write(block)
        elif kind == 'console':
            for command, expected in commands(block):
                self.run_command(command, expected)

    def test_does_what_the_page_says(self):
        signal.alarm(int(patience(TEST_SECONDS)))
        self.home = self.cwd
        with open(self.installed('share', 'doc', 'sluice', 'docs', 'writing-a-plugin.md'), encoding='utf-8') as file:
            page = file.read().replace('127.0.0.1', self.address)
        for before, kind, block in blocks(page):
            self.do_block(before, kind, block)
        self.assertEqual(self.typed, page.count('\n$ '))
        self.assertIn('sluice connect', page)


if __name__ == '__main__':
    unittest.main()

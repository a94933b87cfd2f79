"""The server under test: started on ports of its own, stopped with a check of how it ended."""

import functools
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import urllib.error
import urllib.request

from .waiting import patience, wait_until

INTEGRATION = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
ROOT = os.path.dirname(os.path.dirname(INTEGRATION))
BUILD = os.path.abspath(os.environ.get('SLUICE_TEST_BUILD', os.path.join(ROOT, 'build')))

# The server refuses files that others may write to; tests make theirs with what is usual.
os.umask(0o022)

SANITIZER_REPORT = re.compile(
    r'ERROR: (Address|Leak)Sanitizer|WARNING: ThreadSanitizer|: runtime error:|Sanitizer:DEADLY')
LISTENING = re.compile(r'listening on (wss?://[^\s"/]+:\d+)')
ADMIN = re.compile(r'admin on (http://[^\s"/]+:\d+)')
METRIC = re.compile(r'^(\w+)(?:\{(.*)\})? (\S+)$')
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


def binary():
    return os.path.join(BUILD, 'sluice')


def sanitized():
    """Whether the server was built with a sanitizer (its memory figures then mean nothing)."""
    with open(binary(), 'rb') as file:
        content = file.read()
    return b'__asan_init' in content or b'__tsan_init' in content


def temporary_folder():
    """A folder that only we may write to, removed when the object goes."""
    return tempfile.TemporaryDirectory(prefix='sluice-test-')


def endpoint(path='/ws', pipeline=(), **settings_):
    """One entry of `endpoints`. A stage that says nothing of it waits for its verdicts for longer than the server would:
    what takes milliseconds may take seconds on a busy machine."""
    return {'path': path, 'pipeline': [{'timeout': '60s', **stage} for stage in pipeline], **settings_}


def settings(*endpoints, **top):
    """A whole configuration around some endpoints, as a dictionary (JSON is YAML)."""
    base = {
        'listen': [{'address': '127.0.0.1:0'}],
        'admin': {'listen': '127.0.0.1:0'},
        'loops': 2,
        'log': {'level': 'info', 'format': 'json'},
        'shutdown': {'grace': '2s'},
        'plugins': {'path': [os.path.join(BUILD, 'plugins'),
                             os.path.join(BUILD, 'tests', 'plugins')]},
        'endpoints': list(endpoints) or [endpoint()],
    }
    base.update(top)
    return {key: value for key, value in base.items() if value is not None}


def way_to_write(configuration):
    """SLUICE_TEST_IO in the environment is the `io` of all servers whose configuration says nothing of it."""
    way = os.environ.get('SLUICE_TEST_IO')
    return ['--set', f'io={way}'] if way and 'io' not in configuration else []


PATIENT = ('--hook-timeout', '30000', '--timeout', '120')  # On a busy machine hooks and checks take their time.


def run_sluice(*arguments, cwd=None, environment=None, seconds=30):
    """Runs a sub-command to its end: (exit status, standard output, standard error)."""
    if arguments[0] == 'test-plugin' and '--hook-timeout' not in arguments:
        arguments = 'test-plugin', *PATIENT, *arguments[1:]
    done = subprocess.run([binary(), *arguments], cwd=cwd, timeout=patience(seconds),
                          stdin=subprocess.DEVNULL, capture_output=True,
                          env={**os.environ, **(environment or {})})
    error = done.stderr.decode(errors='replace')
    if SANITIZER_REPORT.search(error):
        raise AssertionError(f'sanitizer report from sluice {" ".join(arguments)}:\n{error}')
    return done.returncode, done.stdout.decode(errors='replace'), error


@functools.cache
def io_uring_refusal():
    """Why servers have no io_uring here; empty if they have."""
    with temporary_folder() as folder:
        file = os.path.join(folder, 'sluice.yaml')
        with open(file, 'w') as out:
            json.dump(settings(io='io_uring'), out)
        _, said, error = run_sluice('check', '-c', file)
    return '' if re.search(r'(?m)^  io +io_uring$', said) else (error.strip() or said)


def need_io_uring(test):
    """Skips a test where there is no io_uring."""
    if io_uring_refusal():
        test.skipTest(f'no io_uring here: {io_uring_refusal()}')


class Sluice:
    """A running server; use it in a with statement. Its configuration is a dictionary (as from
    settings()) or an existing `file` with one listener."""

    def __init__(self, configuration=None, *, file=None, arguments=(), environment=None,
                 files=None):
        self.folder = temporary_folder()
        self.file = file or os.path.join(self.folder.name, 'sluice.yaml')
        configuration = configuration or settings()
        self.listener_count = 1 if file else len(configuration['listen'])
        self.has_admin = not file and 'admin' in configuration
        if not file:
            self.write(configuration)
        self.arguments = [*way_to_write(configuration), *arguments]
        # How many files and sockets it may have open, if not as many as we.
        self.limited = ['prlimit', f'--nofile={files}'] if files else []
        self.environment = {**os.environ, **(environment or {})}
        self.process = None
        self.lines = []

    def write(self, configuration):
        with open(self.file, 'w') as out:
            json.dump(configuration, out, indent=2)

    # -- life

    def __enter__(self):
        return self.start()

    def __exit__(self, kind, *_):
        if kind is None:
            self.stop()
        else:
            self.abandon()

    def start(self):
        self.process = subprocess.Popen(
            [*self.limited, binary(), 'serve', '-c', self.file, *self.arguments], cwd=ROOT,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            env=self.environment)
        self.reader = threading.Thread(target=self._read_log, daemon=True)
        self.reader.start()
        try:
            wait_until(self._is_ready, 'the server says where it listens', 20)
        except AssertionError as error:
            self.abandon()
            raise AssertionError(f'{error}\n{self.log()}') from None
        return self

    def stop(self, how=signal.SIGTERM):
        """Ends the server as an operator does and checks that it ended well."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        status = self._join(15)
        self.folder.cleanup()
        log = self.log()
        assert not SANITIZER_REPORT.search(log), f'sanitizer report:\n{log}'
        assert status == 0, f'the server ended with status {status}:\n{log[-3000:]}'

    def abandon(self):
        """Ends the server after a failure, whatever state it is in."""
        if self.process.poll() is None:
            self.process.kill()
        self._join(5)
        self.folder.cleanup()

    def _join(self, seconds):
        try:
            status = self.process.wait(patience(seconds))
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            status = 'killed: it did not end in time'
        self.reader.join()
        self.process.stderr.close()
        return status

    def _read_log(self):
        for line in self.process.stderr:
            self.lines.append(line.decode(errors='replace'))

    def _is_ready(self):
        assert self.process.poll() is None, 'the server ended at once'
        log = self.log()
        self.urls = LISTENING.findall(log)
        self.admin_urls = ADMIN.findall(log)
        return (len(self.urls) >= self.listener_count and
                (self.admin_urls or not self.has_admin))

    def reload(self, configuration):
        """Writes another configuration and reloads it; returns when all loops have changed over."""
        before = self.metric('sluice_configuration_generation')
        self.write(configuration)
        self.process.send_signal(signal.SIGHUP)
        done = f'configuration {before + 1:.0f} is in force'
        wait_until(lambda: done in self.log(), f'the log says: {done}')
        self._ask_all_loops()

    def _ask_all_loops(self):
        """Loops change over when they come to it; then they answer."""
        try:
            self.admin('/api/v1/clients?limit=1')
        except urllib.error.HTTPError:
            pass  # It is not for everybody, or there is no place.

    # -- what it says

    def log(self):
        """What has been logged and read so far; a line may come later than what it speaks of."""
        return ''.join(self.lines)

    def wait_for_log(self, text):
        wait_until(lambda: text in self.log(), f'the log says {text!r}')

    @property
    def url(self):
        return self.urls[0]

    @property
    def port(self):
        return int(self.url.rsplit(':', 1)[1])

    @property
    def pid(self):
        return self.process.pid

    @property
    def admin_address(self):
        return ('127.0.0.1', int(self.admin_urls[0].rsplit(':', 1)[1]))

    def admin(self, path, **headers):
        """GETs from the admin listener: the body as text."""
        request = urllib.request.Request(self.admin_urls[0] + path, headers=headers)
        with urllib.request.urlopen(request, timeout=patience(10)) as answer:
            return answer.read().decode()

    def _metrics(self):
        """The page of metrics; asked for again while there is no place, see harness.ask."""
        pages = []

        def is_there():
            try:
                pages.append(self.admin('/metrics'))
            except urllib.error.HTTPError as error:
                if error.code != 503:
                    raise
            return pages != []
        wait_until(is_there, 'a request for metrics finds a place')
        return pages[0]

    def metric(self, name, **labels):
        """The sum of a metric over all series that have these labels; 0 if there is none."""
        total = 0.0
        for line in self._metrics().splitlines():
            found = METRIC.match(line)
            if found and found.group(1) == name:
                own = dict(LABEL.findall(found.group(2) or ''))
                if all(own.get(key) == value for key, value in labels.items()):
                    total += float(found.group(3))
        return total

    def wait_for_metric(self, expected, name, seconds=10, **labels):
        wait_until(lambda: self.metric(name, **labels) == expected,
                   f'{name}{labels or ""} is {expected}', seconds)

    def descriptors(self):
        return len(os.listdir(f'/proc/{self.pid}/fd'))

    def resident_bytes(self):
        with open(f'/proc/{self.pid}/statm') as file:
            return int(file.read().split()[1]) * os.sysconf('SC_PAGE_SIZE')


def require(program):
    """The path of a program that a test needs, be it a daemon outside a user's PATH; fails with its
    name if it is missing."""
    path = shutil.which(program) or shutil.which(program, path='/usr/local/sbin:/usr/sbin:/sbin')
    assert path, f'{program} is not installed'
    return path

"""Runs the integration tests.

usage: /usr/bin/python3 tests/integration/run.py [--build DIR] [--jobs N] [--list] [FILTER...]

A filter is a part of a test's name, such as `test_tls` or `rejects_unmasked`. Prints a line for each
test and, at the end, how many passed, failed and were skipped. Exit status: 0 all passed, 1 not.

SLUICE_TEST_IO=io_uring (or epoll) in the environment: the servers write to their clients in that way.

With several jobs each file of tests runs in a process of its own, and its lines appear when it is through.
"""

import argparse
import concurrent.futures
import os
import re
import signal
import subprocess
import sys
import time
import traceback
import unittest

TEST_SECONDS = 60  # far more than any test needs
OPEN_FILES = 8192  # a user's login may begin with 1024, which is less than some tests have clients

HERE = os.path.dirname(os.path.abspath(__file__))


def parse_arguments():
    parser = argparse.ArgumentParser(prog='tests/integration/run.py')
    parser.add_argument('--build', default='build', metavar='DIR',
                        help='the build folder to test (default: build)')
    parser.add_argument('--jobs', type=int, default=1, metavar='N',
                        help='how many files of tests run at once (default: 1)')
    parser.add_argument('--list', action='store_true', help='name the tests and exit')
    parser.add_argument('--file', help=argparse.SUPPRESS)  # for the processes of --jobs
    parser.add_argument('filters', nargs='*', metavar='FILTER', help='part of a test name')
    return parser.parse_args()


class LineResult(unittest.TestResult):
    """Prints one line for each test, and a failure's trace right below it."""

    def __init__(self):
        super().__init__()
        self.passed = 0
        self.failed = []
        self.begun = 0.0
        self.sub_failures = []

    def startTest(self, test):
        super().startTest(test)
        signal.alarm(test_seconds())
        self.begun = time.monotonic()
        self.sub_failures = []

    def stopTest(self, test):
        signal.alarm(0)
        super().stopTest(test)

    def _line(self, word, test, note=''):
        seconds = time.monotonic() - self.begun if self.begun else 0
        print(f'{word:<5} {seconds:6.2f}s  {test.id()}{note}', flush=True)

    def _fail(self, test, error):
        self.failed.append(test.id())
        self._line('FAIL', test)
        trace = traceback.TracebackException(*error)
        trace.stack = traceback.StackSummary.from_list(
            [entry for entry in trace.stack if '/unittest/' not in entry.filename])
        print(''.join(trace.format()), flush=True)

    def addSuccess(self, test):
        if not self.sub_failures:
            self.passed += 1
            self._line('ok', test)

    def addFailure(self, test, err):
        self._fail(test, err)

    def addError(self, test, err):
        self._fail(test, err)

    def addSubTest(self, test, subtest, err):
        if err is not None:
            self.sub_failures.append(subtest)
            self._fail(subtest, err)

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self._line('skip', test, f'  ({reason})')


def test_seconds():
    return int(TEST_SECONDS * float(os.environ.get('SLUICE_TEST_PATIENCE', '1')))


def on_alarm(*_):
    """The trace shows where the test is, which need not be where it hangs: it may just be slow."""
    raise AssertionError(f'the test has not ended within {test_seconds()} s')


def flatten(suite):
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            yield from flatten(test)
        else:
            yield test


def run_here(tests):
    """Runs the tests in this process. Returns how many passed and were skipped, and who failed."""
    signal.signal(signal.SIGALRM, on_alarm)
    result = LineResult()
    unittest.TestSuite(tests).run(result)
    return result.passed, len(result.skipped), result.failed


def file_of(test):
    """The file of a test; also of what stands for a file that cannot be imported, unittest.loader._FailedTest.FILE."""
    names = test.id().split('.')
    return names[-1] if names[0] == 'unittest' else names[0]


def run_file(arguments, name):
    """Runs one file's tests in a process. Returns as run_here does; a process that dies failed."""
    command = [sys.executable, os.path.abspath(__file__), '--build', arguments.build,
               '--file', name, *arguments.filters]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          errors='replace')
    summary = re.search(r'^(\d+) passed, (\d+) failed, (\d+) skipped$', done.stdout, re.MULTILINE)
    lines = done.stdout[:summary.start()] if summary else done.stdout
    head, _, failed = lines.partition('\nfailed:\n  ')
    print(head.rstrip('\n'), flush=True)
    if not summary or (done.returncode != 0 and summary[2] == '0'):
        return 0, 0, [f'{name} (ended with {done.returncode})']
    return int(summary[1]), int(summary[3]), failed.split('\n  ') if failed else []


def run_files(arguments, tests):
    """Runs each file's tests in a process of its own, some at once."""
    names = sorted({file_of(test) for test in tests})
    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        results = list(pool.map(lambda name: run_file(arguments, name), names))
    return (sum(passed for passed, _, _ in results), sum(skipped for _, skipped, _ in results),
            [name.strip() for _, _, failed in results for name in failed])


def main():
    arguments = parse_arguments()
    os.environ['SLUICE_TEST_BUILD'] = os.path.abspath(arguments.build)
    sys.path.insert(0, HERE)
    import harness
    if not os.access(os.path.join(harness.BUILD, 'sluice'), os.X_OK):
        sys.exit(f'{harness.BUILD}/sluice is missing: build it with scripts/build test')
    harness.allow_files(OPEN_FILES)
    os.environ.setdefault('TSAN_OPTIONS', f'suppressions={os.path.dirname(HERE)}/tsan.supp')
    os.environ.setdefault('SLUICE_TEST_PATIENCE', '4' if harness.sanitized() else '2')
    loader = unittest.TestLoader()
    tests = [test for test in flatten(loader.discover(HERE, f'{arguments.file or "test_*"}.py'))
             if (not arguments.filters or any(part in test.id() for part in arguments.filters))]
    if arguments.list:
        print('\n'.join(test.id() for test in tests))
        return 0
    passed, skipped, failed = (run_here(tests) if arguments.jobs == 1
                               else run_files(arguments, tests))
    if failed:
        print('\nfailed:\n  ' + '\n  '.join(failed))
    print(f'{passed} passed, {len(failed)} failed, {skipped} skipped')
    return 0 if tests and not failed else 1


if __name__ == '__main__':
    sys.exit(main())

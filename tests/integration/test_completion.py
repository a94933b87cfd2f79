"""sluice completion: real shells complete command lines of sluice."""

import os
import pty
import re
import select
import shutil
import signal
import subprocess
import time
import unittest

from harness import BUILD, patience, run_sluice, temporary_folder

# Has bash complete the words that it is given, as its readline does, and prints what is offered.
BASH = '''\
source "$1"
shift
complete -p sluice >/dev/null || exit 9
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
_sluice
printf '%s\\n' "${COMPREPLY[@]}"
'''


# What is typed is not run, but printed.
ZSHRC = '''\
autoload -U compinit
compinit -D -u
source %s
sluice() { print -r -- "<<$*>>" }
PS1='ready>'
'''


class Terminal:
    """A program with a terminal of its own."""

    def __init__(self, *command, environment):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execvpe(command[0], command, {'PATH': BUILD + ':' + os.environ['PATH'], **environment})
        self.shown = ''

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.kill(self.pid, signal.SIGKILL)
        os.close(self.fd)
        os.waitpid(self.pid, 0)

    def write(self, text):
        os.write(self.fd, text.encode())

    def read_until(self, pattern, seconds=30):
        """Waits until what is shown has the pattern. Returns the match, and forgets what was before its end."""
        end = time.monotonic() + patience(seconds)
        while not (found := re.search(pattern, self.shown)):
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.fd], [], [], left)[0]:
                raise AssertionError(f'{pattern} is not shown: {self.shown!r}')
            self.shown += os.read(self.fd, 4096).decode(errors='replace')
        self.shown = self.shown[found.end():]
        return found


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True, timeout=patience(30),
                          env={'PATH': BUILD + ':' + os.environ['PATH'], 'HOME': '/nonexistent'})
    return done.returncode, done.stdout, done.stderr


class Completion(unittest.TestCase):
    def setUp(self):
        self.folder = temporary_folder()
        self.addCleanup(self.folder.cleanup)

    def script(self, shell):
        status, output, error = run_sluice('completion', shell)
        self.assertEqual((status, error), (0, ''))
        path = os.path.join(self.folder.name, shell)
        with open(path, 'w') as out:
            out.write(output)
        return path

    def bash(self, *words):
        status, output, error = run('bash', '--norc', '-uc', BASH, 'bash', self.script('bash'), 'sluice', *words)
        self.assertEqual((status, error), (0, ''))
        return output.split()

    def test_bash_offers_commands(self):
        self.assertEqual(self.bash('ch'), ['check'])
        self.assertEqual(self.bash('re'), ['reload', 'replay'])
        self.assertEqual(self.bash('help', 'new'), ['new-plugin'])
        self.assertIn('serve', self.bash(''))

    def test_bash_offers_the_options_of_the_command_and_no_others(self):
        self.assertEqual(self.bash('check', '--st'), ['--strict'])
        self.assertEqual(self.bash('serve', '--st'), [])
        self.assertEqual(self.bash('replay', '--ag'), ['--against'])
        self.assertEqual(self.bash('status', '--json', '--tok'), ['--token-file'])
        self.assertIn('--set', self.bash('serve', '-'))

    def test_bash_offers_levels_shells_and_else_files(self):
        self.assertEqual(self.bash('serve', '--log-level', 'd'), ['debug'])
        self.assertEqual(self.bash('completion', ''), ['bash', 'zsh', 'fish'])
        self.assertEqual(self.bash('serve', '-c', 'my'), [])  # Then bash offers files.

    def test_bash_offers_what_an_argument_may_be(self):
        self.assertEqual(self.bash('log', ''), ['reopen'])
        self.assertEqual(self.bash('log', '--js'), ['--json'])
        self.assertEqual(self.bash('plugins', 'rate'), ['rate-limit'])

    def test_other_shells_are_refused(self):
        for arguments in (['csh'], []):
            status, output, error = run_sluice('completion', *arguments)
            self.assertEqual((status, output), (2, ''))
            self.assertIn('bash, zsh or fish', error)

    @unittest.skipUnless(shutil.which('fish'), 'without fish its script is not run')
    def test_fish(self):
        path = self.script('fish')
        for line, expected in (('sluice che', ['check']), ('sluice check --str', ['--strict']),
                               ('sluice replay --ag', ['--against']), ('sluice serve --log-level d', ['debug']),
                               ('sluice serve --stri', []), ('sluice log re', ['reopen']),
                               ('sluice plugins rate', ['rate-limit'])):
            with self.subTest(line):
                status, output, error = run('fish', '--no-config', '-c', f'source {path}; complete -C "{line}"')
                self.assertEqual((status, error), (0, ''))
                self.assertEqual([offer.split('\t')[0] for offer in output.splitlines()], expected)

    @unittest.skipUnless(shutil.which('zsh'), 'without zsh its script is not run')
    def test_zsh(self):
        with open(os.path.join(self.folder.name, '.zshrc'), 'w') as out:
            out.write(ZSHRC % self.script('zsh'))
        with Terminal('zsh', '-d', '-i', environment={'ZDOTDIR': self.folder.name, 'TERM': 'xterm'}) as zsh:
            zsh.read_until('ready>')
            for typed, meant in (('ch', 'check'), ('check --str', 'check --strict'), ('log re', 'log reopen'),
                                 ('completion fi', 'completion fish'), ('serve --log-level d', 'serve --log-level debug'),
                                 ('help new', 'help new-plugin'), ('plugins rate', 'plugins rate-limit'),
                                 ('replay --ag', 'replay --against')):
                with self.subTest(typed):
                    zsh.write(f'sluice {typed}\t\n')
                    self.assertEqual(zsh.read_until(r'<<([a-z].*?) ?>>').group(1), meant)


if __name__ == '__main__':
    unittest.main()

"""sluice completion: real shells complete command lines of sluice."""

import os
import shutil
import subprocess
import unittest

from harness import BUILD, run_sluice, temporary_folder

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


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True, timeout=30,
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
                               ('sluice serve --stri', [])):
            with self.subTest(line):
                status, output, error = run('fish', '--no-config', '-c', f'source {path}; complete -C "{line}"')
                self.assertEqual((status, error), (0, ''))
                self.assertEqual([offer.split('\t')[0] for offer in output.splitlines()], expected)

    @unittest.skipUnless(shutil.which('zsh'), 'without zsh its script is not run')
    def test_zsh(self):
        status, output, error = run('zsh', '-f', '-c', f'autoload -U compinit; compinit -D; source {self.script("zsh")}; '
                                                        'print ${_comps[sluice]}; functions _sluice')
        self.assertEqual((status, error), (0, ''))
        self.assertEqual(output.splitlines()[0], '_sluice')
        self.assertIn('--strict[', output)


if __name__ == '__main__':
    unittest.main()

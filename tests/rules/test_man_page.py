"""docs/man/sluice.1 has every command and every option of the command line, and each command has prose for a page of
its own, of which the build makes the rest."""

import re
import unittest

from tree import exists, text

PAGE = text('docs/man/sluice.1').replace('\\-', '-')


def commands():
    tables = re.findall(r'(?s)(?:commands|extras)\[\] = {(.*?)\n *};', text('core/cli/cli.c') + text('core/main.c'))
    return [name for table in tables for name in re.findall(r'(?m)^ +{"([\w-]+)",', table)]


def options():
    table = re.search(r'(?s)arguments\[\] = {(.*?)\n};', text('core/cli/arguments.c')).group(1)
    return re.findall(r'(?m)^    {"([\w-]+)",', table)


class ManPage(unittest.TestCase):
    def test_has_every_command(self):
        self.assertGreater(len(commands()), 10)
        there = re.findall(r'(?m)^\.TP\n\.B\w? ([\w-]+)', PAGE)
        self.assertEqual([name for name in commands() if name not in there], [])

    def test_each_command_has_the_prose_of_a_page_of_its_own(self):
        for name in commands():
            self.assertTrue(exists(f'docs/man/sluice-{name}.roff'),
                            f"docs/man/sluice-{name}.roff is missing: what the man page of 'sluice {name}' says besides its "
                            'help and its options; a line of prose, and perhaps .SH EXAMPLES')

    def test_has_every_option(self):
        self.assertGreater(len(options()), 10)
        self.assertEqual([name for name in options() if f'--{name}' not in PAGE], [])


if __name__ == '__main__':
    unittest.main()

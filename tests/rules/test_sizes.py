"""No file is longer than 400 lines. Tables and state machines may be: their first comment then says `Long on
purpose:` and why. (Functions are measured by clang-tidy, see .clang-tidy.)"""

import re
import unittest

from tree import expect_exactly, files, text

LINES = 400
MARK = 'Long on purpose: '

# The whole contract with plugins stands in one header.
ONE_HEADER = 'plugin-sdk/include/sluice/plugin.h'

# Files that are longer all the same. The table only shrinks.
NOT_YET = {
}


def says_why(source):
    """Whether the first comment of a file, in its first lines, has the mark."""
    comment = re.match(r'(?s)(?:#[^\n]*\n|\s)*(/\*.*?\*/|""".*?""")', source)
    return comment is not None and MARK in re.sub(r'\s*\n\s*\*?\s*', ' ', comment.group(1))


class Sizes(unittest.TestCase):
    def test_no_file_is_longer_than_400_lines(self):
        found = {}
        for path in files('core', 'plugins', 'plugin-sdk', 'tests', endings=('.c', '.h', '.cpp', '.py', '.go', '.mjs')):
            lines = text(path).count('\n')
            if lines > LINES and path != ONE_HEADER and not says_why(text(path)):
                found[path] = f'{path} has {lines} lines'
        expect_exactly(self, found, NOT_YET, 'NOT_YET')

    def test_the_mark_counts_in_the_first_comment_only(self):
        self.assertTrue(says_why('/*\n * States.\n *\n * Long on\n * purpose: a state machine.\n */\n'))
        self.assertTrue(says_why('#include "x.h"\n\n/* Long on purpose: a table. */\nint x;\n'))
        self.assertFalse(says_why('/* States. */\nint x; /* Long on purpose: a table. */\n'))
        self.assertFalse(says_why('int x;\n/* Long on purpose: a table. */\n'))


if __name__ == '__main__':
    unittest.main()

"""CONTRIBUTING.md names files, functions and tests that exist."""

import os
import re
import unittest

import named_tests
from tree import ROOT, files, text

PAGE = text('CONTRIBUTING.md')
NAME = re.compile(r'[a-z]\w*_\w+')
PLACEHOLDER = re.compile(r'NAME|(?<![A-Za-z])[XN](?![A-Za-z])|\*|\.\.\.')


class Contributing(unittest.TestCase):
    def words(self):
        """What stands in backticks, without what has placeholders (NAME, X, ...) in it."""
        return {word for word in re.findall(r'`([^`\n]+)`', PAGE) if not PLACEHOLDER.search(word)}

    def test_files_exist(self):
        places = [word for word in self.words() if re.match(r'(?:core|docs|plugins|plugin-sdk|scripts|tests)/', word)]
        self.assertGreater(len(places), 20)
        self.assertEqual([place for place in places if not os.path.exists(os.path.join(ROOT, place.split()[0]))], [])

    def test_tests_exist(self):
        self.assertEqual(named_tests.missing(PAGE), [])
        rules = {word[6:] for word in self.words() if word.startswith('rules/')}
        self.assertGreater(len(rules), 4)
        for name in rules:
            self.assertTrue(os.path.exists(os.path.join(ROOT, 'tests', 'rules', f'test_{name}.py')), name)
        for name in (word[5:] for word in self.words() if word.startswith('unit/')):
            folder, _, file = name.rpartition('/')
            self.assertTrue(os.path.exists(os.path.join(ROOT, 'tests', 'unit', folder, f'test_{file}.c')), name)

    def test_functions_exist(self):
        code = '\n'.join(text(path) for path in files('core', 'plugin-sdk', 'tests', endings=('.c', '.h', '.py', '.txt')))
        names = {word for word in self.words() if NAME.fullmatch(word)}
        self.assertGreater(len(names), 8)
        self.assertEqual([name for name in names if not re.search(rf'\b{name}\b', code)], [])


if __name__ == '__main__':
    unittest.main()

"""docs/principles.md: its rules are numbered, each says why, and each names tests that exist."""

import re
import unittest

import named_tests
from tree import text

RULE = re.compile(r'^## (\d+)\. (.+)$', re.MULTILINE)


def rules():
    """(number, title, text) of each rule."""
    parts = RULE.split(text('docs/principles.md'))[1:]
    return [(int(number), title, body) for number, title, body in zip(*[iter(parts)] * 3)]


class PrinciplesPage(unittest.TestCase):
    def test_rules_are_numbered_in_order(self):
        numbers = [number for number, _, _ in rules()]
        self.assertEqual(numbers, list(range(1, len(numbers) + 1)))
        self.assertGreaterEqual(len(numbers), 12)

    def test_each_rule_says_why_and_names_tests_that_exist(self):
        for number, title, body in rules():
            with self.subTest(f'{number}. {title}'):
                self.assertIn('**Why:**', body)
                held = body.partition('**Held by:**')[2]
                self.assertTrue(named_tests.names(held), 'this rule names no test')
                self.assertEqual(len(named_tests.names(held)), held.count('`') // 2, held)
                self.assertEqual(named_tests.missing(held), [])


if __name__ == '__main__':
    unittest.main()

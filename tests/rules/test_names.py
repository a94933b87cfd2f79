"""What docs/architecture.md names is there: functions, structs, files and settings in `code`, and the functions in
its drawings."""

import re
import unittest

from tree import files, text

PAGE = 'docs/architecture.md'
NAME = re.compile(r'[a-z][a-z0-9]*(?:_[a-z0-9]+)+')  # names of one word are too common to be looked for


def words_of(page):
    """Names in backticks, and names in the drawings."""
    drawings = re.findall(r'(?ms)^```$(.*?)^```$', page)
    prose = re.sub(r'(?ms)^```$.*?^```$', '', page)
    found = set()
    for part in re.findall(r'`([^`\n]+)`', prose) + drawings:
        found |= set(re.findall(r'(?<![\w/.-])[a-z][\w]*(?![\w/*])', part))
    return {word for word in found if NAME.fullmatch(word)}


def files_of(page):
    return set(re.findall(r'[\w/-]+\.(?:c|h|py)\b', page))


class Names(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.page = text(PAGE)
        cls.paths = files('core', 'tests', 'plugin-sdk', endings=('.c', '.h', '.py'))
        known = files('core', 'plugin-sdk', 'tests/rules', endings=('.c', '.h', '.py'))
        cls.sources = '\n'.join(text(path) for path in known)

    def test_each_function_and_struct_exists(self):
        missing = {word for word in words_of(self.page) if not re.search(rf'\b{word}\b', self.sources)}
        self.assertEqual(sorted(missing - {path.rsplit('/', 1)[-1].split('.')[0] for path in self.paths}), [])

    def test_each_file_exists(self):
        missing = {name for name in files_of(self.page)
                   if not any(path == name or path.endswith('/' + name) for path in self.paths)}
        self.assertEqual(sorted(missing), [])

    def test_names_are_found_in_prose_and_in_drawings(self):
        page = 'See `struct two_words` in `core/x/some_file.c`.\n```\n  do_this  then\n```\n'
        self.assertEqual(words_of(page) - {'some_file'}, {'two_words', 'do_this'})
        self.assertEqual(files_of(page), {'core/x/some_file.c'})


if __name__ == '__main__':
    unittest.main()

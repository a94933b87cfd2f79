"""A folder of core/ includes only what lies below it, as the table in docs/architecture.md says; plugins include
only the SDK and their own files, and the SDK includes nothing of the server's."""

import os
import re
import unittest

from tree import expect_exactly, files, text

PAGE = 'docs/architecture.md'
LIBRARIES = {'CivetWeb': 'civetweb.h', 'OpenSSL': 'openssl/', 'libyaml': 'yaml.h', 'cJSON': 'cjson/', 'zlib': 'zlib.h',
             'liburing': 'liburing.h', 'libcurl': 'curl/', 'SQLite': 'sqlite3.h'}

# Folders that include what they may not: (from, to). The table only shrinks.
NOT_YET = set()


def read_table(page):
    """Each folder's floor (`top`: 9) and what it may include besides what lies below."""
    table = {}
    for floor, folder, beside in re.findall(r'(?m)^\| (\d|top) \| `([\w.]+)/?` \|[^|]*\|([^|]*)\|$', page):
        table[folder] = (9 if floor == 'top' else int(floor),
                         {word.strip().strip('`').rstrip('/') for word in beside.split(',')} - {''})
    return table


def folder_of(path):
    """The folder of core/ that a file belongs to; main.c is a floor of its own."""
    return path.split('/')[1]


def includes(source):
    return re.findall(r'^\s*#\s*include\s+["<]([^">]+)[">]', source, re.MULTILINE)


def resolved(path, name, known):
    """The project's file that an #include in `path` means; None if the name is the system's or a library's."""
    own = [os.path.dirname(path)]
    if path.startswith('plugins/'):
        own.append('/'.join(path.split('/')[:2]))
    for folder in own + ['core', 'plugin-sdk/include']:
        candidate = os.path.normpath(os.path.join(folder, name))
        if candidate in known:
            return candidate
    return None


def may_include(table, one, other):
    floor, beside = table[one]
    return one == other or table[other][0] < floor or other in beside


def wrong_pairs(sources, table):
    """(from, to) of each #include between folders of core/ that the table forbids, with one place where it is."""
    found = {}
    for path, source in sources.items():
        for name in includes(source) if path.startswith('core/') else ():
            target = resolved(path, name, sources)
            if target and target.startswith('core/'):
                pair = folder_of(path), folder_of(target)
                if not may_include(table, *pair):
                    found.setdefault(pair, f'{path} includes {target}')
    return found


def wrong_includes(sources):
    """What plugins and the SDK include of others. Tests of plugins may include the tests' own tools."""
    found = []
    for path, source in sources.items():
        own = '/'.join(path.split('/')[:2]) + '/' if path.startswith('plugins/') else 'plugin-sdk/'
        if path.startswith('core/') or '/tests/' in path:
            continue
        for name in includes(source):
            target = resolved(path, name, sources)
            if target and not target.startswith((own, 'plugin-sdk/include/')):
                found.append(f'{path} includes {target}')
    return found


def libraries_of(sources):
    """The libraries that each folder of core/ includes."""
    found = {}
    for path, source in sources.items():
        for name in includes(source) if path.startswith('core/') else ():
            found.setdefault(folder_of(path), set()).update(
                library for library, start in LIBRARIES.items() if name.startswith(start))
    return found


class Floors(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.table = read_table(text(PAGE))
        cls.sources = {path: text(path) for path in files('core', 'plugins', 'plugin-sdk')}

    def test_the_table_has_each_folder_once(self):
        there = {folder_of(path) for path in self.sources if path.startswith('core/')}
        self.assertEqual(sorted(self.table), sorted(there))

    def test_a_folder_includes_only_what_lies_below(self):
        expect_exactly(self, wrong_pairs(self.sources, self.table), NOT_YET, 'NOT_YET')

    def test_a_folder_includes_the_libraries_of_its_row(self):
        used = libraries_of(self.sources)
        for folder in self.table:
            with self.subTest(folder):
                self.assertEqual(used[folder], self.table[folder][1] & set(LIBRARIES))

    def test_besides_what_lies_below_there_are_libraries_and_folders(self):
        for folder, (_, beside) in self.table.items():
            self.assertLessEqual(beside, set(LIBRARIES) | set(self.table), folder)

    def test_plugins_and_sdk_include_nothing_of_others(self):
        self.assertEqual(wrong_includes(self.sources), [])


class FloorsOfAnExample(unittest.TestCase):
    """What the rules above find, on a tree that breaks them."""
    table = {'hub': (5, set()), 'ws': (2, set()), 'loop': (2, set()), 'admin': (7, {'front'}), 'front': (7, set())}

    def pairs(self, path, include):
        headers = {f'core/{folder}/{folder}.h': '' for folder in self.table}
        return set(wrong_pairs({**headers, path: f'#include "{include}"\n'}, self.table))

    def test_what_lies_below_may_be_included_and_nothing_else(self):
        self.assertEqual(self.pairs('core/hub/x.c', 'ws/ws.h'), set())
        self.assertEqual(self.pairs('core/hub/x.c', 'hub.h'), set())
        self.assertEqual(self.pairs('core/ws/x.c', 'hub/hub.h'), {('ws', 'hub')})
        self.assertEqual(self.pairs('core/ws/x.c', 'loop/loop.h'), {('ws', 'loop')})
        self.assertEqual(self.pairs('core/ws/x.c', '../loop/loop.h'), {('ws', 'loop')})
        self.assertEqual(self.pairs('core/admin/x.c', 'front/front.h'), set())
        self.assertEqual(self.pairs('core/front/x.c', 'admin/admin.h'), {('front', 'admin')})

    def test_a_plugin_may_not_include_the_server_nor_another_plugin(self):
        tree = {'core/ws/ws.h': '', 'plugins/b/b.h': '', 'plugin-sdk/include/sluice/plugin.h': ''}
        for include, good in (('ws/ws.h', False), ('../b/b.h', False), ('sluice/plugin.h', True), ('stdio.h', True)):
            tree['plugins/a/a.c'] = f'# include "{include}"\n'
            self.assertEqual(wrong_includes(tree) == [], good, include)

    def test_the_sdk_may_not_include_the_server(self):
        tree = {'core/ws/ws.h': '', 'plugin-sdk/examples/echo/echo.c': '#include <ws/ws.h>\n'}
        self.assertEqual(wrong_includes(tree), ['plugin-sdk/examples/echo/echo.c includes core/ws/ws.h'])


if __name__ == '__main__':
    unittest.main()

"""The project's files as the tests of rules read them, and what these tests share."""

import functools
import os

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PASSED_OVER = {'node_modules', '__pycache__', 'corpus'}


@functools.cache
def text(path):
    """The text of a file, by its path in the project."""
    with open(os.path.join(ROOT, path), encoding='utf-8') as file:
        return file.read()


def exists(path):
    return os.path.isfile(os.path.join(ROOT, path))


def files(*folders, endings=('.c', '.h')):
    """Paths of all files below these folders that end in one of these ways."""
    found = []
    for folder in folders:
        for place, below, names in os.walk(os.path.join(ROOT, folder)):
            below[:] = sorted(set(below) - PASSED_OVER)
            found += [os.path.relpath(os.path.join(place, name), ROOT)
                      for name in sorted(names) if name.endswith(endings)]
    return found


def expect_exactly(test, found, known, table):
    """Fails if something is found that the table does not have, and if the table has what is not found."""
    new = sorted(set(found) - set(known))
    gone = sorted(set(known) - set(found))
    lines = [f'  breaks the rule: {found[one] if isinstance(found, dict) else one}' for one in new]
    lines += [f'  keeps the rule now, take it out of {table}: {one}' for one in gone]
    if lines:
        test.fail('\n' + '\n'.join(lines))

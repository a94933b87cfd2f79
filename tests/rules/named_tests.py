"""Tests that pages name: `test_module.Class.test_name` of the integration tests, and `path: name` of unit tests,
scenarios and tests of rules."""

import re

from tree import exists, files, text

INTEGRATION = re.compile(r'`(test_\w+)\.(\w+)\.(test_\w+)`')
OTHER = re.compile(r'`((?:tests|plugins|plugin-sdk)/[\w./-]+\.(?:c|yaml|py)): ([^`]+)`')


def _homes(path, name):
    """The files in which the tests of a class may stand: its own, and those of the harness that its bases are from."""
    start = re.search(rf'^class {name}\b(?:\(([^)]*)\))?', text(path), re.MULTILINE)
    if not start:
        return []
    bases = re.findall(r'\w+', start.group(1) or '')
    return [path] + [home for home in files('tests/integration/harness', endings=('.py',))
                     if any(re.search(rf'^class {base}\b', text(home), re.MULTILINE) for base in bases)]


def _is_integration_test(module, name, test):
    path = f'tests/integration/{module}.py'
    return exists(path) and any(re.search(rf'^    def {test}\(', text(home), re.MULTILINE)
                                for home in _homes(path, name))


def _is_other_test(path, name):
    return exists(path) and re.search(rf'\b{re.escape(name)}\b', text(path))


def names(page):
    """All tests that a text names, as it writes them."""
    return ['.'.join(parts) for parts in INTEGRATION.findall(page)] + \
        [': '.join(parts) for parts in OTHER.findall(page)]


def missing(page):
    """Those of them that do not exist."""
    return ['.'.join(parts) for parts in INTEGRATION.findall(page) if not _is_integration_test(*parts)] + \
        [': '.join(parts) for parts in OTHER.findall(page) if not _is_other_test(*parts)]

"""The packages' control files agree with scripts/setup, with the installation, and with what the packages contain; the
Containerfile with the page that describes it."""

import re
import unittest

from tree import text

CONTROL = 'packaging/debian/control'
# What each Debian system that builds packages has, and what only fetching CivetWeb's source takes.
NOT_OF_THE_BUILD = {'build-essential', 'xz-utils', 'patch', 'ca-certificates'}


def shell_array(script, name):
    return set(re.search(rf'^{name}=\(([^)]*)\)', text(script), re.MULTILINE)[1].split())


def field(name):
    value = re.search(rf'^{name}: (.*(?:\n .*)*)', text(CONTROL), re.MULTILINE)[1]
    return [re.sub(r' \(.*', '', part.strip()) for part in value.split(',')]


class Packaging(unittest.TestCase):
    def test_packages_are_built_with_what_setup_installs(self):
        needed = {name for name in field('Build-Depends') if not name.startswith(('debhelper', 'dh-sequence'))}
        self.assertEqual(needed, shell_array('scripts/setup', 'build_packages') - NOT_OF_THE_BUILD)

    def test_each_component_of_the_installation_is_a_package(self):
        packages = set(re.findall(r'^Package: (.*)$', text(CONTROL), re.MULTILINE))
        installed = text('CMakeLists.txt') + text('plugin-sdk/CMakeLists.txt')
        named = set(re.findall(r'(?:COMPONENT|DEFAULT_COMPONENT_NAME) ([\w-]+)', installed))
        self.assertEqual(named, packages)

    def test_the_maintainer_is_no_person(self):
        self.assertEqual(field('Maintainer'), ['Sluice developers <developers@sluice.example.org>'])

    def test_purging_removes_every_folder_that_the_unit_makes(self):
        unit = text('config/systemd/sluice.service.in')
        script = text('packaging/debian/sluice.postrm')
        for key, place in (('LogsDirectory', '/var/log/'), ('StateDirectory', '/var/lib/')):
            folder = place + re.search(rf'^{key}=(.*)$', unit, re.MULTILINE)[1]
            self.assertIn(folder, script.split())
        self.assertIn('/etc/sluice', script.split())

    def test_sysusers_makes_the_user_of_the_unit(self):
        user = re.search(r'^User=(.*)$', text('config/systemd/sluice.service.in'), re.MULTILINE)[1]
        self.assertRegex(text('config/systemd/sluice.conf'), rf'(?m)^u {user} ')

    def test_the_container_runs_as_the_user_that_the_page_names(self):
        number, group = re.search(r'^USER (\d+):(\d+)$', text('Containerfile'), re.MULTILINE).groups()
        self.assertIn(f'number {number}, group {group}', text('docs/operations.md'))
        self.assertIn(f'groupadd --gid {group} sluice', text('Containerfile'))
        self.assertIn(f'useradd --uid {number} --gid sluice ', text('Containerfile'))

    def test_the_container_is_given_more_time_to_stop_than_the_server_takes(self):
        keys = dict(re.findall(r'^\| `((?:shutdown|watchdog)\.\w+)` \| duration \| `(\d+)s?` ', text('docs/configuration.md'),
                               re.MULTILINE))
        takes = sum(int(keys[key]) for key in ('shutdown.delay', 'shutdown.grace', 'watchdog.stop'))
        page = text('docs/operations.md')
        self.assertIn(f'together, {takes} s unless said', page)
        self.assertGreater(int(re.search(r'--stop-timeout (\d+)', page)[1]), takes)

    def test_what_git_ignores_does_not_go_into_the_image(self):
        ignored = {line.strip('/') for line in text('.gitignore').splitlines() if not line.startswith('#')}
        left_out = {line.removeprefix('**/') for line in text('.containerignore').splitlines()}
        self.assertEqual({name for name in ignored - left_out if not name.startswith('build')}, set())
        self.assertTrue({'build*', '.git'} <= left_out)


if __name__ == '__main__':
    unittest.main()

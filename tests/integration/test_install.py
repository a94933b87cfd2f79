"""An installation: what `cmake --install` lays out is enough to serve and to build a plugin with."""

import os
import shutil
import unittest

from harness import ROOT, InstalledTest, run, sanitized

PROJECT = '''\
cmake_minimum_required(VERSION 3.25)
project(mine LANGUAGES C)
find_package(Sluice 0.1 REQUIRED)
sluice_add_plugin(echo echo.c)
'''

CONFIGURATION = '''\
listen: [{address: "127.0.0.1:0"}]
plugins: {path: ["%s"]}
endpoints: [{path: /ws, pipeline: [{plugin: echo}]}]
'''


@unittest.skipIf(sanitized(), 'the same files as without a sanitizer')
class Install(InstalledTest):
    def sluice(self, *arguments):
        return run(self.installed('bin', 'sluice'), *arguments, cwd=self.folder).stdout

    def build_outside_the_tree(self):
        """Builds the echo example against the prefix only; returns the folder of the plugin."""
        project = os.path.join(self.folder, 'mine')
        os.makedirs(project, exist_ok=True)
        shutil.copy(os.path.join(ROOT, 'plugin-sdk', 'examples', 'echo', 'echo.c'), project)
        with open(os.path.join(project, 'CMakeLists.txt'), 'w', encoding='utf-8') as file:
            file.write(PROJECT)
        build = os.path.join(project, 'build')
        run('cmake', '-S', project, '-B', build, f'-DCMAKE_PREFIX_PATH={self.prefix}')
        run('cmake', '--build', build)
        return os.path.join(build, 'plugins')

    def test_finds_its_own_configuration_and_plugins(self):
        said = self.sluice('check')
        self.assertIn(self.installed('etc', 'sluice', 'sluice.yaml'), said)
        self.assertIn('rate-limit -> validate -> broadcast', said)

    def test_completions_are_where_shells_look(self):
        for shell, where in (('bash', ('bash-completion', 'completions', 'sluice')),
                             ('zsh', ('zsh', 'site-functions', '_sluice')),
                             ('fish', ('fish', 'vendor_completions.d', 'sluice.fish'))):
            with open(self.installed('share', *where), encoding='utf-8') as file:
                self.assertEqual(file.read(), self.sluice('completion', shell))

    def test_every_plugin_that_ships_is_installed(self):
        said = self.sluice('plugins')
        for name in os.listdir(os.path.join(ROOT, 'plugins')):
            if os.path.isdir(os.path.join(ROOT, 'plugins', name)):
                self.assertRegex(said, rf'(?m)^{name} ')

    def test_cmake_package_builds_a_plugin(self):
        plugins = self.build_outside_the_tree()
        with open(os.path.join(self.folder, 'mine.yaml'), 'w', encoding='utf-8') as file:
            file.write(CONFIGURATION % plugins)
        self.assertIn('/ws: echo -> broadcast', self.sluice('check', '-c', 'mine.yaml'))

    def test_pkg_config_knows_the_header(self):
        environment = dict(os.environ, PKG_CONFIG_PATH=self.installed('lib', 'pkgconfig'))
        flags = run('pkg-config', '--cflags', 'sluice', env=environment).stdout.split()
        source = os.path.join(ROOT, 'plugin-sdk', 'examples', 'echo', 'echo.c')
        run('cc', '-shared', '-fPIC', *flags, source, '-o',
            os.path.join(self.folder, 'echo.so'))

    def test_service_unit_names_the_installed_binary(self):
        unit = self.installed('lib', 'systemd', 'system', 'sluice.service')
        with open(unit, encoding='utf-8') as file:
            self.assertIn(f'ExecStart={self.prefix}/bin/sluice serve\n', file.read())


if __name__ == '__main__':
    unittest.main()

"""The admin listener's Unix socket, and who gets the admin token."""

import json
import os
import re
import socket
import stat
import threading
import unittest

from harness import Sluice, patience, run_sluice, settings, temporary_folder, wait_until

ADDRESS = re.compile(r'admin on (unix:[^\s"]+)')
TOKEN = '0123456789abcdef0123456789abcdef'


class SocketSluice(Sluice):
    """A server whose admin listener is a socket in its folder, and others if asked for."""

    def __init__(self, *others, **admin):
        super().__init__()
        self.path = os.path.join(self.folder.name, 'run', 'admin.sock')
        if 'token_file' in admin:
            with open(os.path.join(self.folder.name, 'token'), 'w', encoding='ascii') as file:
                file.write(TOKEN + '\n')
            os.chmod(file.name, 0o600)
        listen = [f'unix:{self.path}', *others]
        self.write(settings(admin={'listen': listen if others else listen[0], **admin}))
        self.listen_count = len(listen)

    def _is_ready(self):
        self.has_admin = self.listen_count > 1
        return bool(super()._is_ready() and ADDRESS.search(self.log()))

    def command(self, *arguments):
        return run_sluice(arguments[0], '-c', self.file, *arguments[1:])


def mode_of(path):
    return stat.S_IMODE(os.stat(path).st_mode)


class AdminSocket(unittest.TestCase):
    def serve(self, *others, **admin):
        server = SocketSluice(*others, **admin).start()
        self.addCleanup(server.abandon)
        return server

    def test_commands_use_it(self):
        server = self.serve()
        for command in (['status'], ['clients'], ['reload']):
            self.assertEqual(server.command(*command)[0], 0, command)
        status, out, _ = run_sluice('status', '--admin', f'unix:{server.path}', '--json')
        self.assertEqual((status, json.loads(out)['clients']), (0, 0))
        self.assertEqual(run_sluice('status', '--admin', server.path)[0], 0)

    def test_is_for_its_owner_and_goes_with_the_server(self):
        server = self.serve()
        self.assertEqual(mode_of(server.path), 0o600)
        server.stop()
        self.assertFalse(os.path.exists(server.path))

    def test_may_be_for_the_group(self):
        server = self.serve(socket_mode='0660')
        self.assertEqual(mode_of(server.path), 0o660)

    def test_needs_no_token_beside_an_address_that_does(self):
        server = self.serve('127.0.0.1:0', token_file='token')
        self.assertEqual(server.command('status')[0], 0)
        status, _, error = run_sluice('status', '--admin', server.admin_urls[0])
        self.assertEqual(status, 1)
        self.assertIn('401', error)

    def test_socket_that_was_left_behind_is_replaced(self):
        server = SocketSluice()
        os.mkdir(os.path.dirname(server.path))
        with socket.socket(socket.AF_UNIX) as left:
            left.bind(server.path)
            left.listen()
        server.start()
        self.addCleanup(server.abandon)
        self.assertEqual(server.command('status')[0], 0)

    def refused(self, server, because):
        status, _, error = run_sluice('serve', '-c', server.file)
        self.assertEqual(status, 1)
        self.assertIn(f'cannot listen on unix:{server.path}: {because}', error)

    def test_socket_of_another_server_is_left_alone(self):
        server = self.serve()
        self.refused(server, 'another server listens there')
        self.assertEqual(server.command('status')[0], 0)

    def test_file_that_is_no_socket_is_left_alone(self):
        server = SocketSluice()
        os.mkdir(os.path.dirname(server.path))
        with open(server.path, 'w', encoding='ascii') as file:
            file.write('precious')
        self.refused(server, 'there is a file that is not a socket')
        self.assertTrue(os.path.exists(server.path))
        server.folder.cleanup()

    def test_socket_of_another_kind_is_left_alone(self):
        server = SocketSluice()
        os.mkdir(os.path.dirname(server.path))
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as other:
            other.bind(server.path)
            before = os.lstat(server.path).st_ino
            self.refused(server, 'there is a socket that something else uses')
            self.assertEqual(os.lstat(server.path).st_ino, before)
        server.folder.cleanup()

    def test_folder_that_cannot_be_made_is_said(self):
        server = SocketSluice()
        server.path = os.path.join(server.folder.name, 'a', 'b', 'admin.sock')
        server.write(settings(admin={'listen': f'unix:{server.path}'}))
        self.refused(server, 'its folder does not exist')
        server.folder.cleanup()

    def test_paths_are_checked(self):
        with temporary_folder() as folder:
            file = os.path.join(folder, 'sluice.yaml')
            for listen, why in (('unix:admin.sock', 'is absolute'),
                                ('unix:/' + 'x' * 100, 'may have 100 bytes'),
                                (['unix:/a', 'unix:/a'], 'twice'), ([], 'is empty')):
                with open(file, 'w', encoding='utf-8') as out:
                    json.dump(settings(admin={'listen': listen}), out)
                status, _, error = run_sluice('check', '-c', file)
                self.assertEqual(status, 1)
                self.assertIn(why, error)

    @unittest.skipUnless(os.geteuid() == 0, 'only root can listen as somebody else')
    def test_socket_of_another_user_is_not_asked(self):
        with temporary_folder() as folder:
            os.chmod(folder, 0o1777)
            path = os.path.join(folder, 'admin.sock')
            child = os.fork()
            if child == 0:
                os.setuid(12345)
                with socket.socket(socket.AF_UNIX) as listener:
                    listener.bind(path)
                    listener.listen()
                    listener.settimeout(30)
                    try:
                        listener.accept()[0].recv(1000)
                    finally:
                        os._exit(0)
            wait_until(lambda: os.path.exists(path), 'the socket of another user')
            status, _, error = wait_until(
                lambda: self.asked(path), 'the other user listens')
            os.waitpid(child, 0)
        self.assertEqual(status, 1)
        self.assertIn('belongs to another user', error)

    @staticmethod
    def asked(path):
        """What the command says, unless nobody listens yet."""
        said = run_sluice('status', '--admin', f'unix:{path}')
        return None if 'is it running?' in said[2] else said


class Token(unittest.TestCase):
    """What a token is sent to."""

    def ask(self, folder, listen):
        """Runs `sluice status` with a configuration that has a token."""
        with open(os.path.join(folder, 'token'), 'w', encoding='ascii') as file:
            file.write(TOKEN + '\n')
        os.chmod(file.name, 0o600)
        file = os.path.join(folder, 'sluice.yaml')
        with open(file, 'w', encoding='utf-8') as out:
            json.dump(settings(admin={'listen': listen, 'token_file': 'token'}), out)
        return run_sluice('status', '-c', file)

    def test_is_not_sent_to_who_listens_on_the_port_where_there_is_a_socket(self):
        heard = []
        with temporary_folder() as folder, socket.create_server(('127.0.0.1', 0)) as impostor:
            port = impostor.getsockname()[1]
            impostor.settimeout(patience(0.2))

            def listen():
                try:
                    with impostor.accept()[0] as sock:
                        heard.append(sock.recv(4096))
                except OSError:
                    pass
            thread = threading.Thread(target=listen)
            thread.start()
            path = os.path.join(folder, 'admin.sock')
            status, _, error = self.ask(folder, [f'127.0.0.1:{port}', f'unix:{path}'])
            thread.join()
        self.assertEqual(status, 1)
        self.assertIn(f'no server answers on unix:{path}', error)
        self.assertEqual(heard, [])

    def test_server_warns_of_clear_text(self):
        with temporary_folder() as folder:
            with open(os.path.join(folder, 'token'), 'w', encoding='ascii') as file:
                file.write(TOKEN + '\n')
            os.chmod(file.name, 0o600)
            server = Sluice(settings(admin={'listen': '0.0.0.0:0', 'token_file': file.name}))
            server.start()
            self.addCleanup(server.abandon)
            wait_until(lambda: 'the admin token travels in clear text to 0.0.0.0:0' in server.log(),
                       'the warning')


if __name__ == '__main__':
    unittest.main()

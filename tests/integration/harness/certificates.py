"""Throw-away certificates, made with the openssl program."""

import datetime
import hashlib
import os
import ssl
import subprocess

from .server import temporary_folder

EXTENSIONS = 'subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1'


class Certificates:
    """A server certificate signed by itself, and a CA with one client certificate."""

    def __init__(self):
        self.folder = temporary_folder()
        self._self_signed('server', '/CN=localhost', '-addext', EXTENSIONS)
        self._self_signed('other', '/CN=other', '-addext', EXTENSIONS)
        self._self_signed('ca', '/CN=test CA')
        self._signed_by_ca('client', '/CN=alice')

    def path(self, name):
        return os.path.join(self.folder.name, name)

    @property
    def certificate(self):
        return self.path('server.crt')

    @property
    def key(self):
        return self.path('server.key')

    @property
    def tls(self):
        """What a listener's `tls` says of them."""
        return {'certificate': self.certificate, 'key': self.key}

    def client_context(self, with_certificate=False):
        """A context that trusts the server's certificate and nothing else."""
        context = ssl.create_default_context(cafile=self.certificate)
        if with_certificate:
            context.load_cert_chain(self.path('client.crt'), self.path('client.key'))
        return context

    def fingerprint(self, name):
        """The SHA-256 of a certificate in hexadecimal."""
        with open(self.path(f'{name}.crt')) as file:
            return hashlib.sha256(ssl.PEM_cert_to_DER_cert(file.read())).hexdigest()

    @staticmethod
    def public_pem():
        """The public half of a new RSA key, PEM."""
        key = subprocess.run(['openssl', 'genrsa', '2048'], check=True, capture_output=True).stdout
        return subprocess.run(['openssl', 'rsa', '-pubout'], input=key, check=True,
                              capture_output=True).stdout.decode()

    def cleanup(self):
        self.folder.cleanup()

    def _run(self, *arguments):
        subprocess.run(['openssl', *arguments], check=True, capture_output=True)

    def _new_key(self):
        return ('-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes')

    def _self_signed(self, name, subject, *more):
        self._run('req', '-x509', *self._new_key(), '-days', '2', '-subj', subject,
                  '-keyout', self.path(f'{name}.key'), '-out', self.path(f'{name}.crt'), *more)

    def _signed_by_ca(self, name, subject):
        request = self.path(f'{name}.csr')
        self._run('req', '-new', *self._new_key(), '-subj', subject,
                  '-keyout', self.path(f'{name}.key'), '-out', request)
        self._run('x509', '-req', '-in', request, '-days', '2', '-CA', self.path('ca.crt'),
                  '-CAkey', self.path('ca.key'), '-CAcreateserial',
                  '-out', self.path(f'{name}.crt'))


class Authority(Certificates):
    """Certificates with any end, and revocation lists, of the CA."""

    def __init__(self):
        super().__init__()
        self._write('ca.cnf', f'''[ca]
default_ca = test
[test]
database = {self.path('index.txt')}
new_certs_dir = {self.folder.name}
serial = {self.path('ca.serial')}
crlnumber = {self.path('ca.crlnumber')}
certificate = {self.path('ca.crt')}
private_key = {self.path('ca.key')}
default_md = sha256
default_crl_days = 30
unique_subject = no
policy = any
[any]
commonName = supplied
''')
        self._write('index.txt', '')
        self._write('ca.serial', '1000\n')
        self._write('ca.crlnumber', '1000\n')

    def _write(self, name, text):
        with open(self.path(name), 'w') as file:
            file.write(text)

    def _ca(self, *arguments):
        self._run('ca', '-batch', '-notext', '-config', self.path('ca.cnf'), *arguments)

    def issue(self, name, seconds=24 * 3600):
        """A client's certificate that ends in so many seconds."""
        now = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
        end = now + datetime.timedelta(seconds=seconds)
        request = self.path(f'{name}.csr')
        self._run('req', '-new', *self._new_key(), '-subj', f'/CN={name}',
                  '-keyout', self.path(f'{name}.key'), '-out', request)
        self._ca('-startdate', (now - datetime.timedelta(hours=1)).strftime('%Y%m%d%H%M%SZ'),
                 '-enddate', end.strftime('%Y%m%d%H%M%SZ'),
                 '-in', request, '-out', self.path(f'{name}.crt'))
        return end

    def revoke(self, name):
        self._ca('-revoke', self.path(f'{name}.crt'))

    def list_revoked(self, name, *arguments):
        self._ca('-gencrl', '-out', self.path(name), *arguments)
        return self.path(name)

    def context(self, name, version=None):
        context = self.client_context()
        context.load_cert_chain(self.path(f'{name}.crt'), self.path(f'{name}.key'))
        if version is not None:
            context.minimum_version = context.maximum_version = version
        return context

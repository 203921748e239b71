"""A Kafka that lets nobody do what was not granted: TLS, SCRAM, client certificates, tokens."""

import os
import socket
import subprocess
import time
from pathlib import Path

from confluent_kafka import KafkaException
from confluent_kafka.admin import (AdminClient, ScramCredentialInfo, ScramMechanism,
                                   UserScramCredentialUpsertion)

CONFIGURATION = """
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,PASSWORD:SASL_SSL,\
CERTIFICATE:SSL,TOKEN:SASL_SSL
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:ANONYMOUS
allow.everyone.if.no.acl.found=false
ssl.keystore.type=PEM
ssl.keystore.location={dir}/server.pem
ssl.truststore.type=PEM
ssl.truststore.location={dir}/ca.crt
listener.name.certificate.ssl.client.auth=required
ssl.principal.mapping.rules=RULE:^CN=([^,]+).*$/$1/
listener.name.password.sasl.enabled.mechanisms=SCRAM-SHA-512
listener.name.password.scram-sha-512.sasl.jaas.config=\
org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.token.sasl.enabled.mechanisms=OAUTHBEARER
listener.name.token.oauthbearer.sasl.jaas.config=\
org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required \
unsecuredLoginStringClaim_sub="broker";
"""


def newer_librdkafka(where):
    """A directory for LD_LIBRARY_PATH with the librdkafka of the Python client: Debian 12's cannot
    log in by SCRAM at this Kafka (see stream/kafka/kafka.c)."""
    import confluent_kafka
    beside = Path(confluent_kafka.__file__).parent.parent / "confluent_kafka.libs"
    (where / "librdkafka.so.1").symlink_to(next(beside.glob("librdkafka-*.so*")))
    return str(where)


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


def openssl(where, *words):
    subprocess.run(["openssl", *words], cwd=where, check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.PIPE)


def certify(where, name, more=()):
    """name.key and name.crt, signed by ca; name.pem holds both."""
    openssl(where, "req", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{name}.key", "-out",
            f"{name}.csr", "-subj", f"/CN={name}")
    openssl(where, "x509", "-req", "-in", f"{name}.csr", "-CA", "ca.crt", "-CAkey", "ca.key",
            "-CAcreateserial", "-days", "30", "-out", f"{name}.crt", *more)
    (where / f"{name}.pem").write_text((where / f"{name}.key").read_text() +
                                       (where / f"{name}.crt").read_text())


class Secured:
    """The broker: `open` is the address of the super user, for the tests' own hands."""

    def __init__(self, script, where):
        self.script, self.dir = script, where / "kafka"
        self.keys = where / "keys"
        self.keys.mkdir()
        openssl(self.keys, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30",
                "-keyout", "ca.key", "-out", "ca.crt", "-subj", "/CN=test authority")
        (self.keys / "names.ext").write_text("subjectAltName=IP:127.0.0.1\n")
        certify(self.keys, "server", ["-extfile", "names.ext"])
        properties = where / "secured.properties"
        properties.write_text(CONFIGURATION.format(dir=self.keys))
        ports = {name: free_port() for name in ("PASSWORD", "CERTIFICATE", "TOKEN")}
        done = subprocess.run(
            [script, "start", "--quiet", "--dir", self.dir, "--properties", properties,
             *(f"--listener={name}:{port}" for name, port in ports.items())],
            check=True, text=True, stdout=subprocess.PIPE)
        self.open = done.stdout.strip()
        self.address = {name: f"127.0.0.1:{port}" for name, port in ports.items()}
        self.admin = AdminClient({"bootstrap.servers": self.open})

    def stop(self):
        subprocess.run([self.script, "stop", "--dir", self.dir], check=True,
                       stdout=subprocess.DEVNULL)

    def add_users(self, names, password):
        changes = [UserScramCredentialUpsertion(
            name, ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096), password.encode(),
            os.urandom(16)) for name in names]
        for future in self.admin.alter_user_scram_credentials(changes).values():
            future.result()
        # The broker applies what its controller has acknowledged a moment later.
        deadline = time.monotonic() + 120
        while not all(self._has_password(name) for name in names):
            assert time.monotonic() < deadline, names
            time.sleep(0.02)

    def _has_password(self, name):
        told = self.admin.describe_user_scram_credentials([name])[name]
        try:
            return bool(told.result().scram_credential_infos)
        except KafkaException as error:
            assert error.args[0].name() == "RESOURCE_NOT_FOUND", error
            return False

    def by_password(self, user, password):
        """A worker's settings."""
        return {"bootstrap.servers": self.address["PASSWORD"],
                "kafka.security.protocol": "SASL_SSL",
                "kafka.ssl.ca.location": self.keys / "ca.crt",
                "kafka.sasl.mechanism": "SCRAM-SHA-512", "kafka.sasl.username": user,
                "kafka.sasl.password": password}

    def by_certificate(self, name):
        certify(self.keys, name)
        return {"bootstrap.servers": self.address["CERTIFICATE"], "kafka.security.protocol": "SSL",
                "kafka.ssl.ca.location": self.keys / "ca.crt",
                "kafka.ssl.certificate.location": self.keys / f"{name}.crt",
                "kafka.ssl.key.location": self.keys / f"{name}.key"}

    def by_token(self, name):
        """Unsigned tokens, which librdkafka makes itself: for tests only."""
        return {"bootstrap.servers": self.address["TOKEN"], "kafka.security.protocol": "SASL_SSL",
                "kafka.ssl.ca.location": self.keys / "ca.crt",
                "kafka.sasl.mechanism": "OAUTHBEARER",
                "kafka.enable.sasl.oauthbearer.unsecure.jwt": "true",
                "kafka.sasl.oauthbearer.config": f"principal={name}"}

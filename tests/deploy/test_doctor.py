"""`freshet doctor` gathers what a helper needs into one archive: with a wrong
configuration, and without a password."""

import os
import subprocess
import tarfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(os.environ.get("FRESHET_BIN", ROOT / os.environ.get("BUILD", "build") / "bin"))
SECRET = "xyzzy-hush"


def test_the_archive_has_all_parts_and_no_password(tmp_path):
    conf, logs = tmp_path / "conf", tmp_path / "logs"
    conf.mkdir()
    logs.mkdir()
    (conf / "ingest.properties").write_text(
        "bootstrap.servers=127.0.0.1:1\n# the mapping\nmap.user=session.user\n"
        f"kafka.sasl.password={SECRET}\nkafka.sasl.jaas.config=a \\\n  password={SECRET};\n"
        f"schema.registry.url=http://user:{SECRET}@host\n#http.tokens={SECRET}\n")
    (logs / "ingest.log").write_text(f"level=info msg=\"started\" version=1\n"
                                     f"level=warn sasl.password={SECRET} why=\"refused\"\n")
    given = tmp_path / "given.properties"
    given.write_text(f"bootstrap.servers=127.0.0.1:1\nkafka.sasl.username=me\n"
                     f"kafka.sasl.password={SECRET}\n")
    archive = tmp_path / "out.tar.gz"
    done = subprocess.run(
        [BIN / "freshet", "doctor", "--config", given, "--configurations", conf, "--logs", logs,
         "--output", archive, "--set", f"state.dir={tmp_path}"],
        env={**os.environ, "FRESHET_HTTP_PASSWORD": SECRET, "TMPDIR": str(tmp_path)},
        text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.returncode == 0, done.stdout
    assert SECRET not in done.stdout
    assert archive.stat().st_mode & 0o077 == 0
    texts = {}
    with tarfile.open(archive) as tar:
        for member in tar.getmembers():
            if member.isfile():
                texts[Path(member.name).name] = tar.extractfile(member).read().decode()
    assert not [name for name, text in texts.items() if SECRET in text]
    assert texts["version.txt"].startswith("freshet ")
    assert "map.user=session.user" in texts["configuration-ingest.properties"]
    assert "kafka.sasl.password=****" in texts["configuration-ingest.properties"]
    assert any("kafka.sasl.username=me" in text for text in texts.values())
    assert "FRESHET_HTTP_PASSWORD=****" in texts["environment.txt"]
    assert 'msg="started"' in texts["log-ingest.log"]
    assert "the configuration is wrong" in texts["status.json"]
    assert "system.txt" in texts
    assert not [path for path in tmp_path.iterdir() if path.name.startswith("freshet-doctor")]


def test_what_others_put_among_the_logs(tmp_path):
    """root runs it, and a worker's user may write to the directory of its log: no link leads to a
    file that only root may read, no pipe is waited for, the end of a large log is masked."""
    logs, private = tmp_path / "logs", tmp_path / "private"
    logs.mkdir()
    private.write_text(f"only root may read {SECRET}\n")
    (logs / "a.log").symlink_to(private)
    os.mkfifo(logs / "b.log")
    with open(logs / "c.log", "wb") as log:
        log.truncate(80 << 20)
        log.seek(0, os.SEEK_END)
        # The last 4 MB begin behind the equals sign.
        log.write(b"level=warn sasl.password=" + SECRET.encode() + b"\n" +
                  b"x" * ((4 << 20) - len(SECRET) - 20) + b"\nlevel=info the-end\n"[-19:])
    archive = tmp_path / "out.tar.gz"
    done = subprocess.run([BIN / "freshet", "doctor", "--configurations", tmp_path, "--logs", logs,
                           "--output", archive, "--set", "bootstrap.servers=127.0.0.1:1"],
                          text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120)
    assert done.returncode == 0, done.stdout
    with tarfile.open(archive) as tar:
        texts = {Path(one.name).name: tar.extractfile(one).read()
                 for one in tar.getmembers() if one.isfile()}
    assert not [name for name, text in texts.items() if SECRET.encode() in text]
    assert b"symbolic links" in texts["log-a.log"]
    assert b"Invalid argument" in texts["log-b.log"]
    assert b"the-end" in texts["log-c.log"]

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

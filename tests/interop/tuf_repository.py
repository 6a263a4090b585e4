"""Makes a TUF repository with a fresh key:  tuf_repository.py DIRECTORY TARGET...

Each target is a file, which the repository has by its base name. Clients need DIRECTORY/1.root.json beforehand, and the
directory itself by HTTP. It is valid for a day, and cannot be changed: the key is gone.
"""

import pathlib
import sys
from datetime import datetime, timedelta, timezone

from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import Metadata, MetaFile, Root, Snapshot, TargetFile, Targets, Timestamp

directory = pathlib.Path(sys.argv[1])
files = [pathlib.Path(name) for name in sys.argv[2:]]
expires = datetime.now(timezone.utc).replace(microsecond=0) + timedelta(days=1)
signer = CryptoSigner.generate_ed25519()

root = Root(expires=expires, consistent_snapshot=True)
for role in ("root", "timestamp", "snapshot", "targets"):
    root.add_key(signer.public_key, role)
targets = Targets(expires=expires)
(directory / "targets").mkdir(parents=True)
for file in files:
    target = TargetFile.from_file(file.name, str(file), ["sha256"])
    targets.targets[file.name] = target
    (directory / "targets" / f"{target.hashes['sha256']}.{file.name}").write_bytes(file.read_bytes())
snapshot = Snapshot(expires=expires, meta={"targets.json": MetaFile(1)})
timestamp = Timestamp(expires=expires, snapshot_meta=MetaFile(1))

documents = {"1.root.json": root, "1.targets.json": targets, "1.snapshot.json": snapshot, "timestamp.json": timestamp}
for name, signed in documents.items():
    metadata = Metadata(signed)
    metadata.sign(signer)
    metadata.to_file(str(directory / name))

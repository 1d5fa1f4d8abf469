"""The peer that replicates documents: PouchDB on node, to an express-pouchdb server, LevelDB on both ends.

What it proves is less: LevelDB does not sync its log on either end, and nothing is signed or sealed.  Node's
packages are not ours to ship: name the folder that holds them (`npm install pouchdb express express-pouchdb`)
in LINBAN_BENCH_NODE_MODULES, else no figure is given.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

_SCRIPT = """
const fs = require('fs'), path = require('path'), folder = process.argv[2];
const {fork} = require('child_process');
const PouchDB = require('pouchdb');
if (process.argv[3] === 'serve') {
  const At = PouchDB.defaults({prefix: path.join(folder, 'far') + path.sep});
  fs.mkdirSync(path.join(folder, 'far'));
  const app = require('express')();
  const make = require('express-pouchdb');
  app.use('/', make(At, {logPath: path.join(folder, 'log.txt'), configPath: path.join(folder, 'config.json'),
                        mode: 'minimumForPouchDB'}));
  const server = app.listen(0, '127.0.0.1', () => process.send(server.address().port));
} else {
  const server = fork(__filename, [folder, 'serve'], {cwd: folder});
  server.on('message', async (port) => {
    const near = new PouchDB(path.join(folder, 'near'));
    const bodies = JSON.parse(fs.readFileSync(path.join(folder, 'cases.json')));
    for (let i = 0; i < bodies.length; i += 500) {
      await near.bulkDocs(bodies.slice(i, i + 500).map((body, j) => ({_id: String(i + j).padStart(8, '0'), ...body})));
    }
    const far = `http://127.0.0.1:${port}/cases`;
    await new PouchDB(far).info();
    const begin = process.hrtime.bigint();
    const said = await near.replicate.to(far, {batch_size: 500, batches_limit: 10});
    const seconds = Number(process.hrtime.bigint() - begin) / 1e9;
    const there = (await new PouchDB(far).info()).doc_count;
    console.log(JSON.stringify({seconds, written: said.docs_written, there}));
    server.kill();
    process.exit(0);
  });
}
"""
_LIMIT_S = 180


def measure(folder: Path, bodies: list[bytes]) -> dict[str, object] | None:
    """Items a second; None where node or its packages are missing."""
    modules, node = os.environ.get("LINBAN_BENCH_NODE_MODULES", ""), shutil.which("node")
    if node is None or not (Path(modules) / "express-pouchdb").is_dir():
        return None
    folder.mkdir()
    (folder / "cases.json").write_bytes(b"[" + b",".join(bodies) + b"]")
    script = folder / "replicate.js"
    script.write_text(_SCRIPT, "ascii")
    done = subprocess.run(
        [node, str(script), str(folder)],
        capture_output=True,
        text=True,
        timeout=_LIMIT_S,
        check=False,
        env={**os.environ, "NODE_PATH": modules},
    )
    said = json.loads(done.stdout.splitlines()[-1]) if done.returncode == 0 and done.stdout else {}
    if said.get("there") != len(bodies):
        return {"failed": (done.stderr or done.stdout)[-300:]}
    return {
        "items_per_s": round(len(bodies) / said["seconds"]),
        "durability": "LevelDB without sync on both ends",
    }

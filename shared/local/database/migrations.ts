/**
 * Numbered from 1; `user_version` is the number of the last one that ran. Append only: what is deployed is never edited.
 * Times are milliseconds since the epoch. Versions and generations come from one counter, so that none is ever used twice.
 */
export const migrations: readonly string[] = [
  `
  CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
  INSERT INTO counters VALUES ('version', 0);

  CREATE TABLE state (key TEXT PRIMARY KEY, version INTEGER NOT NULL, value TEXT NOT NULL);

  -- Content is a file (blob) or, when it is small, the row's own body.
  CREATE TABLE objects (
    bucket TEXT NOT NULL, name TEXT NOT NULL, generation INTEGER NOT NULL, size INTEGER NOT NULL, crc32c TEXT NOT NULL,
    content_type TEXT, updated_ms INTEGER NOT NULL, blob TEXT, body BLOB,
    PRIMARY KEY (bucket, name), CHECK ((blob IS NULL) <> (body IS NULL))
  );
  CREATE INDEX objects_by_blob ON objects (blob) WHERE blob IS NOT NULL;

  -- Messages and tasks that are not acknowledged. A channel is a topic or a queue; only tasks have names.
  -- attempts counts deliveries, failures those whose handler threw; the difference is how often the process died under it.
  CREATE TABLE deliveries (
    id INTEGER PRIMARY KEY AUTOINCREMENT, channel TEXT NOT NULL, name TEXT, payload TEXT NOT NULL, due_ms INTEGER NOT NULL,
    claimed INTEGER NOT NULL DEFAULT 0, attempts INTEGER NOT NULL DEFAULT 0, failures INTEGER NOT NULL DEFAULT 0, last_error TEXT
  );
  CREATE INDEX deliveries_due ON deliveries (channel, due_ms, id) WHERE claimed = 0;

  -- forgotten_ms is set when the task is done: its name is refused until then.
  CREATE TABLE task_names (channel TEXT NOT NULL, name TEXT NOT NULL, forgotten_ms INTEGER, PRIMARY KEY (channel, name)) WITHOUT ROWID;
  CREATE INDEX task_names_forgotten ON task_names (forgotten_ms) WHERE forgotten_ms IS NOT NULL;

  CREATE TABLE dead_letters (
    id INTEGER PRIMARY KEY AUTOINCREMENT, channel TEXT NOT NULL, name TEXT, payload TEXT NOT NULL, attempts INTEGER NOT NULL,
    code TEXT NOT NULL, reason TEXT NOT NULL, at_ms INTEGER NOT NULL
  );

  -- The generation of each dropped file that was last announced.
  CREATE TABLE uploads (bucket TEXT NOT NULL, name TEXT NOT NULL, generation TEXT NOT NULL, PRIMARY KEY (bucket, name)) WITHOUT ROWID;
  `,
]

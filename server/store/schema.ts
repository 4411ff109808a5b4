import { WindlassError } from "../../base/errors.ts";
import type { Database } from "./database.ts";
import { WORD_INDEXES } from "./words-schema.ts";

/** The steps from an empty file to today's schema; `user_version` counts those that were taken. Only ever append. */
const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE tasks (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, name TEXT, type TEXT, status TEXT, status_reason TEXT, status_message TEXT,
    status_changed TEXT, comment TEXT, user TEXT, company TEXT, created TEXT, started TEXT, completed TEXT, published TEXT,
    active_duration INTEGER, parent TEXT, project TEXT, tags TEXT, system_tags TEXT, last_update TEXT, last_change TEXT,
    last_changed_by TEXT, last_worker TEXT, last_worker_report TEXT, last_iteration INTEGER, enqueue_status TEXT, report TEXT,
    report_assets TEXT, output TEXT, execution TEXT, script TEXT, models TEXT, hyperparams TEXT, configuration TEXT, runtime TEXT,
    container TEXT, last_metrics TEXT, metric_stats TEXT
  );
  CREATE INDEX tasks_project ON tasks (project, last_update);
  CREATE INDEX tasks_status ON tasks (status, last_update);
  CREATE INDEX tasks_parent ON tasks (parent);
  CREATE INDEX tasks_name ON tasks (name);
  CREATE INDEX tasks_last_update ON tasks (last_update);

  CREATE TABLE projects (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, name TEXT UNIQUE, basename TEXT, description TEXT, user TEXT, company TEXT, created TEXT,
    tags TEXT, system_tags TEXT, default_output_destination TEXT, last_update TEXT, featured INTEGER, parent TEXT, path TEXT
  );
  CREATE INDEX projects_parent ON projects (parent);

  CREATE TABLE models (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, name TEXT, user TEXT, company TEXT, created TEXT, parent TEXT, project TEXT, task TEXT,
    comment TEXT, tags TEXT, system_tags TEXT, uri TEXT, framework TEXT, design TEXT, labels TEXT, ready INTEGER, last_update TEXT,
    last_change TEXT, last_changed_by TEXT, metadata TEXT, last_iteration INTEGER, last_metrics TEXT, metric_stats TEXT, ui_cache TEXT
  );
  CREATE INDEX models_task ON models (task);
  CREATE INDEX models_project ON models (project, last_update);

  CREATE TABLE queues (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, name TEXT UNIQUE, display_name TEXT, user TEXT, company TEXT, created TEXT,
    tags TEXT, system_tags TEXT, last_update TEXT, metadata TEXT
  );
  CREATE TABLE queue_entries (
    queue TEXT NOT NULL, place INTEGER NOT NULL, task TEXT NOT NULL, added TEXT NOT NULL, PRIMARY KEY (queue, place)
  ) WITHOUT ROWID;
  CREATE UNIQUE INDEX queue_entries_task ON queue_entries (queue, task);
  CREATE INDEX queue_entries_by_task ON queue_entries (task);

  CREATE TABLE users (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, name TEXT, given_name TEXT, family_name TEXT, email TEXT, company TEXT, role TEXT,
    created TEXT, avatar TEXT, preferences TEXT
  );
  CREATE TABLE credentials (
    access_key TEXT PRIMARY KEY, secret_hash TEXT NOT NULL, user TEXT NOT NULL, label TEXT, last_used TEXT, last_used_from TEXT
  );
  CREATE TABLE revoked_tokens (session TEXT PRIMARY KEY, expires INTEGER NOT NULL);

  CREATE TABLE workers (
    key TEXT PRIMARY KEY, id TEXT NOT NULL, user TEXT, company TEXT, ip TEXT, queues TEXT NOT NULL, queue TEXT, task TEXT, tags TEXT,
    system_tags TEXT, register_time INTEGER, register_timeout INTEGER, last_activity INTEGER, last_report INTEGER, expires INTEGER NOT NULL
  );
  CREATE TABLE worker_stats (worker TEXT NOT NULL, at INTEGER NOT NULL, stats TEXT NOT NULL, PRIMARY KEY (worker, at)) WITHOUT ROWID;

  CREATE TABLE log_events (
    seq INTEGER PRIMARY KEY, task INTEGER NOT NULL, timestamp INTEGER NOT NULL, written INTEGER NOT NULL, worker TEXT, level TEXT,
    metric TEXT, variant TEXT, iter INTEGER, msg TEXT
  );
  CREATE INDEX log_events_task ON log_events (task, timestamp);
  CREATE TABLE series (
    seq INTEGER PRIMARY KEY, task INTEGER NOT NULL, metric TEXT NOT NULL, variant TEXT NOT NULL, x_axis_label TEXT, UNIQUE (task, metric, variant)
  );
  CREATE TABLE points (
    series INTEGER NOT NULL, iter INTEGER NOT NULL, value REAL NOT NULL, timestamp INTEGER NOT NULL, written INTEGER NOT NULL,
    worker TEXT, PRIMARY KEY (series, iter)
  ) WITHOUT ROWID;
  CREATE TABLE other_events (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, task INTEGER NOT NULL, type TEXT NOT NULL, metric TEXT NOT NULL, variant TEXT NOT NULL,
    iter INTEGER, timestamp INTEGER NOT NULL, written INTEGER NOT NULL, worker TEXT, key TEXT, fields TEXT NOT NULL
  );
  CREATE INDEX other_events_task ON other_events (task, type, metric, variant, iter);
  `,
  `
  CREATE INDEX other_events_iter ON other_events (task, coalesce(iter, 0));
  `,
  `
  ALTER TABLE tasks ADD COLUMN company_origin TEXT;
  ALTER TABLE projects ADD COLUMN company_origin TEXT;
  ALTER TABLE models ADD COLUMN company_origin TEXT;
  `,
  `
  CREATE TABLE server_options (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
  `,
  `
  CREATE TABLE input_models (model TEXT NOT NULL, task TEXT NOT NULL, PRIMARY KEY (model, task)) WITHOUT ROWID;
  CREATE INDEX input_models_task ON input_models (task);
  CREATE VIEW models_of_tasks AS SELECT tasks.id AS task, json_extract(item.value, '$.model') AS model
    FROM tasks, json_each(tasks.models, '$.input') AS item WHERE item.type = 'object' AND json_extract(item.value, '$.model') IS NOT NULL;
  INSERT OR IGNORE INTO input_models SELECT model, task FROM models_of_tasks;
  CREATE TRIGGER input_models_made AFTER INSERT ON tasks BEGIN
    INSERT OR IGNORE INTO input_models SELECT model, task FROM models_of_tasks WHERE task = new.id;
  END;
  CREATE TRIGGER input_models_changed AFTER UPDATE OF models ON tasks BEGIN
    DELETE FROM input_models WHERE task = new.id;
    INSERT OR IGNORE INTO input_models SELECT model, task FROM models_of_tasks WHERE task = new.id;
  END;
  CREATE TRIGGER input_models_gone AFTER DELETE ON tasks BEGIN
    DELETE FROM input_models WHERE task = old.id;
  END;
  `,
  // Events belong to an owner, a task or a model; one whose id is gone waits for the sweeper. An event without an iteration
  // stands at the greatest one; `fields` holds as JSON what has no column, or stands in one in another form.
  `
  CREATE TABLE event_owners (seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT UNIQUE);
  CREATE INDEX event_owners_swept ON event_owners (seq) WHERE id IS NULL;
  INSERT INTO event_owners (seq, id) SELECT seq, id FROM tasks;

  ALTER TABLE log_events ADD COLUMN fields TEXT;
  CREATE INDEX log_events_named ON log_events (task, timestamp, metric, variant) WHERE metric IS NOT NULL OR variant IS NOT NULL;
  CREATE INDEX log_events_iter ON log_events (task, iter) WHERE iter IS NOT NULL;

  ALTER TABLE series DROP COLUMN x_axis_label;
  ALTER TABLE series ADD COLUMN oldest INTEGER NOT NULL DEFAULT 0;
  CREATE INDEX series_oldest ON series (oldest);
  ALTER TABLE points RENAME TO old_points;
  CREATE TABLE points (
    series INTEGER NOT NULL, iter INTEGER NOT NULL, value REAL, timestamp INTEGER NOT NULL, written INTEGER NOT NULL,
    worker TEXT, fields TEXT, PRIMARY KEY (series, iter)
  ) WITHOUT ROWID;
  INSERT INTO points SELECT series, iter, value, timestamp, written, worker, NULL FROM old_points;
  DROP TABLE old_points;

  DROP INDEX other_events_task;
  DROP INDEX other_events_iter;
  ALTER TABLE other_events RENAME TO old_other_events;
  CREATE TABLE other_events (
    seq INTEGER PRIMARY KEY, task INTEGER NOT NULL, type TEXT NOT NULL, metric TEXT NOT NULL, variant TEXT NOT NULL, iter INTEGER NOT NULL,
    key TEXT NOT NULL, timestamp INTEGER NOT NULL, written INTEGER NOT NULL, worker TEXT, url TEXT, fields TEXT,
    UNIQUE (task, type, metric, variant, iter, key)
  );
  INSERT OR REPLACE INTO other_events SELECT seq, task, type, metric, variant, coalesce(iter, 9007199254740991), coalesce(key, ''), timestamp,
    written, worker, json_extract(fields, '$.url'), json_remove(fields, '$.url') FROM old_other_events ORDER BY seq;
  DROP TABLE old_other_events;
  CREATE INDEX other_events_iter ON other_events (task, type, iter);
  CREATE INDEX other_events_url ON other_events (task, type, metric, variant, url, iter) WHERE url IS NOT NULL;

  CREATE TABLE event_scrolls (id TEXT PRIMARY KEY, state TEXT NOT NULL, expires INTEGER NOT NULL) WITHOUT ROWID;
  CREATE INDEX event_scrolls_expires ON event_scrolls (expires);
  ALTER TABLE tasks ADD COLUMN unique_metrics TEXT;
  ALTER TABLE models ADD COLUMN unique_metrics TEXT;
  `,
  `
  CREATE INDEX tasks_figures ON tasks (project, status, started, completed, system_tags, company, user);
  `,
  `
  CREATE TABLE logins (name TEXT PRIMARY KEY, user TEXT NOT NULL, password TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE put_out (user TEXT PRIMARY KEY, since INTEGER NOT NULL) WITHOUT ROWID;
  CREATE UNIQUE INDEX users_email ON users (email) WHERE email IS NOT NULL;
  CREATE INDEX credentials_user ON credentials (user);
  `,
  `
  CREATE TABLE storage_settings (company TEXT PRIMARY KEY, settings TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE serving_containers (
    company TEXT NOT NULL, id TEXT NOT NULL, url TEXT, info TEXT NOT NULL, registered INTEGER NOT NULL, timeout_sec INTEGER NOT NULL,
    updated INTEGER NOT NULL, expires INTEGER NOT NULL, PRIMARY KEY (company, id)
  ) WITHOUT ROWID;
  CREATE INDEX serving_containers_url ON serving_containers (company, url);
  CREATE INDEX serving_containers_expires ON serving_containers (expires);
  CREATE TABLE serving_points (
    seq INTEGER PRIMARY KEY, company TEXT NOT NULL, url TEXT NOT NULL, container TEXT NOT NULL, at INTEGER NOT NULL, figures TEXT NOT NULL
  );
  CREATE INDEX serving_points_url ON serving_points (company, url, at);
  CREATE INDEX serving_points_at ON serving_points (at);
  `,
  `
  ALTER TABLE queues ADD COLUMN resources TEXT;
  CREATE TABLE queue_totals (queue TEXT PRIMARY KEY, entries INTEGER NOT NULL, added_ms INTEGER NOT NULL) WITHOUT ROWID;
  INSERT INTO queue_totals
    SELECT queue, count(*), sum(CAST(round(unixepoch(added, 'subsec') * 1000) AS INTEGER)) FROM queue_entries GROUP BY queue;
  CREATE TRIGGER queue_entry_added AFTER INSERT ON queue_entries BEGIN
    INSERT INTO queue_totals VALUES (new.queue, 1, CAST(round(unixepoch(new.added, 'subsec') * 1000) AS INTEGER))
      ON CONFLICT (queue) DO UPDATE SET entries = entries + 1, added_ms = added_ms + excluded.added_ms;
  END;
  CREATE TRIGGER queue_entry_gone AFTER DELETE ON queue_entries BEGIN
    UPDATE queue_totals SET entries = entries - 1, added_ms = added_ms - CAST(round(unixepoch(old.added, 'subsec') * 1000) AS INTEGER)
      WHERE queue = old.queue;
  END;
  CREATE TABLE queue_points (
    queue TEXT NOT NULL, at INTEGER NOT NULL, waiting REAL NOT NULL, length INTEGER NOT NULL, PRIMARY KEY (queue, at)
  ) WITHOUT ROWID;
  CREATE INDEX queue_points_at ON queue_points (at);

  CREATE INDEX workers_expires ON workers (expires);
  CREATE TABLE worker_tags (
    company TEXT NOT NULL, kind TEXT NOT NULL, tag TEXT NOT NULL, key TEXT NOT NULL, expires INTEGER NOT NULL,
    PRIMARY KEY (company, kind, tag, key)
  ) WITHOUT ROWID;
  CREATE INDEX worker_tags_expires ON worker_tags (expires);
  DROP TABLE worker_stats;
  CREATE TABLE worker_points (
    seq INTEGER PRIMARY KEY, company TEXT NOT NULL, worker TEXT NOT NULL, at INTEGER NOT NULL, task TEXT, stats TEXT NOT NULL
  );
  CREATE INDEX worker_points_at ON worker_points (at, company, worker, task);
  CREATE INDEX worker_points_worker ON worker_points (company, worker, at);
  CREATE TABLE thinned (name TEXT PRIMARY KEY, until INTEGER NOT NULL);
  `,
  WORD_INDEXES,
  `
  CREATE TABLE prepared_downloads (id TEXT PRIMARY KEY, company TEXT NOT NULL, expires INTEGER NOT NULL, request TEXT NOT NULL) WITHOUT ROWID;
  `,
  `
  CREATE TABLE doomed_files (seq INTEGER PRIMARY KEY, url TEXT NOT NULL, at INTEGER NOT NULL);
  CREATE INDEX models_uri ON models (uri);
  ALTER TABLE event_owners ADD COLUMN files_doomed INTEGER;
  `,
];

/** Brings the file to today's schema, or to an earlier one, each step in a transaction of its own. */
export function migrate(db: Database, target = MIGRATIONS.length): void {
  if (db.version > MIGRATIONS.length) throw new WindlassError("it was written by a newer version of Windlass", { code: "schema-too-new" });
  for (let version = db.version; version < target; version++) {
    db.exec("BEGIN IMMEDIATE");
    db.exec(MIGRATIONS[version] ?? "");
    db.version = version + 1;
    db.exec("COMMIT");
  }
}

/** Whether the file has the schema of this program, neither an older nor a newer one. */
export const isToday = (db: Database): boolean => db.version === MIGRATIONS.length;

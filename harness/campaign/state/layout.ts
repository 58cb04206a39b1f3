/**
 * The state of a campaign as an SQLite file: one row for each run that was begun, and of each run only
 * what the report adds up. Whatever else there is to know stands in the run files.
 */
import type { DatabaseKind } from '../../store/database.ts';

/** "AmnC" in ASCII, with the layout's version. */
export const campaignKind: DatabaseKind = {
  what: 'the state of a campaign',
  applicationId: 0x416d6e43,
  version: 1,
  layout: `
-- Where the work stands. One row; a merged campaign has none.
CREATE TABLE campaign (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  spec TEXT NOT NULL, part INTEGER NOT NULL, parts INTEGER NOT NULL,
  created_at TEXT NOT NULL, limits TEXT NOT NULL,
  worked_ms INTEGER NOT NULL DEFAULT 0,
  pid INTEGER, pid_started TEXT, host TEXT
);
-- Every campaign that has gone into this file.
CREATE TABLE source (spec TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE run (
  idx INTEGER PRIMARY KEY,
  key TEXT NOT NULL UNIQUE,
  options TEXT NOT NULL,
  workload TEXT NOT NULL, nemesis TEXT NOT NULL, nodes INTEGER NOT NULL, seed INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('running', 'done', 'crashed')),
  attempts INTEGER NOT NULL DEFAULT 1,
  pid INTEGER, pid_started TEXT,
  started_at TEXT NOT NULL, ended_at TEXT, took_ms INTEGER,
  exit_code INTEGER, valid TEXT, message TEXT,
  dir TEXT, ops INTEGER, ok INTEGER, fail INTEGER, info INTEGER, duration_ns INTEGER,
  bytes INTEGER NOT NULL DEFAULT 0,
  kept INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX run_by_state ON run (state, valid);
CREATE INDEX run_kept ON run (kept, valid) WHERE kept = 1;
CREATE TABLE verdict (
  run INTEGER NOT NULL, checker TEXT NOT NULL, valid TEXT NOT NULL, reason TEXT,
  informational INTEGER NOT NULL, PRIMARY KEY (run, checker)
) WITHOUT ROWID;
CREATE TABLE fault (
  run INTEGER NOT NULL, id INTEGER NOT NULL, kind TEXT NOT NULL, variant TEXT NOT NULL,
  effective TEXT NOT NULL, healed INTEGER NOT NULL,
  during_share REAL, recovered_ms REAL, PRIMARY KEY (run, id)
) WITHOUT ROWID;
CREATE INDEX fault_by_kind ON fault (kind, variant);
CREATE TABLE violation (
  run INTEGER NOT NULL, checker TEXT NOT NULL, anomaly TEXT NOT NULL, workload TEXT NOT NULL,
  fault TEXT NOT NULL, count INTEGER NOT NULL, witness_ops INTEGER, ops_before INTEGER,
  summary TEXT NOT NULL, PRIMARY KEY (run, checker, anomaly, workload)
) WITHOUT ROWID;
CREATE INDEX violation_by_signature ON violation (checker, anomaly, workload, fault);
CREATE TABLE figure (
  run INTEGER NOT NULL, name TEXT NOT NULL, value REAL NOT NULL, PRIMARY KEY (run, name)
) WITHOUT ROWID;
CREATE INDEX figure_by_value ON figure (name, value);
CREATE TABLE coverage (
  run INTEGER NOT NULL, kind TEXT NOT NULL, workload TEXT NOT NULL, phase TEXT NOT NULL,
  ok INTEGER NOT NULL, PRIMARY KEY (run, kind, workload, phase)
) WITHOUT ROWID;
CREATE TABLE sometimes (
  run INTEGER NOT NULL, name TEXT NOT NULL, count INTEGER NOT NULL, PRIMARY KEY (run, name)
) WITHOUT ROWID;
`,
};

/** Tables that hold the facts of a run, by the number of the run. */
export const factTables = [
  'verdict',
  'fault',
  'violation',
  'figure',
  'coverage',
  'sometimes',
] as const;

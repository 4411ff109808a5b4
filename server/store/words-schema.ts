/**
 * The word indexes for `search_text`, one beside each table, kept by triggers. Part of a migration: never change what it
 * says. A column is `name` or `name: expression`, with `row.` for the document.
 */
const INDEXED: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  tasks: {
    name: "row.name",
    id: "row.id",
    comment: "row.comment",
    report: "row.report",
    outputs: modelsOn("output"),
    inputs: modelsOn("input"),
    repository: "json_extract(row.script, '$.repository')",
    entry_point: "json_extract(row.script, '$.entry_point')",
  },
  models: {
    name: "row.name",
    id: "row.id",
    comment: "row.comment",
    parent: "row.parent",
    task: "row.task",
    project: "row.project",
  },
  projects: { name: "row.name", id: "row.id", description: "row.description" },
  queues: { name: "row.name", id: "row.id" },
};
const SOURCES: Readonly<Record<string, string>> = { outputs: "models", inputs: "models", repository: "script", entry_point: "script" };

function modelsOn(side: string): string {
  return `(SELECT group_concat(json_extract(value, '$.model'), ' ') FROM json_each(row.models, '$.${side}') WHERE type = 'object')`;
}

export const WORD_INDEXES: string = Object.entries(INDEXED)
  .map(([table, columns]) => wordIndex(table, columns))
  .join("\n");

function wordIndex(table: string, columns: Readonly<Record<string, string>>): string {
  const names = Object.keys(columns);
  const sources = [...new Set(names.map((name) => SOURCES[name] ?? name))];
  const valuesOf = (row: string): string => Object.values(columns).join(", ").replaceAll("row.", `${row}.`);
  const insert = `INSERT INTO ${table}_words (rowid, ${names.join(", ")})`;
  return `
  CREATE VIRTUAL TABLE ${table}_words USING fts5(
    ${names.join(", ")}, content = '', contentless_delete = 1, tokenize = "porter unicode61 tokenchars '_'"
  );
  ${insert} SELECT seq, ${valuesOf(table)} FROM ${table};
  CREATE TRIGGER ${table}_words_insert AFTER INSERT ON ${table} BEGIN
    ${insert} VALUES (new.seq, ${valuesOf("new")});
  END;
  CREATE TRIGGER ${table}_words_delete AFTER DELETE ON ${table} BEGIN
    DELETE FROM ${table}_words WHERE rowid = old.seq;
  END;
  CREATE TRIGGER ${table}_words_update AFTER UPDATE OF ${sources.join(", ")} ON ${table}
  WHEN ${sources.map((name) => `old.${name} IS NOT new.${name}`).join(" OR ")} BEGIN
    DELETE FROM ${table}_words WHERE rowid = old.seq;
    ${insert} VALUES (new.seq, ${valuesOf("new")});
  END;`;
}

import type { Call } from "../endpoint.ts";

/**
 * The index by which workers are found by tag. It is only added to: a worker is found by a tag that it had, until the
 * time of its registration, counted from then, is over (clearml-services.md 11).
 */
export type TagKind = "tags" | "system_tags";

export interface Tagged {
  readonly key: string;
  readonly tags: readonly string[];
  readonly systemTags: readonly string[];
}

export function noteTags(call: Call, { key, tags, systemTags }: Tagged, expires: number): void {
  const sql = "INSERT OR REPLACE INTO worker_tags (company, kind, tag, key, expires) VALUES (?, ?, ?, ?, ?)";
  for (const tag of tags) call.db.run(sql, call.caller.company, "tags", tag, key, expires);
  for (const tag of systemTags) call.db.run(sql, call.caller.company, "system_tags", tag, key, expires);
}

/** Keys of workers: any of the tags, and none of those with `-` before them. Undefined: no tags are asked for. */
export function testOfTags(call: Call, kind: TagKind, asked: readonly string[]): ((key: string) => boolean) | undefined {
  if (asked.length === 0) return undefined;
  const wanted = asked.filter((tag) => !tag.startsWith("-"));
  const included = keysWith(call, kind, wanted);
  const excluded = keysWith(
    call,
    kind,
    asked.filter((tag) => tag.startsWith("-")).map((tag) => tag.slice(1)),
  );
  return (key) => (wanted.length === 0 || included.has(key)) && !excluded.has(key);
}

function keysWith(call: Call, kind: TagKind, tags: readonly string[]): Set<string> {
  const sql = "SELECT key FROM worker_tags WHERE company = ? AND kind = ? AND tag IN (SELECT value FROM json_each(?)) AND expires > ?";
  const rows = call.db.all<{ key: string }>(sql, call.caller.company, kind, JSON.stringify(tags), call.nowMs);
  return new Set(rows.map(({ key }) => key));
}

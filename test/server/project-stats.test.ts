import { join } from "node:path";
import { expect } from "chai";
import type { Call } from "../../server/endpoint.ts";
import { withDatasetStats, withOwnContents } from "../../server/services/project-own-contents.ts";
import { withStats } from "../../server/services/project-stats.ts";
import { Database, type Row, type SqlValue } from "../../server/store/database.ts";
import { type Document, insertDocument } from "../../server/store/documents.ts";
import { PROJECT, TASK } from "../../server/store/kinds.ts";
import { migrate } from "../../server/store/schema.ts";
import { temporaryFolder } from "../support/folder.ts";

class CountingDatabase extends Database {
  queries = 0;

  override all<T = Row>(sql: string, ...values: SqlValue[]): T[] {
    this.queries++;
    return super.all<T>(sql, ...values);
  }
}

describe("figures of projects", () => {
  it("take as many queries for many projects as for few", async () => {
    const db = new CountingDatabase(join(await temporaryFolder(), "store.db"), { readonly: false });
    migrate(db);
    for (let number = 0; number < 40; number++) {
      insertDocument(db, PROJECT, { id: `p${number}`, name: `project ${number}`, basename: `project ${number}`, company: "c", path: [] });
      insertDocument(db, TASK, { id: `t${number}`, project: `p${number}`, status: "created", company: "c", system_tags: [] });
    }
    const call = { db, caller: { company: "c" }, nowMs: Date.now() } as unknown as Call;
    const body = { include_stats: true, check_own_contents: true, include_dataset_stats: true };
    const figures = (projects: readonly Document[]): [number, Document[]] => {
      db.queries = 0;
      const steps = [withStats, withOwnContents, withDatasetStats];
      const result = steps.reduce((so, step) => step(call, body, so, { children: undefined, selected: undefined }), [...projects]);
      return [db.queries, result];
    };
    const all = db.all<Document>("SELECT id FROM projects");
    const [few] = figures(all.slice(0, 2));
    const [many, result] = figures(all);
    db.close();
    expect(many).to.equal(few);
    expect(result).to.have.length(40);
    for (const project of result) {
      expect(project).to.deep.include({ own_tasks: 1, own_models: 0, dataset_stats: null });
      expect((project["stats"] as { active: Document }).active).to.include({ total_tasks: 1 });
    }
  });
});

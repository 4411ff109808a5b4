import { messageOf } from "../../base/errors.ts";
import { ApiFault } from "../api-fault.ts";
import { flagOf, requiredText, textListOf, textOf } from "../body.ts";
import { type Body, type Call, type Endpoint, read } from "../endpoint.ts";
import { type Condition, isOneOf, joined } from "../store/conditions.ts";
import { compiled } from "../store/patterns.ts";
import { entitiesOfProject, entitiesOfProjects, inNumericOrder, pageOf } from "./project-entities.ts";

/**
 * Names and values that the tasks and models of projects have, for columns and filters of tables (clearml-services.md 2.6).
 * Totals count the page that is shown, and nothing ever remains: so it is there.
 */
const columnOf = (table: string, column: string, test: Condition): string => `(SELECT ${column} AS map FROM ${table} WHERE ${test.sql})`;

/** The entries of a map; what is none has no entries. */
const entriesOf = (value: string): string => `json_each(CASE json_type(${value}) WHEN 'object' THEN ${value} ELSE '{}' END)`;

function getHyperParameters(call: Call, body: Body): object {
  const test = entitiesOfProject(call, body);
  const { start, size } = pageOf(body);
  const parameters = call.db.all(
    `SELECT DISTINCT section.key AS section, item.key AS name
     FROM ${columnOf("tasks", "hyperparams", test)} AS task, ${entriesOf("task.map")} AS section, ${entriesOf("section.value")} AS item
     ORDER BY 1, 2 LIMIT ${size} OFFSET ${start}`,
    ...test.values,
  );
  return { total: parameters.length, remaining: 0, parameters };
}

function getModelMetadataKeys(call: Call, body: Body): object {
  const test = entitiesOfProject(call, body);
  const { start, size } = pageOf(body);
  const rows = call.db.all<{ key: string }>(
    `SELECT DISTINCT item.key AS key FROM ${columnOf("models", "metadata", test)} AS model, ${entriesOf("model.map")} AS item
     ORDER BY 1 LIMIT ${size} OFFSET ${start}`,
    ...test.values,
  );
  return { total: rows.length, remaining: 0, keys: rows.map((row) => row.key) };
}

function getHyperparamValues(call: Call, body: Body): object {
  return valuesPage(call, body, "tasks", "hyperparams", [requiredText(body, "section"), requiredText(body, "name")]);
}

function getModelMetadataValues(call: Call, body: Body): object {
  return valuesPage(call, body, "models", "metadata", [requiredText(body, "key")]);
}

/** The distinct values of one item, in the order of the numbers in them. */
function valuesPage(call: Call, body: Body, table: string, column: string, names: readonly string[]): object {
  const place = `$${[...names, "value"].map((name) => `.${JSON.stringify(name)}`).join("")}`;
  const test = entitiesOfProjects(call, body);
  const rows = call.db.all<{ value: string | null }>(
    `SELECT DISTINCT CAST(json_extract(map, ?) AS TEXT) AS value FROM ${columnOf(table, column, test)}`,
    place,
    ...test.values,
  );
  const isWanted = matcher(textOf(body, "pattern") ?? "");
  const found = rows.flatMap(({ value }) => (value !== null && isWanted(value) ? [value] : []));
  const { start, size } = pageOf(body);
  const values = inNumericOrder(found).slice(start, start + size);
  return { total: values.length, values };
}

function matcher(pattern: string): (text: string) => boolean {
  try {
    const regexp = compiled(`(?i)${pattern}`);
    return (text) => regexp.test(text);
  } catch (error) {
    throw new ApiFault(400, 21, "Malformed regular expression", { err: messageOf(error), extra_info: null });
  }
}

function getUniqueMetricVariants(call: Call, body: Body): object {
  const ids = textListOf(body, "ids") ?? [];
  const test = joined([entitiesOfProject(call, body), ...(ids.length === 0 ? [] : [isOneOf("id", ids)])], "AND");
  const entities = columnOf(flagOf(body, "model_metrics") ? "models" : "tasks", "last_metrics", test);
  const metrics = call.db.all(
    `SELECT DISTINCT json_extract(variant.value, '$.metric') AS metric, metric.key AS metric_hash,
       json_extract(variant.value, '$.variant') AS variant, variant.key AS variant_hash
     FROM ${entities} AS entity, ${entriesOf("entity.map")} AS metric, ${entriesOf("metric.value")} AS variant
     ORDER BY 1, 3`,
    ...test.values,
  );
  return { metrics };
}

export const PROJECT_LIST_ENDPOINTS: readonly Endpoint[] = [
  read("projects.get_hyper_parameters", getHyperParameters),
  read("projects.get_hyperparam_values", getHyperparamValues),
  read("projects.get_model_metadata_keys", getModelMetadataKeys),
  read("projects.get_model_metadata_values", getModelMetadataValues),
  read("projects.get_unique_metric_variants", getUniqueMetricVariants),
];

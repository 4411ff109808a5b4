import { messageOf } from "../../base/errors.ts";
import { ApiFault } from "../api-fault.ts";
import { flagOf, requiredText, textListOf, textOf } from "../body.ts";
import { type Body, type Call, type Endpoint, read, type Steps } from "../endpoint.ts";
import { isOneOf, joined } from "../store/conditions.ts";
import { compiled } from "../store/patterns.ts";
import { AMONG, distinctRows, inOrder } from "./distinct-rows.ts";
import { entitiesOfProject, entitiesOfProjects, inNumericOrder, pageOf } from "./project-entities.ts";

/**
 * Names and values that the tasks and models of projects have, for columns and filters of tables (clearml-services.md 2.6).
 * Totals count the page that is shown, and nothing ever remains: so it is there.
 */
/** The entries of a map; what is none has no entries. */
const entriesOf = (value: string): string => `json_each(CASE json_type(${value}) WHEN 'object' THEN ${value} ELSE '{}' END)`;

const PARAMETERS = `SELECT DISTINCT section.key AS section, item.key AS name
  FROM tasks, ${entriesOf("hyperparams")} AS section, ${entriesOf("section.value")} AS item WHERE ${AMONG}`;

function* getHyperParameters(call: Call, body: Body): Steps {
  const found = yield* distinctRows<{ section: string; name: string }>(call, "tasks", entitiesOfProject(call, body), PARAMETERS);
  const { start, size } = pageOf(body);
  const parameters = inOrder(found, "section", "name").slice(start, start + size);
  return { total: parameters.length, remaining: 0, parameters };
}

const METADATA_KEYS = `SELECT DISTINCT item.key AS key FROM models, ${entriesOf("metadata")} AS item WHERE ${AMONG}`;

function* getModelMetadataKeys(call: Call, body: Body): Steps {
  const found = yield* distinctRows<{ key: string }>(call, "models", entitiesOfProject(call, body), METADATA_KEYS);
  const { start, size } = pageOf(body);
  const keys = inOrder(found, "key")
    .slice(start, start + size)
    .map((row) => row.key);
  return { total: keys.length, remaining: 0, keys };
}

function getHyperparamValues(call: Call, body: Body): Steps {
  return valuesPage(call, body, "tasks", "hyperparams", [requiredText(body, "section"), requiredText(body, "name")]);
}

function getModelMetadataValues(call: Call, body: Body): Steps {
  return valuesPage(call, body, "models", "metadata", [requiredText(body, "key")]);
}

/** The distinct values of one item, in the order of the numbers in them. */
function* valuesPage(call: Call, body: Body, table: string, column: string, names: readonly string[]): Steps {
  const isWanted = matcher(textOf(body, "pattern") ?? "");
  const place = `$${[...names, "value"].map((name) => `.${JSON.stringify(name)}`).join("")}`;
  const sql = `SELECT DISTINCT CAST(json_extract(${column}, ?) AS TEXT) AS value FROM ${table} WHERE ${AMONG}`;
  const rows = yield* distinctRows<{ value: string | null }>(call, table, entitiesOfProjects(call, body), sql, place);
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

const variantsIn = (table: string): string => `SELECT DISTINCT json_extract(variant.value, '$.metric') AS metric, metric.key AS metric_hash,
    json_extract(variant.value, '$.variant') AS variant, variant.key AS variant_hash
  FROM ${table}, ${entriesOf("last_metrics")} AS metric, ${entriesOf("metric.value")} AS variant WHERE ${AMONG}`;

function* getUniqueMetricVariants(call: Call, body: Body): Steps {
  const ids = textListOf(body, "ids") ?? [];
  const test = joined([entitiesOfProject(call, body), ...(ids.length === 0 ? [] : [isOneOf("id", ids)])], "AND");
  const table = flagOf(body, "model_metrics") ? "models" : "tasks";
  const found = yield* distinctRows<{ metric: string; variant: string }>(call, table, test, variantsIn(table));
  return { metrics: inOrder(found, "metric", "variant") };
}

export const PROJECT_LIST_ENDPOINTS: readonly Endpoint[] = [
  read("projects.get_hyper_parameters", getHyperParameters),
  read("projects.get_hyperparam_values", getHyperparamValues),
  read("projects.get_model_metadata_keys", getModelMetadataKeys),
  read("projects.get_model_metadata_values", getModelMetadataValues),
  read("projects.get_unique_metric_variants", getUniqueMetricVariants),
];

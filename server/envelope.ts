import { newId } from "../base/ids.ts";
import type { ApiFault } from "./api-fault.ts";
import { versionNumber } from "./version.ts";

/** What a request asked for, for the envelope's `meta`. */
export interface RequestedEndpoint {
  readonly name: string;
  /** As in the path, or the server's maximum. */
  readonly version: string;
  /** The first version of the form of the endpoint that answers; undefined: there is no such endpoint. */
  readonly actual: string | undefined;
  readonly trx: string | undefined;
}

/** The answer's text around ready-made `data` (clearml-api.md 1.4). */
export function successEnvelope(endpoint: RequestedEndpoint, dataJson: string): string {
  return `{"meta":${meta(endpoint, 200, 0, "OK")},"data":${dataJson}}`;
}

export function faultEnvelope(endpoint: RequestedEndpoint, fault: ApiFault): string {
  return `{"meta":${meta(endpoint, fault.code, fault.subcode, fault.message)},"data":{}}`;
}

function meta(endpoint: RequestedEndpoint, code: number, subcode: number, message: string): string {
  const id = newId();
  const rest = JSON.stringify({ result_code: code, result_subcode: subcode, result_msg: message, error_stack: null, error_data: {} });
  const head = `"id":"${id}","trx":${JSON.stringify(endpoint.trx ?? id)},"endpoint":${endpointJson(endpoint)}`;
  return `{${head},${rest.slice(1)}`;
}

/** Versions are texts, but numbers with a fraction for those who ask for less than 2.1, and null without an endpoint (clearml-api.md 1.4). */
function endpointJson({ name, version, actual }: RequestedEndpoint): string {
  const write = actual === undefined ? () => "null" : versionNumber(version) < versionNumber("2.1") ? floatJson : JSON.stringify;
  return `{"name":${JSON.stringify(name)},"requested_version":${write(version)},"actual_version":${write(actual ?? "")}}`;
}

function floatJson(version: string): string {
  const number = Number(version);
  return Number.isInteger(number) ? `${number}.0` : String(number);
}

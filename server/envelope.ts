import { newId } from "../base/ids.ts";
import type { ApiFault } from "./api-fault.ts";

/** What a request asked for, for the envelope's `meta`. */
export interface RequestedEndpoint {
  readonly name: string;
  /** As in the path, or the server's maximum. */
  readonly version: string;
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
  return JSON.stringify({
    id,
    trx: endpoint.trx ?? id,
    endpoint: { name: endpoint.name, requested_version: endpoint.version, actual_version: "1.0" },
    result_code: code,
    result_subcode: subcode,
    result_msg: message,
    error_stack: null,
    error_data: {},
  });
}

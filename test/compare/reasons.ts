import type { Difference } from "./difference.ts";
import type { WorkerName } from "./workers.ts";

/** Why a field may differ from the same task run by our agent as a process. */
interface Reason {
  readonly workers: RegExp;
  readonly fields: RegExp;
  readonly why: string;
}

export const REASONS: readonly Reason[] = [
  {
    workers: /^clearml-agent/,
    fields: /^task\.script\.requirements\./,
    why: "clearml-agent replaces what was requested by what it found installed and keeps the former as `org_pip`; Windlass leaves the request as it is",
  },
  {
    workers: /./,
    fields: /^task\.configuration\.windlass\.installed\./,
    why: "what Windlass installed stands in this configuration, of the first task that built the environment only",
  },
  {
    workers: /./,
    fields: /^task\.runtime\.windlass_(environment|image)$/,
    why: "the environment and the image that Windlass used, for whoever looks for them",
  },
  {
    workers: /^clearml-agent/,
    fields: /^task\.runtime\._exec_agent_hostname$/,
    why: "clearml-agent names its host; with Windlass `last_worker` and the SDK's `runtime.hostname` say it",
  },
  {
    workers: /./,
    fields: /^task\.status_(message|reason)$/,
    why: "Windlass gives the cause and where the time went; clearml-agent names itself",
  },
  { workers: /docker$/, fields: /^task\.runtime\.python_version$/, why: "the image has a Python of its own" },
  {
    workers: /^clearml-agent, docker$/,
    fields: /^task\.container\./,
    why: "clearml-agent writes the image that it took into a task that named none",
  },
];

export function reasonFor(worker: WorkerName, { field }: Difference): string | undefined {
  return REASONS.find(({ workers, fields }) => workers.test(worker) && fields.test(field))?.why;
}

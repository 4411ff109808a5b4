import { z } from "zod";
import { parseBytes, parseDurationMs } from "../base/units.ts";
import type { Amount } from "./disk/disk-limits.ts";
import { GPU, SLOTS } from "./setting-rules.ts";

/** What a person writes into agent.config.yaml: strict, so that a mistyped key is told and not ignored. */
const duration = z.union([z.string(), z.number()]).transform((text, context) => converted(text, parseDurationMs, context));
const size = z.union([z.string(), z.number()]).transform((text, context) => converted(text, parseBytes, context));
const amount = z.union([z.string(), z.number()]).transform((text, context) => converted(text, parseAmount, context));
const parameters = z.enum(["auto", "sdk", "arguments"]);
const taskAccess = z.enum(["any-task", "own-task"]);

/** `20g`, or a share of the disk: `50%`. */
export function parseAmount(text: string | number): Amount {
  const percent = /^\s*(\d+(?:\.\d+)?)\s*%\s*$/.exec(String(text))?.[1];
  return percent === undefined ? { bytes: parseBytes(text) } : { share: Number(percent) / 100 };
}

function converted<T>(text: string | number, convert: (text: string | number) => T, context: z.RefinementCtx): T {
  try {
    return convert(text);
  } catch (error) {
    context.addIssue({ code: "custom", message: error instanceof Error ? error.message : String(error) });
    return z.NEVER;
  }
}

export const configFileSchema = z.strictObject({
  server: z
    .strictObject({
      api: z.url().nullish(),
      files: z.url().nullish(),
      web: z.url().nullish(),
      access_key: z.string().nullish(),
      secret_key: z.string().nullish(),
    })
    .prefault({}),
  agent: z
    .strictObject({
      name: z.string().nullish(),
      queues: z.array(z.string().trim().min(1)).default([]),
      create_queue: z.boolean().default(false),
      order_fairness: z.boolean().default(false),
      slots: z.int().min(SLOTS.min).max(SLOTS.max).default(1),
      gpus: z
        .union([z.enum(["all", "none"]), z.array(z.union([z.string(), z.number()]).transform(String).pipe(z.string().regex(GPU)))])
        .default("all"),
      state: z.string().nullish(),
      poll_interval: duration.prefault("1s"),
      heartbeat: duration.prefault("30s"),
      drain_deadline: duration.prefault("24h"),
      drain_action: z.enum(["abort", "hand-back", "leave"]).default("abort"),
      keep_runs: duration.prefault("1d"),
      metrics_port: z.int().min(0).max(65_535).nullish(),
      metrics_host: z.string().default("127.0.0.1"),
    })
    .prefault({}),
  log: z
    .strictObject({
      level: z.enum(["debug", "info", "warn", "error"]).default("info"),
      format: z.enum(["auto", "text", "json"]).default("auto"),
    })
    .prefault({}),
  run: z
    .strictObject({
      time_limit: duration.nullish(),
      grace: duration.prefault("10s"),
      parameters: parameters.default("auto"),
      task_access: taskAccess.default("any-task"),
      requeue_limit: z.int().min(0).max(100).default(2),
      on_lost: z.enum(["fail", "requeue"]).default("fail"),
      environment: z.record(z.string(), z.coerce.string()).default({}),
    })
    .prefault({}),
  queues: z
    .record(
      z.string(),
      z.strictObject({ parameters: parameters.optional(), time_limit: duration.optional(), task_access: taskAccess.optional() }),
    )
    .default({}),
  docker: z
    .strictObject({
      enabled: z.boolean().default(false),
      host: z.string().nullish(),
      image: z.string().nullish(),
      arguments: z.string().default(""),
      extra_arguments: z.string().default(""),
      forbidden_arguments: z.array(z.string()).default(["--privileged"]),
      pull: z.enum(["missing", "always"]).default("missing"),
      environment: z.enum(["built", "image"]).default("built"),
    })
    .prefault({}),
  process: z
    .strictObject({ setup_script: z.enum(["skip", "run"]).default("skip"), python: z.string().nullish(), memory_limit: size.nullish() })
    .prefault({}),
  git: z
    .strictObject({
      user: z.string().nullish(),
      password: z.string().nullish(),
      host: z.string().nullish(),
      timeout: duration.prefault("30m"),
    })
    .prefault({}),
  network: z.strictObject({ ca_bundle: z.string().nullish() }).prefault({}),
  environments: z.strictObject({ max_age: duration.nullish() }).prefault({}),
  janitor: z.strictObject({ enabled: z.boolean().default(false), every: duration.prefault("10m") }).prefault({}),
  disk: z
    .strictObject({
      budget: amount.nullable().prefault("50%"),
      keep_free: amount.nullish(),
      max_age: duration.nullable().prefault("30d"),
      schedule: z.string().nullable().default("0 3 * * *"),
    })
    .prefault({}),
  secrets: z.array(z.string()).default([]),
});

export type ConfigFile = z.infer<typeof configFileSchema>;

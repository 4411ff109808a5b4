import { createHash } from "node:crypto";

/** A name as one part of a path, as the official SDK writes it (task-class.md D3). */
export function partOf(name: string): string {
  const safe = name.replaceAll("/", ".slash.").replace(/[#"';?:@&=+$,%!\r\n]/g, (mark) => `0x${mark.charCodeAt(0).toString(16)}`);
  return safe.length <= 250 ? safe : createHash("md5").update(safe).digest("hex");
}

/** The folder of a task below any root: `project/name.id`. */
export function taskFolder(project: string, name: string, id: string): string {
  const task = `${partOf(name).slice(0, 128 - id.length - 1)}.${id}`;
  return [...project.slice(0, 256).split("/").map(partOf), task].filter((part) => part !== "" && part !== "..").join("/");
}

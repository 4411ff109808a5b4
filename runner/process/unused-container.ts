import type { RunContext } from "../engine.ts";

/** What a task asks of a container is not there for a process; nobody should have to find that out by looking. */
export async function sayContainerIsUnused({ task, console }: Pick<RunContext, "task" | "console">): Promise<void> {
  const image = (task.container.image ?? "").trim();
  const flags = [task.container.arguments ?? []].flat().join(" ").trim();
  const asked = [...(image === "" ? [] : [`the image ${image}`]), ...(flags === "" ? [] : [`the container arguments ${flags}`])];
  if (asked.length === 0) return;
  const they = asked.length === 1 && image !== "" ? "it is" : "they are";
  await console.say(`the task asks for ${asked.join(" and ")}; this agent runs tasks as processes (no --docker), so ${they} not used`);
}

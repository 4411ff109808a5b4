import type Docker from "dockerode";

/** docker-modem's own call, of which dockerode's types say nothing. */
interface Modem {
  dial(options: object, done: (error: unknown, stream: NodeJS.ReadableStream) => void): void;
}

/**
 * The exit code of a container, running or ended. dockerode's own `wait` never settles when the engine goes away in the
 * middle of its answer, which it begins at once; read as a stream the break is an error. Throws the engine's error, 404 included.
 */
export async function waitForExit(container: Docker.Container): Promise<number> {
  const stream = await new Promise<NodeJS.ReadableStream>((resolve, reject) => {
    const options = {
      path: `/containers/${container.id}/wait`,
      method: "POST",
      isStream: true,
      statusCodes: { 200: true, 400: "bad parameter", 404: "no such container", 500: "server error" },
    };
    (container.modem as Modem).dial(options, (error, answer) => (error === null ? resolve(answer) : reject(error as Error)));
  });
  let text = "";
  for await (const chunk of stream) text += chunk.toString();
  return (JSON.parse(text) as { StatusCode: number }).StatusCode;
}

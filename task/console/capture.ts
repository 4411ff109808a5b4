import { StringDecoder } from "node:string_decoder";

type Write = typeof process.stdout.write;

export interface CaptureOptions {
  readonly stdout: boolean;
  readonly stderr: boolean;
  /** What was written, decoded; it may throw without harm. */
  readonly onText: (level: "info" | "error", text: string) => void;
}

/** Listens to what the program writes to its streams. The streams do what they always did; returns how to stop listening. */
export function captureStreams({ stdout, stderr, onText }: CaptureOptions): () => void {
  const undo = [
    ...(stdout ? [listen(process.stdout, (text) => onText("info", text))] : []),
    ...(stderr ? [listen(process.stderr, (text) => onText("error", text))] : []),
  ];
  return () => {
    for (const stop of undo) stop();
  };
}

function listen(stream: NodeJS.WriteStream, onText: (text: string) => void): () => void {
  const original = stream.write;
  const decoder = new StringDecoder("utf8");
  const listening = function (this: NodeJS.WriteStream, chunk: unknown, ...rest: unknown[]): boolean {
    try {
      const text = textOf(chunk, rest[0], decoder);
      if (text !== "") onText(text);
    } catch {
      // Whatever is wrong here, the program prints.
    }
    return original.call(stream, chunk as string, ...(rest as [])) as boolean;
  } as Write;
  stream.write = listening;
  return () => {
    // Somebody else may have put something over it meanwhile: then that stays, and what it calls is only the original.
    if (stream.write === listening) stream.write = original;
  };
}

function textOf(chunk: unknown, encoding: unknown, decoder: StringDecoder): string {
  if (chunk instanceof Uint8Array) return decoder.write(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
  if (typeof chunk !== "string") return "";
  const isBytes = typeof encoding === "string" && /^(hex|base64|base64url|latin1|binary)$/.test(encoding);
  return isBytes ? decoder.write(Buffer.from(chunk, encoding as BufferEncoding)) : chunk;
}

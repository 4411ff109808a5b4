import { extname } from "node:path";

const BY_EXTENSION: Readonly<Record<string, string>> = {
  ".bin": "application/octet-stream",
  ".csv": "text/csv",
  ".gif": "image/gif",
  ".gz": "application/gzip",
  ".html": "text/html",
  ".jpeg": "image/jpeg",
  ".jpg": "image/jpeg",
  ".js": "text/javascript",
  ".json": "application/json",
  ".md": "text/markdown",
  ".mp4": "video/mp4",
  ".npz": "application/numpy",
  ".pdf": "application/pdf",
  ".png": "image/png",
  ".py": "text/x-python",
  ".svg": "image/svg+xml",
  ".tar": "application/x-tar",
  ".txt": "text/plain",
  ".wav": "audio/x-wav",
  ".yaml": "application/yaml",
  ".yml": "application/yaml",
  ".zip": "application/zip",
};

/** What a file is, by its name. */
export const contentTypeOf = (name: string): string => BY_EXTENSION[extname(name).toLowerCase()] ?? "application/octet-stream";

import { isPlain } from "./flatten.ts";

/** Told about each value that is set; returns the one that is kept. */
export type OnSet = (path: string, value: unknown) => unknown;

/** The same object, telling what is set in it and in its inner objects. Instances of classes stay as they are: a proxy would hide their private fields. */
export function connected<T extends object>(target: T, onSet: OnSet, prefix = ""): T {
  if (!isPlain(target)) return target;
  const inner = new Map<object, object>();
  return new Proxy(target, {
    get(object, name, receiver) {
      const value: unknown = Reflect.get(object, name, receiver);
      if (typeof name !== "string" || !isPlain(value)) return value;
      const proxy = inner.get(value) ?? connected(value, onSet, `${prefix}${name}/`);
      inner.set(value, proxy);
      return proxy;
    },
    set(object, name, value: unknown) {
      const kept = typeof name === "string" && !name.startsWith("_") ? onSet(`${prefix}${name}`, value) : value;
      return Reflect.set(object, name, kept);
    },
  });
}

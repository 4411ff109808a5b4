import { statfs } from "node:fs/promises";

/** File systems that several machines may have mounted at once, by their numbers in statfs(2). */
const SHARED: Readonly<Record<string, number>> = {
  nfs: 0x6969,
  smb: 0x517b,
  cifs: 0xff534d42,
  smb2: 0xfe534d42,
  "9p": 0x01021997,
  fuse: 0x65735546,
  ceph: 0x00c36400,
  lustre: 0x0bd00bd0,
  gpfs: 0x47504653,
  gfs2: 0x01161970,
  ocfs2: 0x7461636f,
  beegfs: 0x19830326,
  afs: 0x5346414f,
};
const NUMBERS: ReadonlySet<number> = new Set(Object.values(SHARED));

/** Whether a folder may be in use by another machine at this moment; a disk of this machine is not. */
export async function mayBeShared(folder: string): Promise<boolean> {
  return isSharedType((await statfs(folder)).type);
}

/** `type` as statfs(2) gives it, signed or not. */
export const isSharedType = (type: number): boolean => NUMBERS.has(type >>> 0);
